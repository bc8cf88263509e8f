/** Small random problems and their model as a dense float64 matrix. */
import assert from "node:assert/strict";
import { maskFromLines, maskFromPlane, type SamplingMask } from "../../src/mri/sampling/masks.ts";
import type { Method, MethodOptions, Problem, SamplingGeometry } from "../../src/method/problem.ts";
import { asBatch, type NdArray, sizeOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";

/** A problem with what made it. */
export interface Example {
  readonly geometry: SamplingGeometry;
  readonly problem: Problem;
  /** The image, `[2, H, W]`. */
  readonly truth: Float64Array;
  /** A: rows are samples `[C, 2, K, W]`, columns the image `[2, H, W]`. */
  readonly matrix: Float64Array[];
}

/** Lines 0, 2, 4, ... of H. */
export const everyOtherLine = (height: number, width: number): SamplingMask =>
  maskFromLines(Array.from({ length: height }, (_, i) => i % 2 === 0 ? 1 : 0), width);

/** All lines. */
export const allLines = (height: number, width: number): SamplingMask =>
  maskFromLines(new Uint8Array(height).fill(1), width);

/** About two thirds of the points of a plane. */
export function randomPlane(height: number, width: number, seed = 5): SamplingMask {
  const rng = new Rng(seed);
  const values = Uint8Array.from({ length: height * width }, () => rng.uniform() < 0.65 ? 1 : 0);
  values[0] = 1;
  return maskFromPlane(values, height, width);
}

/** Entry of the centred orthonormal DFT. */
function fourier(k: number, n: number, size: number): [number, number] {
  const centre = Math.floor(size / 2);
  const angle = -2 * Math.PI * (k - centre) * (n - centre) / size;
  return [Math.cos(angle) / Math.sqrt(size), Math.sin(angle) / Math.sqrt(size)];
}

const times = ([a, b]: number[], [c, d]: number[]) => [a * c - b * d, a * d + b * c];

/** Maps of unit sum of squares that differ from pixel to pixel. */
function randomMaps(coils: number, height: number, width: number, rng: Rng): NdArray {
  const shape = [coils, 2, height, width];
  const data = rng.normals(sizeOf(shape));
  const plane = height * width;
  for (let i = 0; i < plane; i++) {
    let sum = 0;
    for (let j = i; j < data.length; j += plane) sum += data[j] ** 2;
    for (let j = i; j < data.length; j += plane) data[j] /= Math.sqrt(sum);
  }
  return { data, shape };
}

/** The model written out, entry by entry, from its definition. */
function denseMatrix(maps: NdArray, mask: SamplingMask): Float64Array[] {
  const [coils, , height, width] = maps.shape;
  const plane = height * width;
  const lines = mask.isLines;
  const kept = lines
    ? [...mask.values.keys()].filter((k) => mask.values[k] === 1)
    : [...Array(height).keys()];
  const part = kept.length * width;
  const rows = Array.from({ length: coils * 2 * part }, () => new Float64Array(2 * plane));
  const put = (coil: number, sample: number, pixel: number, [re, im]: number[]) => {
    const s = [maps.data[2 * coil * plane + pixel], maps.data[(2 * coil + 1) * plane + pixel]];
    const [a, b] = times([re, im], s);
    const row = 2 * coil * part + sample;
    rows[row][pixel] = a;
    rows[row][plane + pixel] = -b;
    rows[row + part][pixel] = b;
    rows[row + part][plane + pixel] = a;
  };
  for (let coil = 0; coil < coils; coil++) {
    kept.forEach((k, row) => {
      for (let l = 0; l < width; l++) {
        if (!lines && mask.values[k * width + l] === 0) continue;
        for (let y = 0; y < height; y++) {
          const alongH = fourier(k, y, height);
          if (lines) put(coil, row * width + l, y * width + l, alongH);
          for (let x = 0; !lines && x < width; x++) {
            put(coil, row * width + l, y * width + x, times(alongH, fourier(l, x, width)));
          }
        }
      }
    });
  }
  return rows;
}

/** A x */
export function forward(matrix: Float64Array[], x: ArrayLike<number>): Float64Array {
  return Float64Array.from(matrix, (row) => {
    let sum = 0;
    for (let i = 0; i < row.length; i++) sum += row[i] * x[i];
    return sum;
  });
}

/** A^H y, on stacked real and imaginary parts */
export function adjoint(matrix: Float64Array[], y: ArrayLike<number>): Float64Array {
  const out = new Float64Array(matrix[0].length);
  for (let j = 0; j < matrix.length; j++) {
    for (let i = 0; i < out.length; i++) out[i] += matrix[j][i] * y[j];
  }
  return out;
}

/** A blocky image under random maps, with noise of standard deviation `sigma`. */
export function example(coils: number, mask: SamplingMask, sigma = 0, seed = 1): Example {
  const { height, width } = mask;
  const rng = new Rng(seed);
  const maps = randomMaps(coils, height, width, rng.split(1));
  const matrix = denseMatrix(maps, mask);
  const blocks = rng.split(2).normals(64);
  const truth = Float64Array.from({ length: 2 * height * width }, (_, i) => {
    const [part, y, x] = [
      Math.floor(i / (height * width)),
      Math.floor(i / width) % height,
      i % width,
    ];
    return blocks[part * 32 + Math.floor(y / 4) * 5 % 32 + Math.floor(x / 3) % 5];
  });
  const noise = rng.split(3).normals(matrix.length);
  const data = Float32Array.from(forward(matrix, truth), (value, i) => value + sigma * noise[i]);
  const shape = [1, coils, 2, data.length / (2 * coils * width), width];
  return {
    geometry: { coils, height, width, mask },
    problem: { y: { data, shape }, inputs: { maps: asBatch(maps) }, sigma },
    truth,
    matrix,
  };
}

/** Runs a method once. */
export async function reconstruct(
  method: Method,
  { geometry, problem }: Example,
  options?: MethodOptions,
): Promise<NdArray> {
  return await (await method.prepare(runtime, geometry, options)).solve(problem);
}

/** |a - b| / |b| */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  assert.equal(a.length, b.length);
  let error = 0, norm = 0;
  for (let i = 0; i < b.length; i++) {
    error += (a[i] - b[i]) ** 2;
    norm += b[i] ** 2;
  }
  return Math.sqrt(error / norm);
}

/** Asserts |actual - expected| <= tolerance |expected|. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  const error = relativeError(actual, expected);
  assert.ok(error <= tolerance, `relative error ${error} exceeds ${tolerance}`);
}
