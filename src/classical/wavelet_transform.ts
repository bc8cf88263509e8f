/**
 * The undecimated Haar transform, a shift-invariant tight frame (Coifman and Donoho 1995,
 * Translation-invariant de-noising), with circular boundaries.
 *
 * Haar's is the shortest of Daubechies' wavelets. Level j combines pixels 2^j apart (the algorithme a
 * trous), so no sample is dropped and any size of image works. Halved sums and differences along
 * both axes make synthesis the adjoint of analysis, and their product the identity.
 * @module
 */
import { add, concat, mul, slice, sub, type Tensor } from "../graph/mod.ts";

const H_AXIS = 2;
const W_AXIS = 3;

/** Differences along H, along W and along both, each of the shape of the image. */
export type Details = readonly Tensor[];

/** Coefficients of images `[N, C, H, W]`. */
export interface Coefficients {
  /** What is left at the coarsest level. */
  readonly coarse: Tensor;
  /** Details, finest level first. */
  readonly details: readonly Details[];
}

/** The image moved by `distance`, circularly: y[i] = x[i + distance]. */
function shift(x: Tensor, axis: number, distance: number): Tensor {
  const size = x.shape[axis];
  const from = ((distance % size) + size) % size;
  if (from === 0) return x;
  return concat([slice(x, axis, from, size), slice(x, axis, 0, from)], axis);
}

function analyseLevel(x: Tensor, distance: number): [Tensor, Details] {
  const quarter = mul(x, 1 / 4);
  const other = shift(quarter, H_AXIS, distance);
  const sum = add(quarter, other);
  const difference = sub(quarter, other);
  const sumShifted = shift(sum, W_AXIS, distance);
  const differenceShifted = shift(difference, W_AXIS, distance);
  return [add(sum, sumShifted), [
    add(difference, differenceShifted),
    sub(sum, sumShifted),
    sub(difference, differenceShifted),
  ]];
}

function synthesiseLevel(
  coarse: Tensor,
  [alongH, alongW, alongBoth]: Details,
  distance: number,
): Tensor {
  const sum = add(add(coarse, alongW), shift(sub(coarse, alongW), W_AXIS, -distance));
  const difference = add(add(alongH, alongBoth), shift(sub(alongH, alongBoth), W_AXIS, -distance));
  const other = shift(sub(sum, difference), H_AXIS, -distance);
  return mul(add(add(sum, difference), other), 1 / 4);
}

/**
 * Coefficients of images.
 * @param x `[N, C, H, W]`
 * @param levels number of scales
 */
export function haarAnalysis(x: Tensor, levels: number): Coefficients {
  const details: Details[] = [];
  let coarse = x;
  for (let level = 0; level < levels; level++) {
    const [next, detail] = analyseLevel(coarse, 2 ** level);
    details.push(detail);
    coarse = next;
  }
  return { coarse, details };
}

/** Images `[N, C, H, W]` from coefficients: the adjoint of the analysis, which it also undoes. */
export function haarSynthesis({ coarse, details }: Coefficients): Tensor {
  return details.reduceRight(
    (image, detail, level) => synthesiseLevel(image, detail, 2 ** level),
    coarse,
  );
}
