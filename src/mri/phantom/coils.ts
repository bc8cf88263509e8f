/** Coil sensitivities of straight wires (Biot and Savart), by plain loops on the host. @module */
import { type NdArray, ndarray } from "../../ndarray.ts";

/** Where the two wires of a coil cross the slice: x, y of one and x, y of the other. */
export type CoilWires = readonly [number, number, number, number];

/** The wires of a coil whose middle lies at an angle on a ring about the centre. */
export function wiresOn(radius: number, angle: number, halfAngle: number): CoilWires {
  const [a, b] = [angle - halfAngle, angle + halfAngle];
  return [radius * Math.cos(a), radius * Math.sin(a), radius * Math.cos(b), radius * Math.sin(b)];
}

/**
 * Sensitivities of coils of two opposed wires each: 1 / (z - a) - 1 / (z - b) with z = x + iy.
 * @param rows y of each row of the image, in the units of the wires
 * @param columns x of each column
 * @returns `[C, 2, rows, columns]`, sum of squares 1 everywhere
 */
export function wireMaps(
  wires: readonly CoilWires[],
  rows: readonly number[],
  columns: readonly number[],
): NdArray {
  const pixels = rows.length * columns.length;
  const data = new Float32Array(2 * wires.length * pixels);
  wires.forEach(([ax, ay, bx, by], coil) => {
    let at = 2 * coil * pixels;
    for (const y of rows) {
      for (const x of columns) {
        const a = (x - ax) ** 2 + (y - ay) ** 2, b = (x - bx) ** 2 + (y - by) ** 2;
        data[at] = (x - ax) / a - (x - bx) / b;
        data[at++ + pixels] = (y - by) / b - (y - ay) / a;
      }
    }
  });
  return normalised(ndarray(data, [wires.length, 2, rows.length, columns.length]));
}

/**
 * Coil maps divided by their root sum of squares, in place; 0 where the sum is at most `minEnergy`, or
 * outside of `support`.
 * @param maps `[C, 2, rows, columns]`
 */
export function normalised(
  maps: NdArray,
  { minEnergy = 0, support }: { minEnergy?: number; support?: Float32Array } = {},
): NdArray {
  const { data, shape } = maps;
  const pixels = shape[2] * shape[3];
  const energy = new Float32Array(pixels);
  data.forEach((value, i) => energy[i % pixels] += value * value);
  const scale = energy.map((sum, pixel) =>
    sum > minEnergy ? (support?.[pixel] ?? 1) / Math.sqrt(sum) : 0
  );
  data.forEach((value, i) => data[i] = value * scale[i % pixels]);
  return maps;
}
