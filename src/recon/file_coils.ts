/** From coils that were whitened or compressed back to those of the file. @module */
import {
  add,
  concat,
  div,
  max,
  mul,
  type Program,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  type Tensor,
} from "../graph/mod.ts";
import { compressCoils } from "../mri/calibration/coil_compression.ts";
import type { NdArray } from "../ndarray.ts";

/** Sums of squares of maps below this are none. */
const TINY = 1e-12;

/** Maps on the coils of the file at unit sum of squares, and what an image is to be multiplied by. */
export type FileCoilsProgram = Program<"maps" | "back", "own" | "intensity">;

/** What {@link compileFileCoils} gives. */
export interface OnFileCoils {
  /** Maps of the file's own coils `[sets, C, 2, H, W]`. */
  readonly own: NdArray;
  /** `[2 sets, H, W]` */
  readonly intensity: NdArray;
}

/**
 * Compiles the way back. An image x explains the coil images `back S x`, whose root sum of squares is
 * `|back S| |x|`: multiplied by it, the image has the intensity that it would have without whitening.
 * @param shape of the maps `[sets, N, 2, H, W]`
 * @param coils of the file; `back` is `[2 coils, 2 N]`
 * @returns `own` `[sets, coils, 2, H, W]` and `intensity` `[2 sets, H, W]`
 */
export function compileFileCoils(
  runtime: Runtime,
  shape: readonly number[],
  coils: number,
): Promise<FileCoilsProgram> {
  const [sets, virtual, , height, width] = shape;
  const norm = (x: Tensor) => sqrt(reduceSum(mul(x, x), [0, 1], { keepDims: true }));
  return runtime.build({ maps: shape, back: [2 * coils, 2 * virtual] }, ({ maps, back }) => {
    const parts = Array.from({ length: sets }, (_, set) => {
      const own = reshape(slice(maps, 0, set, set + 1), [virtual, 2, height, width]);
      const there = compressCoils(own, back);
      const [before, after] = [norm(own), norm(there)];
      const ratio = div(add(after, TINY), add(before, TINY)); // 1 where there are no maps
      const unit = mul(div(there, max(after, TINY)), before); // keeps the fading at the edges
      return { maps: reshape(unit, [1, coils, 2, height, width]), ratio };
    });
    const intensity = parts.flatMap(({ ratio }) => {
      const plane = reshape(ratio, [1, height, width]);
      return [plane, plane];
    });
    return {
      own: sets === 1 ? parts[0].maps : concat(parts.map(({ maps }) => maps), 0),
      intensity: concat(intensity, 0),
    };
  });
}

/**
 * Compiles: the reference of the coils that make it to that of all, by what their maps say of the rest.
 * @param shape of the maps of the file's own coils `[sets, C, 2, H, W]`; `kept` is `[C, 1, 1, 1]`
 */
export function compileWholeReference(
  runtime: Runtime,
  [sets, coils, , height, width]: readonly number[],
): Promise<Program<"own" | "kept" | "reference", "whole">> {
  const shapes = {
    own: [sets, coils, 2, height, width],
    kept: [coils, 1, 1, 1],
    reference: [height, width],
  };
  return runtime.build(shapes, ({ own, kept, reference }) => {
    const energy = (x: Tensor) => reduceSum(mul(x, x), [0, 1, 2]);
    const share = div(add(energy(own), TINY), add(energy(mul(own, kept)), TINY));
    return { whole: mul(reference, sqrt(share)) };
  });
}

/** The product of two real matrices `[a, b]` and `[b, c]`, on the host: a few hundred rows at most. */
export function matrixProduct(left: NdArray, right: NdArray): NdArray {
  const [rows, inner] = left.shape, columns = right.shape[1];
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const factor = left.data[i * inner + k];
      if (factor === 0) continue;
      for (let j = 0; j < columns; j++) {
        data[i * columns + j] += factor * right.data[k * columns + j];
      }
    }
  }
  return { data, shape: [rows, columns] };
}

/** The transpose of a real matrix: the way back of a combination with orthonormal rows. */
export function transposed({ data, shape: [rows, columns] }: NdArray): NdArray {
  const out = Float32Array.from(
    { length: data.length },
    (_, i) => data[(i % rows) * columns + Math.floor(i / rows)],
  );
  return { data: out, shape: [columns, rows] };
}
