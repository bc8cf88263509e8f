/** Heads with planted lesions: real ones, in the data, and invented ones, which only the image has. */
import type { Runtime } from "../src/graph/mod.ts";
import { add, constantOf, mul } from "../src/graph/mod.ts";
import { headMask } from "../src/mri/metrics/head_mask.ts";
import { percentile } from "../src/mri/metrics/percentile.ts";
import { mriMeasurement } from "../src/method/measurement.ts";
import { regularisedInverse } from "../src/mri/physics/proximal.ts";
import type { Problem, SamplingGeometry } from "../src/method/problem.ts";
import type { Denoiser } from "../src/nn/mod.ts";
import { magnitudeOf, type NdArray, ndarray } from "../src/ndarray.ts";
import { Preparation } from "../src/recon/prepare.ts";
import { simulatedKspace } from "../src/recon/simulated.ts";
import { Rng } from "../src/rng.ts";
import { maskOf, SIZE, smallImage } from "./audit_cases.ts";

/** A case. */
export interface AddedCase {
  readonly volume: string;
  readonly mask: string;
  /** Noise relative to bright tissue. */
  readonly noise: number;
  readonly coils: number;
  readonly seed: number;
}

/** A dot or a line. */
export interface Lesion {
  readonly kind: "dot" | "line";
  /** Its pixels, as places in the image of the problem `[H, W]`. */
  readonly pixels: readonly number[];
  /** Contrast relative to bright tissue, of either sign. */
  readonly contrast: number;
}

/** An acquisition. */
export interface Planted {
  readonly geometry: SamplingGeometry;
  readonly problem: Problem;
}

/** Pixels between a lesion and others, and the edge of the head. */
const APART = 20, FROM_EDGE = 7;

/** Dots and lines, in turn, within the head. */
export function drawLesions(truth: NdArray, count: number, rng: Rng): Lesion[] {
  const head = headMask(truth), bright = percentile(truth.data, 99);
  const inside = (y: number, x: number) => head[y * SIZE + x] === 1;
  const places: [number, number][] = [];
  const lesions: Lesion[] = [];
  for (let tries = 0; lesions.length < count && tries < 5000; tries++) {
    const [y, x] = [rng.integer(SIZE), rng.integer(SIZE)];
    const d = FROM_EDGE;
    const around = [[0, 0], [-d, 0], [d, 0], [0, -d], [0, d], [-d, -d], [d, d], [-d, d], [d, -d]];
    if (!around.every(([dy, dx]) => inside(y + dy, x + dx))) continue;
    if (places.some(([py, px]) => Math.hypot(py - y, px - x) < APART)) continue;
    const kind = lesions.length % 2 === 0 ? "dot" : "line";
    const long = kind === "dot" ? 2 + rng.integer(3) : 3 + rng.integer(4);
    const wide = kind === "dot" ? long : 1 + rng.integer(2);
    const [rows, columns] = rng.uniform() < 0.5 ? [long, wide] : [wide, long];
    const pixels: number[] = [];
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) pixels.push((y + r) * SIZE + x + c);
    }
    // Dark ones only where there is something to take away.
    const least = Math.min(...pixels.map((p) => truth.data[p])) / bright;
    const size = rng.between(0.25, 0.5);
    const contrast = least > size && rng.uniform() < 0.4 ? -size : size;
    places.push([y, x]);
    lesions.push({ kind, pixels, contrast });
  }
  return lesions;
}

/** The noiseless magnitude of a case, in the order of the problem. */
export async function truthOf({ volume, seed }: AddedCase, data: string): Promise<NdArray> {
  using image = await smallImage(`${data}/${volume}`, seed);
  return turned(magnitudeOf(await image.readSlice(0)));
}

function turned({ data }: NdArray): NdArray {
  const out = data.map((_, i) => data[(i % SIZE) * SIZE + Math.floor(i / SIZE)]);
  return ndarray(out, [SIZE, SIZE]);
}

