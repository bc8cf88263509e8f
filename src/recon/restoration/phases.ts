/** What phase retrieval needs beside a sampler: a start, a choice between samples, and the right way up. @module */
import { hybridInputOutput } from "../../classical/hio.ts";
import { mul, pad, reduceSum, reshape, type Runtime, sub, type Tensor } from "../../graph/mod.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { RunControl } from "../../method/problem.ts";
import { complexMul, conjugate, realPart } from "../../mri/physics/complex.ts";
import { dft2 } from "../../mri/physics/dft.ts";
import { asBatch, type NdArray, ndarray, partOf, zeros } from "../../ndarray.ts";
import type { Rng } from "../../rng.ts";

/** Trials of hybrid input-output, of which the best is where the sampler starts. */
const TRIALS = 4;

/** The image that a sampler starts from, `[1, 2, H, W]`. */
export function phaseStart(
  runtime: Runtime,
  { image }: Pick<Measurement, "image">,
  { y, positive }: { readonly y: NdArray; readonly positive: boolean },
  rng: Rng,
  control: RunControl,
): Promise<NdArray> {
  return hybridInputOutput(runtime, y, { image, positive, trials: TRIALS }, rng, control);
}

/**
 * Of samples `[samples, 2, H, W]` the one that explains the data best. Samples may differ by what the
 * magnitudes do not tell (a half turn, the place), so that their mean would be none.
 */
export async function bestOf(
  runtime: Runtime,
  { operator }: Measurement,
  drawn: NdArray,
  y: NdArray,
): Promise<NdArray> {
  const shape = [1, ...drawn.shape.slice(1)];
  const program = await runtime.build({ x: shape, y: y.shape }, ({ x, y }) => {
    const error = sub(operator({}, 1).forward(x), y);
    return { residual: reduceSum(mul(error, error)) };
  });
  let best = { residual: Infinity, image: partOf(drawn, 0) };
  for (let sample = 0; sample < drawn.shape[0]; sample++) {
    const image = partOf(drawn, sample);
    const { residual: { data: [residual] } } = await program.run({ x: asBatch(image), y });
    if (residual < best.residual) best = { residual, image };
  }
  return best.image;
}

/**
 * Magnitudes do not tell a picture from one that is moved within its frame, turned by half, or both: the
 * one of these that lies on the given picture, so that they can be compared.
 * @param found `[1, 2, H, W]`, its sign as it may be
 * @param given of the same shape
 */
export async function laidOn(runtime: Runtime, found: NdArray, given: NdArray): Promise<NdArray> {
  const [, , height, width] = found.shape;
  const padded = (x: Tensor) => pad(x, [0, 0, 0, 0, 0, 0, height, width]);
  const program = await runtime.build({ x: found.shape, g: found.shape }, ({ x, g }) => {
    const [X, G] = [x, g].map((image) => dft2(padded(image), "forward"));
    const overlap = realPart(dft2(complexMul(conjugate(X), G), "inverse"));
    return { overlap: reshape(overlap, [2 * height, 2 * width]) };
  });
  let best = { overlap: -Infinity, image: found };
  for (const image of [found, halfTurn(found)]) {
    const { overlap: { data } } = await program.run({ x: image, g: given });
    const at = data.reduce(
      (most, value, i) => Math.abs(value) > Math.abs(data[most]) ? i : most,
      0,
    );
    const overlap = Math.abs(data[at]);
    if (overlap <= best.overlap) continue;
    // The transform is centred: no shift is in the middle.
    const shift = [Math.floor(at / (2 * width)) - height, at % (2 * width) - width];
    best = { overlap, image: moved(image, shift, Math.sign(data[at])) };
  }
  return best.image;
}

function halfTurn({ data, shape }: NdArray): NdArray {
  const size = shape[2] * shape[3];
  return ndarray(data.map((_, i) => data[i - 2 * (i % size) + size - 1]), shape);
}

/** The image moved down and to the right, zero where nothing comes in. */
function moved({ data, shape }: NdArray, [down, right]: number[], sign: number): NdArray {
  const [, , height, width] = shape, out = zeros(shape);
  data.forEach((value, i) => {
    const row = Math.floor(i / width) % height + down, column = i % width + right;
    if (row < 0 || row >= height || column < 0 || column >= width) return;
    out.data[(Math.floor(i / (height * width)) * height + row) * width + column] = sign * value;
  });
  return out;
}
