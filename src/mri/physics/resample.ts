/** Cropping about the centre, and interpolation to another number of pixels. @module */
import { mul, pad, slice, type Tensor } from "../../graph/mod.ts";
import { dftH, dftW } from "./dft.ts";

/** The middle of an axis, or the whole between zeros: `size` values about the centre. */
export function centred(array: Tensor, axis: number, size: number): Tensor {
  const from = array.shape[axis];
  const shift = Math.floor(from / 2) - Math.floor(size / 2);
  if (size === from) return array;
  if (size < from) return slice(array, axis, shift, shift + size);
  const before = array.shape.map((_, i) => i === axis ? -shift : 0);
  const after = array.shape.map((_, i) => i === axis ? size - from + shift : 0);
  return pad(array, [...before, ...after]);
}

/**
 * Interpolates complex `[..., 2, H, W]` along W to another number of pixels of the same extent, by
 * zero-filling k-space or leaving out its ends.
 */
export const resampleW = (image: Tensor, size: number): Tensor =>
  resample(image, image.rank - 1, size, dftW);

/** {@link resampleW} along H. */
export const resampleH = (image: Tensor, size: number): Tensor =>
  resample(image, image.rank - 2, size, dftH);

function resample(image: Tensor, axis: number, size: number, transform: typeof dftH): Tensor {
  const from = image.shape[axis];
  if (size === from) return image;
  const kspace = centred(transform(image, "forward"), axis, size);
  return mul(transform(kspace, "inverse"), Math.sqrt(size / from));
}
