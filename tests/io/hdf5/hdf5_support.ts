/**
 * What the tests of HDF5 share.
 * @module
 */
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import { type FastmriContent, writeFastmri } from "../../../src/io/hdf5/fastmri_write.ts";

/** Sizes of the k-space that {@link writeSmall} writes; no two are the same. */
export const SMALL = { slices: 2, coils: 3, height: 5, width: 7 };

/** One slice in which every number is different. */
export function smallSlice(slice: number): NdArray {
  const shape = [SMALL.coils, 2, SMALL.height, SMALL.width];
  const size = shape.reduce((product, axis) => product * axis);
  return ndarray(Float32Array.from({ length: size }, (_, n) => slice * size + n + 0.5), shape);
}

/** Writes small.h5 in the folder of `at` and returns its path. */
export async function writeSmall(
  at: (name: string) => string,
  content: Partial<FastmriContent> = {},
): Promise<string> {
  const path = at("small.h5");
  await writeFastmri(path, { ...SMALL, kspace: smallSlice, ...content });
  return path;
}

/**
 * The slice that make.py wrote: element n of the file is n - (n + 0.5)i.
 * @param shape `[C, H, W]` of the result
 * @param transposed whether the file has W before H
 */
export function fixtureSlice(
  slice: number,
  [coils, height, width]: readonly [number, number, number],
  transposed: boolean,
): NdArray {
  const data = new Float32Array(coils * 2 * height * width);
  for (let c = 0, to = 0; c < coils; c++) {
    for (let part = 0; part < 2; part++) {
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++, to++) {
          const inPlane = transposed ? x * height + y : y * width + x;
          const n = (slice * coils + c) * height * width + inPlane;
          data[to] = part === 0 ? n : -(n + 0.5);
        }
      }
    }
  }
  return ndarray(data, [coils, 2, height, width]);
}