/** Simulates a case, of the head with lesions. */
export async function acquire(
  runtime: Runtime,
  { volume, mask: text, noise, coils, seed }: AddedCase,
  lesions: readonly Lesion[],
  data: string,
): Promise<Planted> {
  const file = await smallImage(`${data}/${volume}`, seed);
  const whole = await file.readSlice(0), bright = percentile(magnitudeOf(whole).data, 99);
  for (const { pixels, contrast } of lesions) {
    for (const p of pixels) {
      whole.data[(p % SIZE) * SIZE + Math.floor(p / SIZE)] += contrast * bright;
    }
  }
  const image = { ...file, readSlice: () => Promise.resolve(whole) };
  using kspace = await simulatedKspace(runtime, image, { coils, noise, seed });
  const mask = maskOf(text, kspace);
  const preparation = new Preparation(runtime, { coils, mask, full: true });
  const { problem } = await preparation.slice(await kspace.readSlice(0), { kind: "espirit" });
  return { geometry: { coils, height: kspace.height, width: kspace.width, mask }, problem };
}

/** Lesions with the phase of an image, `[2, H, W]`. */
export function lesionImage(image: NdArray, lesions: readonly Lesion[]): NdArray {
  const plane = SIZE * SIZE, out = new Float32Array(2 * plane);
  const bright = percentile(magnitudeOf(image).data, 99);
  for (const { pixels, contrast } of lesions) {
    let re = 0, im = 0;
    for (const p of pixels) {
      re += image.data[p];
      im += image.data[plane + p];
    }
    const size = Math.hypot(re, im) || 1;
    for (const p of pixels) {
      out[p] += contrast * bright * re / size;
      out[plane + p] += contrast * bright * im / size;
    }
  }
  return ndarray(out, [2, SIZE, SIZE]);
}

/**
 * The part of lesions that the data do not see, each scaled to the contrast that it should have.
 * @param ridge of the projection
 */
export async function unseenPart(
  runtime: Runtime,
  { geometry, problem: { inputs } }: Planted,
  lesions: readonly NdArray[],
  ridge: number,
): Promise<NdArray> {
  const measurement = mriMeasurement(geometry);
  const program = await runtime.build<string, "seen">(
    { d: [1, 2, SIZE, SIZE], ...measurement.inputs },
    ({ d, ...arrays }) => {
      const operator = measurement.operator(arrays, 1);
      return { seen: regularisedInverse({ operator }, operator.normal(d), ridge, 30) };
    },
  );
  const sum = new Float32Array(2 * SIZE * SIZE);
  for (const { data } of lesions) {
    const { seen } = await program.run({ d: ndarray(data, [1, 2, SIZE, SIZE]), ...inputs });
    const rest = data.map((v, i) => v - seen.data[i]);
    const dot = data.reduce((s, v, i) => s + v * rest[i], 0);
    const factor = data.reduce((s, v) => s + v * v, 0) / dot;
    rest.forEach((v, i) => sum[i] += factor * v);
  }
  return ndarray(sum, [2, SIZE, SIZE]);
}

/** A denoiser whose images have lesions, whatever it is given. @param image without them, `[2, H, W]` */
export function drawing(denoise: Denoiser, image: NdArray, lesions: readonly Lesion[]): Denoiser {
  const drawn = plus(image, lesionImage(image, lesions)), plane = SIZE * SIZE;
  const inside = new Float32Array(2 * plane);
  for (const p of lesions.flatMap(({ pixels }) => pixels)) inside[p] = inside[plane + p] = 1;
  const constant = (data: Float32Array) => constantOf(data, [1, 2, SIZE, SIZE]);
  const target = drawn.data.map((v, i) => v * inside[i]), outside = inside.map((v) => 1 - v);
  return (x, sigma) => add(mul(denoise(x, sigma), constant(outside)), constant(target));
}

export const plus = (a: NdArray, b: NdArray): NdArray =>
  ndarray(a.data.map((v, i) => v + b.data[i]), a.shape);
