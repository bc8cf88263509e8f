/** Coil sensitivities from the calibration region. The fully sampled reference is never used. @module */
import {
  add,
  clip,
  constant,
  div,
  matMul,
  max,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  sqrt,
  sub,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { adaptiveVectors } from "./adaptive.ts";
import { type CoarseMaps, compileVectors, espiritKernel, gridPixels } from "./espirit.ts";
import { percentile } from "../metrics/percentile.ts";

/** Part of the calibration image's 99th percentile above which a pixel shows the object. */
const OBJECT_LEVEL = 0.15;

/** Object pixels (per cent) that may fall below the automatic crop. Chosen on simulated slices. */
const CROP_PERCENTILE = 0.5;

/** The crop is never above this eigenvalue: what exceeds it is object by any standard. */
const MAX_CROP = 0.98;

/** Width of the soft step from no weight to full weight, below the crop: empirical. */
const CROP_WIDTH = 0.02;

const TINY = 1e-12;

/**
 * Eigenvalue at which maps are cropped: as high as the calibration image allows without losing the
 * object. The object is where that image exceeds the level that also defines the head in metrics.
 * @param image magnitude of the calibration image `[H, W]`
 */
function automaticCrop({ eigenvalues }: CoarseMaps, { data, shape }: NdArray): number {
  const [height, width] = shape;
  const level = OBJECT_LEVEL * percentile(data, 99);
  const columns = gridPixels(width);
  const inside = gridPixels(height).flatMap((row, i) =>
    columns.flatMap((column, j) =>
      data[row * width + column] > level ? [eigenvalues.data[i * columns.length + j]] : []
    )
  );
  return inside.length === 0 ? 0 : Math.min(MAX_CROP, percentile(inside, CROP_PERCENTILE));
}

/** Weights of Keys' cubic convolution (1981), from grid pixels to every pixel of an axis. */
function cubicInterpolation(length: number): NdArray {
  const pixels = gridPixels(length);
  const step = pixels[1] ?? 1;
  const data = new Float32Array(length * pixels.length);
  for (let r = 0; r < length; r++) {
    const base = Math.floor(r / step);
    const t = r / step - base;
    for (let tap = -1; tap <= 2; tap++) {
      const at = Math.min(pixels.length - 1, Math.max(0, base + tap));
      data[r * pixels.length + at] += keys(Math.abs(tap - t));
    }
  }
  return { data, shape: [length, pixels.length] };
}

function keys(x: number): number {
  if (x <= 1) return 1.5 * x ** 3 - 2.5 * x ** 2 + 1;
  return x < 2 ? -0.5 * x ** 3 + 2.5 * x ** 2 - 4 * x + 2 : 0;
}

/** Interpolates `[..., h, w]` to `[..., H, W]`. */
function interpolate(x: Tensor, height: number, width: number): Tensor {
  const overRows = matMul(constant(cubicInterpolation(height)), x);
  return matMul(overRows, swapLastAxes(constant(cubicInterpolation(width))));
}

/** How maps are made from the calibration region. */
export type Calibration = "espirit" | "adaptive";

/**
 * The part of the calibration inside the graph that has the calibration region; {@link compileMaps} does
 * the rest.
 * @param calibration k-space about the centre `[C, 2, a, b]`, both axes transformed
 * @param sigma noise of the samples per real and imaginary part, `[1, 1]`
 * @param size H and W of the image
 */
export function calibrationOutputs(
  how: Calibration,
  calibration: Tensor,
  sigma: Tensor,
  size: readonly [number, number],
): Readonly<Record<string, Tensor>> {
  return how === "espirit"
    ? espiritKernel(calibration, sigma)
    : adaptiveVectors(calibration, sigma, size);
}

/** Maps `[C, 2, H, W]` from {@link calibrationOutputs} and the magnitude of the calibration image. */
export type MapsFrom = (
  outputs: Readonly<Record<string, NdArray>>,
  image: NdArray,
) => Promise<NdArray>;

/** Compiles {@link MapsFrom}. */
export async function compileMaps(
  runtime: Runtime,
  how: Calibration,
  coils: number,
  size: readonly [number, number],
): Promise<MapsFrom> {
  const vectorsOf = how === "espirit" ? await compileVectors(runtime, coils, size) : undefined;
  const crop = await compileCrop(runtime, coils, size);
  return async (outputs, image) => {
    const { vectors, eigenvalues } = await vectorsOf?.(outputs) ?? outputs;
    const level = Float32Array.of(automaticCrop({ vectors, eigenvalues }, image));
    const { maps } = await crop.run({ vectors, eigenvalues, crop: ndarray(level, [1, 1]) });
    return maps;
  };
}

/**
 * Coil sensitivities of an image, cropped softly to the object.
 * @param how ESPIRiT, or the cheaper adaptive combination
 * @param calibration k-space about the centre `[C, 2, a, b]`, both axes transformed
 * @param image magnitude of the calibration image `[H, W]`
 * @param sigma noise of the samples per real and imaginary part
 * @returns maps `[C, 2, H, W]`, sum of squares 1 within the object and 0 outside
 */
export async function calibratedMaps(
  runtime: Runtime,
  how: Calibration,
  calibration: NdArray,
  image: NdArray,
  sigma: number,
): Promise<NdArray> {
  const [height, width] = image.shape;
  const program = await runtime.build<string, string>(
    { calibration: calibration.shape, sigma: [1, 1] },
    ({ calibration, sigma }) => calibrationOutputs(how, calibration, sigma, [height, width]),
  );
  const level = ndarray(Float32Array.of(sigma), [1, 1]);
  const outputs = await program.run({ calibration, sigma: level });
  const mapsFrom = await compileMaps(runtime, how, calibration.shape[0], [height, width]);
  return await mapsFrom(outputs, image);
}

/** Interpolates the grid to all pixels and fades the maps out where eigenvalues are below the crop. */
function compileCrop(runtime: Runtime, coils: number, [height, width]: readonly [number, number]) {
  const grid = [gridPixels(height).length, gridPixels(width).length];
  return runtime.build(
    { vectors: [coils, 2, ...grid], eigenvalues: grid, crop: [1, 1] },
    ({ vectors, eigenvalues, crop }) => {
      const fine = interpolate(vectors, height, width);
      const norm = sqrt(reduceSum(mul(fine, fine), [0, 1], { keepDims: true }));
      const values = interpolate(eigenvalues, height, width);
      const ramp = clip(add(div(sub(values, crop), CROP_WIDTH), 1), 0, 1);
      const weight = reshape(mul(mul(ramp, ramp), sub(3, mul(ramp, 2))), [1, 1, height, width]);
      return { maps: mul(div(fine, max(norm, TINY)), weight) };
    },
  );
}
