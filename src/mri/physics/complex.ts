/**
 * Arithmetic on planar complex tensors: re/im is an axis of size 2 before the two image axes.
 * @module
 */
import {
  add,
  concat,
  constantOf,
  gather,
  mul,
  neg,
  reduceSum,
  slice,
  sqrt,
  type Tensor,
} from "../../graph/mod.ts";

/** Position of the re/im axis in `[..., 2, H, W]`. */
const complexAxis = (x: Tensor) => x.rank - 3;

/** Joins real and imaginary parts, each `[..., 1, H, W]`, to `[..., 2, H, W]`. */
export const joinParts = (re: Tensor, im: Tensor): Tensor => concat([re, im], complexAxis(re));

/** Real part of `[..., 2, H, W]`, as `[..., 1, H, W]`. */
export const realPart = (x: Tensor): Tensor => slice(x, complexAxis(x), 0, 1);

/** Imaginary part of `[..., 2, H, W]`, as `[..., 1, H, W]`. */
export const imagPart = (x: Tensor): Tensor => slice(x, complexAxis(x), 1, 2);

/** Real and imaginary parts exchanged: `i conj(x)`. */
export const swapParts = (x: Tensor): Tensor => gather(x, SWAPPED, complexAxis(x));

const SWAPPED = constantOf(BigInt64Array.of(1n, 0n), [2]);

/** Complex conjugate. */
export const conjugate = (x: Tensor): Tensor => joinParts(realPart(x), neg(imagPart(x)));

/** Squared magnitude, `[..., 1, H, W]`. */
export const squaredMagnitude = (x: Tensor): Tensor =>
  reduceSum(mul(x, x), [complexAxis(x)], { keepDims: true });

/** Magnitude, `[..., 1, H, W]`. */
export const magnitude = (x: Tensor): Tensor => sqrt(squaredMagnitude(x));

/** Product of two complex tensors. */
export const complexMul = (a: Tensor, b: Tensor): Tensor =>
  add(mul(realPart(a), b), mul(imagPart(a), joinParts(neg(imagPart(b)), realPart(b))));

/**
 * A complex factor kept as two real ones, so that a product is two multiplications and one
 * addition: `re = [Sr, Sr]`, `im = [-Si, Si]`, and `S x = re x + im swap(x)`.
 */
export interface ComplexFactor {
  /** `[Sr, Sr]`, `[..., 2, H, W]` */
  readonly re: Tensor;
  /** `[-Si, Si]`, `[..., 2, H, W]` */
  readonly im: Tensor;
}

/** Splits a complex tensor `[..., 2, H, W]` into a factor. */
export function factorOf(x: Tensor): ComplexFactor {
  const [re, im] = [realPart(x), imagPart(x)];
  return { re: joinParts(re, re), im: joinParts(neg(im), im) };
}

/** S x. Coil maps `[..., C, 2, H, W]` times an image `[..., 1, 2, H, W]` give coil images. */
export function mulFactor({ re, im }: ComplexFactor, x: Tensor): Tensor {
  return add(mul(re, x), mul(im, swapParts(x)));
}

/**
 * Sum over an axis of conj(S) y: the adjoint of `mulFactor`. The swap is done after the sum, on the
 * smaller array: `conj(S) y = re y + swap(im y)`.
 */
export function combineFactor({ re, im }: ComplexFactor, y: Tensor, axis: number): Tensor {
  const options = { keepDims: true };
  return add(
    reduceSum(mul(re, y), [axis], options),
    swapParts(reduceSum(mul(im, y), [axis], options)),
  );
}

/** A real image `[N, 1, H, W]` as a complex one, `[N, 2, H, W]`. */
export const complexOf = (real: Tensor): Tensor => joinParts(real, mul(real, 0));
