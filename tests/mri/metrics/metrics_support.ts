/** The images that the references of tests/fixtures/metrics were made from. @module */
import fc from "fast-check";
import { type NdArray, ndarray, zeros } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";

/** Heights and widths that fast-check takes: odd, even and prime. */
export const side: fc.Arbitrary<number> = fc.integer({ min: 7, max: 24 });

/** The hash of fixtures/metrics/make.py: an integer from 0 to 1023. */
function noise(s: number, y: number, x: number, seed: number): number {
  let n = Math.imul(s, 374761393) + Math.imul(y, 668265263) + Math.imul(x, 1274126177) +
    Math.imul(seed, 1103515245);
  n = Math.imul(n ^ (n >>> 0) >>> 13, 1274126177);
  return (n ^ n >>> 16) & 1023;
}

/** The head of fixtures/metrics/make.py. */
function tissue(s: number, y: number, x: number, [height, width]: number[]): number {
  const distance = (2 * y - height + 1 + 4 * s) ** 2 * width ** 2 +
    (2 * x - width + 1) ** 2 * height ** 2;
  const level = Math.floor(distance * 100 / (height ** 2 * width ** 2));
  if (level < 8) return 20;
  if (level < 50) return 700;
  if (level < 60) return 30;
  if (level < 80) return 1000;
  if (level < 110) return Math.floor(noise(s, y, x, 3) * 300 / 1024);
  return (Math.floor(y / 4) + Math.floor(x / 4)) % 5 === 0 ? 400 : 0;
}

/** Image and reference of a shape `[S, H, W]`. */
export function images(shape: number[]): { image: NdArray; reference: NdArray } {
  const [slices, height, width] = shape;
  const image = zeros(shape), reference = zeros(shape);
  let i = 0;
  for (let s = 0; s < slices; s++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const value = tissue(s, y, x, [height, width]) + noise(s, y, x, 1) % 60;
        reference.data[i] = value / 1024;
        image.data[i] = Math.max(0, value + noise(s, y, x, 2) % 201 - 90) / 1024;
      }
    }
  }
  return { image, reference };
}

/** Magnitudes of normal numbers. */
export function random(shape: number[], seed: number): NdArray {
  const rng = new Rng(seed);
  return ndarray(rng.normals(shape.reduce((a, b) => a * b, 1)).map(Math.abs), shape);
}
