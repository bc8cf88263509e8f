/** Sizes of the k-space and of the images that an encoding gives. @module */
import type { RawLayout } from "./layout.ts";

/** Sizes of the k-space and of the images of a bin. */
export interface BinShape {
  readonly slices: number;
  /** H of k-space. */
  readonly height: number;
  /** W of k-space. */
  readonly width: number;
  /** H and W that are kept of the image. */
  readonly imageSize: readonly [number, number];
  /** H and W that these are interpolated to. */
  readonly outputSize: readonly [number, number];
}

/** Sizes of the bins of an encoding. */
export function binShape({ x, y, z, is3d }: RawLayout): BinShape {
  const columns = is3d ? z : x;
  return {
    slices: is3d ? x.output : 1,
    height: y.encoded,
    width: columns.encoded,
    imageSize: [y.kept, columns.kept],
    outputSize: [y.output, columns.output],
  };
}
