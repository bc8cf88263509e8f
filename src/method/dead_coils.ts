/** Coils that hold nothing: they were left out, or gave no signal. @module */
import { type NdArray, ndarray } from "../ndarray.ts";

/** Numbers of the coils whose samples `[1, C, 2, ...]` are all zero. */
export function deadCoils({ data, shape: [, coils] }: NdArray): readonly number[] {
  const plane = data.length / coils;
  const isDead = (coil: number) =>
    data.subarray(coil * plane, (coil + 1) * plane).every((v) => v === 0);
  return Array.from({ length: coils }, (_, coil) => coil).filter(isDead);
}

/** Noise `[N, C, 2, ...]` that is zero in some coils, as their samples are. */
export function silenced({ data, shape }: NdArray, coils: readonly number[]): NdArray {
  if (coils.length === 0) return ndarray(data, shape);
  const [draws, all] = shape, plane = data.length / (draws * all);
  const out = data.slice();
  for (let draw = 0; draw < draws; draw++) {
    for (const coil of coils) {
      const first = (draw * all + coil) * plane;
      out.fill(0, first, first + plane);
    }
  }
  return ndarray(out, shape);
}
