/** Random arrays and float64 references for the tests of the physics. */
import { Rng } from "../../src/rng.ts";
import { type NdArray, sizeOf } from "../../src/ndarray.ts";
import type { Runtime } from "../../src/graph/mod.ts";
import type { Tensor } from "../../src/graph/mod.ts";

/** Standard normal numbers of a shape. */
export function randomArray(shape: readonly number[], seed = 1): NdArray {
  return { data: new Rng(seed).normals(sizeOf(shape)), shape };
}

/** Largest difference relative to the norm of the expected values. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < expected.length; i++) {
    difference += (actual[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** Inner product in float64. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Runs a function of one tensor on an array. */
export async function evaluate(
  runtime: Runtime,
  x: NdArray,
  define: (x: Tensor) => Tensor,
): Promise<NdArray> {
  const program = await runtime.build({ x: x.shape }, ({ x }) => ({ y: define(x) }));
  return (await program.run({ x })).y;
}

/**
 * Centred orthonormal DFT along H of `[2, H, W]`, by its definition, in float64.
 */
export function naiveDftH({ data, shape }: NdArray, sign: 1 | -1): Float64Array {
  const [, height, width] = shape;
  const centre = Math.floor(height / 2);
  const out = new Float64Array(data.length);
  const plane = height * width;
  for (let k = 0; k < height; k++) {
    for (let n = 0; n < height; n++) {
      const turn = ((k - centre) * (n - centre)) % height;
      const angle = sign * 2 * Math.PI * turn / height;
      const re = Math.cos(angle) / Math.sqrt(height);
      const im = Math.sin(angle) / Math.sqrt(height);
      for (let x = 0; x < width; x++) {
        const [a, b] = [data[n * width + x], data[plane + n * width + x]];
        out[k * width + x] += re * a - im * b;
        out[plane + k * width + x] += re * b + im * a;
      }
    }
  }
  return out;
}

/** Exchanges the last two axes of `[2, H, W]`. */
export function turned({ data, shape: [parts, height, width] }: NdArray): NdArray {
  const out = new Float32Array(data.length);
  for (let p = 0; p < parts; p++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        out[(p * width + x) * height + y] = data[(p * height + y) * width + x];
      }
    }
  }
  return { data: out, shape: [parts, width, height] };
}
