/** Between the arrays of one slice and the graphs, which have a batch axis. @module */
import type { Shape } from "../graph/mod.ts";
import { acquiredLines } from "../mri/physics/operator.ts";
import type { SamplingGeometry } from "../method/problem.ts";
import type { NdArray } from "../ndarray.ts";

/** Shape of a scalar input, so that one compiled graph serves all weights. */
export const SCALAR: Shape = [1, 1, 1, 1];

/** `[1, 2, H, W]` */
export function imageShape({ height, width }: SamplingGeometry): Shape {
  return [1, 2, height, width];
}

/** `[1, C, 2, H, W]` */
export function mapsShape({ coils, height, width }: SamplingGeometry): Shape {
  return [1, coils, 2, height, width];
}

/** Lines: `[1, C, 2, K, W]`; plane: `[1, C, 2, H, W]`. */
export function samplesShape({ coils, height, width, mask }: SamplingGeometry): Shape {
  const rows = mask.kind === "lines" ? acquiredLines(mask).length : height;
  return [1, coils, 2, rows, width];
}

/** A number as an input of shape `SCALAR`. */
export function scalarInput(value: number): NdArray {
  return { data: Float32Array.of(value), shape: SCALAR };
}

/** One slice as a batch of one. */
export function batched({ data, shape }: NdArray): NdArray {
  return { data, shape: [1, ...shape] };
}

/** The only slice of a batch of one. */
export function unbatched({ data, shape }: NdArray): NdArray {
  return { data, shape: shape.slice(1) };
}
