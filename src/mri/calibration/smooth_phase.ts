/** The phase that eigenvectors leave open, chosen so that they vary slowly over the field of view. @module */
import {
  constantOf,
  div,
  matMul,
  max,
  mul,
  reduceL2,
  reshape,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { alongSpan, complexSpan, principalVector } from "./hermitian_tensors.ts";

/** Standard deviation of the Gaussian of a pass, of the field of view: maps vary over about a tenth of it. */
const REACH = 0.03;

/** Passes: the phases of pixels 0.15 of the field of view apart are compared. */
const PASSES = 24;

const TINY = 1e-30;

/**
 * Gives vectors that are known up to a phase the phase of their surroundings. A field that begins with
 * the mean direction of all is blurred and projected onto the vector of each pixel, again and again: the
 * power method for the slowest field of such vectors. Where they turn about a point it fades out, so no
 * line is left along which phases jump, and no pixel hangs on the one before.
 * @param vectors `[P, 2C, 1]`, unit vectors, real parts before imaginary parts @param weights `[P, 1, 1]`
 * @param grid rows and columns of the P pixels, periodic
 */
export function smoothPhase(
  vectors: Tensor,
  weights: Tensor,
  [rows, columns]: readonly [number, number],
): Tensor {
  const size = vectors.shape[1];
  const span = complexSpan(vectors);
  const [overRows, overColumns] = [rows, columns].map((length) => periodicGaussian(length, REACH));
  const blurred = (field: Tensor) => {
    const byRow = matMul(overRows, reshape(field, [rows, columns * size]));
    const both = matMul(overColumns, reshape(byRow, [rows, columns, size]));
    return reshape(both, [rows * columns, size, 1]);
  };
  const flat = (x: Tensor) => reshape(transpose(x, [1, 0, 2]), [size, 2 * rows * columns]);
  const covariance = matMul(flat(mul(span, weights)), swapLastAxes(flat(span)));
  const mean = principalVector(reshape(covariance, [1, size, size]));
  let field = mul(alongSpan(span, mean), weights);
  for (let pass = 0; pass < PASSES; pass++) field = mul(alongSpan(span, blurred(field)), weights);
  const along = alongSpan(span, blurred(field));
  return div(along, max(reduceL2(along, [1], { keepDims: true }), TINY));
}

/**
 * Weights of a Gaussian about each of `length` points of a period, `[length, length]`.
 * @param reach its standard deviation, of the period
 */
export function periodicGaussian(length: number, reach: number): Tensor {
  const kernel = Array.from({ length }, (_, lag) => {
    const distance = Math.min(lag, length - lag) / length;
    return Math.exp(-0.5 * (distance / reach) ** 2);
  });
  const sum = kernel.reduce((a, b) => a + b);
  const data = new Float32Array(length * length).map((_, i) => {
    const lag = (Math.floor(i / length) - i % length + length) % length;
    return kernel[lag] / sum;
  });
  return constantOf(data, [length, length]);
}
