/** Coil sensitivities from the calibration region. The fully sampled reference is never used. @module */
import {
  add,
  clip,
  concat,
  constant,
  div,
  matMul,
  max,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { asBatch, type NdArray, ndarray, onlyOf, stack } from "../../ndarray.ts";
import { adaptiveVectors } from "./adaptive.ts";
import { type CoarseMaps, compileVectors, espiritKernel, gridPixels } from "./espirit.ts";
import { percentile } from "../metrics/percentile.ts";
import { combineFactor, factorOf, mulFactor } from "../physics/complex.ts";
import { compileTwoSets } from "./espirit_sets.ts";

/** Part of the calibration image's 99th percentile above which a pixel shows the object. */
const OBJECT_LEVEL = 0.15;

/** Object pixels (per cent) that may fall below the automatic crop. Chosen on simulated slices. */
const CROP_PERCENTILE = 0.5;

/** The crop is never above this eigenvalue: what exceeds it is object by any standard. */
const MAX_CROP = 0.98;

/** Eigenvalue of full weight, and the width of the soft step from no weight to it. */
interface Crop {
  readonly level: number;
  readonly width: number;
}

/** Width of the step of the first set: empirical. */
const CROP_WIDTH = 0.02;

/**
 * Of the second set: a wide step, as few calibration lines blur its eigenvalues. Of steps from 0.5 to 0.98
 * and widths of 0.02 and 0.2 on four folded validation slices this one was within 0.2 dB of the best for
 * each; a narrow one lost 2 dB on one of them.
 */
const SECOND_CROP: Crop = { level: 0.95, width: 0.2 };

const TINY = 1e-12;

/**
 * Second eigenvalue that shows two sensitivities in a pixel, and the part of the object's pixels that
 * must have it. On six validation slices within the field of view (8 coils from 24 lines, 12 from 16) the
 * second eigenvalue was at most 0.77, but for an object that touches the edge: 0.3 % above 0.9. Folded
 * slices with less than 5 % lost up to 0.6 dB or gained as much by a second set, those with more
 * gained up to 5 dB.
 */
const TWO_SETS = { eigenvalue: 0.9, part: 0.03 } as const;

/**
 * Noise, relative to bright tissue, above which second eigenvalues say what they should. With less of it
 * whatever a window of k-space cuts off counts as signal: drawn heads of one set then seemed to have two
 * (noise 0.0005 to 0.005, 4 to 16 coils), which cost 2 to 29 dB.
 */
const SURE_NOISE = 0.02;

/**
 * The values of the grid where the object is: where the calibration image exceeds the level that also
 * defines the head in metrics.
 * @param values of the grid `[h, w]`
 * @param image magnitude of the calibration image `[H, W]`
 */
function withinObject(values: NdArray, { data, shape }: NdArray): number[] {
  const [height, width] = shape;
  const level = OBJECT_LEVEL * percentile(data, 99);
  const columns = gridPixels(width);
  return gridPixels(height).flatMap((row, i) =>
    columns.flatMap((column, j) =>
      data[row * width + column] > level ? [values.data[i * columns.length + j]] : []
    )
  );
}

/**
 * Eigenvalue at which maps are cropped: as high as the calibration image allows without losing the
 * object.
 */
function automaticCrop({ eigenvalues }: CoarseMaps, image: NdArray): Crop {
  const inside = withinObject(eigenvalues, image);
  const level = inside.length === 0 ? 0 : Math.min(MAX_CROP, percentile(inside, CROP_PERCENTILE));
  return { level, width: CROP_WIDTH };
}

/** Whether second eigenvalues say that one set of maps does not explain the object. */
function seemsFolded({ seconds }: CoarseMaps, image: NdArray): boolean {
  if (seconds === undefined) return false;
  const inside = withinObject(seconds, image);
  const two = inside.filter((value) => value > TWO_SETS.eigenvalue);
  return two.length > TWO_SETS.part * inside.length;
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
    ? { ...espiritKernel(calibration, sigma), region: calibration }
    : adaptiveVectors(calibration, sigma, size);
}

/** How many sets of coil maps there are; `auto`: two where the object is folded onto itself. */
export type MapSets = "auto" | 1 | 2;

/**
 * Maps `[S, C, 2, H, W]` from {@link calibrationOutputs} and the magnitude of the calibration image.
 * @param sets default 1
 */
export type MapsFrom = (
  outputs: Readonly<Record<string, NdArray>>,
  image: NdArray,
  sets?: MapSets,
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
  const cropped = async ({ vectors, eigenvalues }: CoarseMaps, { level, width }: Crop) => {
    const numbers = { level: number(level), width: number(width) };
    return (await crop.run({ vectors, eigenvalues, ...numbers })).maps;
  };
  let two: ReturnType<typeof compileTwo> | undefined;
  let kernelOf: ReturnType<typeof compileKernel> | undefined;
  const surely = async ({ region }: Readonly<Record<string, NdArray>>) =>
    await vectorsOf!(await (await (kernelOf ??= compileKernel(runtime, region))).run({ region }));
  return async (outputs, image, sets = 1) => {
    const { vectors, eigenvalues, seconds } = await vectorsOf?.(outputs) ?? outputs;
    const one: CoarseMaps = { vectors, eigenvalues, seconds };
    const firstCrop = automaticCrop(one, image);
    const isTwo = sets === 2 ||
      (sets === "auto" && seemsFolded(one, image) && seemsFolded(await surely(outputs), image));
    if (vectorsOf === undefined || coils === 1 || !isTwo) {
      return asBatch(await cropped(one, firstCrop));
    }
    const { setsOf, orthogonal } = await (two ??= compileTwo(runtime, coils, size));
    const [first, second] = await setsOf(outputs, eigenvalues, firstCrop.level - firstCrop.width);
    const both = [await cropped(first, firstCrop), await cropped(second, SECOND_CROP)];
    return (await orthogonal.run({ maps: stack(both) })).orthogonal;
  };
}

/** {@link espiritKernel} as if the noise were {@link SURE_NOISE}. */
const compileKernel = (runtime: Runtime, { shape }: NdArray) =>
  runtime.build(
    { region: shape },
    ({ region }) => ({ ...espiritKernel(region, constant(number(SURE_NOISE))) }),
  );

const number = (value: number) => ndarray(Float32Array.of(value), [1, 1]);

/** What two sets are made with: interpolation leaves those of a pixel not quite orthogonal. */
async function compileTwo(runtime: Runtime, coils: number, size: readonly [number, number]) {
  return {
    setsOf: await compileTwoSets(runtime, coils, size),
    orthogonal: await runtime.build({ maps: [2, coils, 2, ...size] }, ({ maps }) => {
      const [first, second] = [0, 1].map((set) => slice(maps, 0, set, set + 1));
      const factor = factorOf(first);
      const shared = mulFactor(factor, combineFactor(factor, second, 1));
      return { orthogonal: concat([first, sub(second, shared)], 0) };
    }),
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
  return onlyOf(await mapsFrom(outputs, image));
}

/** Interpolates the grid to all pixels and fades the maps out where eigenvalues are below the crop. */
function compileCrop(runtime: Runtime, coils: number, [height, width]: readonly [number, number]) {
  const grid = [gridPixels(height).length, gridPixels(width).length];
  return runtime.build(
    { vectors: [coils, 2, ...grid], eigenvalues: grid, level: [1, 1], width: [1, 1] },
    ({ vectors, eigenvalues, level, width: step }) => {
      const fine = interpolate(vectors, height, width);
      const norm = sqrt(reduceSum(mul(fine, fine), [0, 1], { keepDims: true }));
      const values = interpolate(eigenvalues, height, width);
      const ramp = clip(add(div(sub(values, level), step), 1), 0, 1);
      const weight = reshape(mul(mul(ramp, ramp), sub(3, mul(ramp, 2))), [1, 1, height, width]);
      return { maps: mul(div(fine, max(norm, TINY)), weight) };
    },
  );
}
