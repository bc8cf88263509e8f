/**
 * Complex matrices in half of their real form, and the projection onto the strong eigenvectors of a
 * Hermitian one, by matrix products only.
 * @module
 */
import {
  add,
  concat,
  constant,
  div,
  matMul,
  mul,
  neg,
  reduceSum,
  slice,
  sub,
  type Tensor,
} from "../../graph/mod.ts";

/**
 * Newton-Schulz steps for the inverse: 15 reach float32 accuracy up to a condition number of a
 * few million.
 */
const INVERSE_STEPS = 15;

/** McWeeny steps, each of which pushes soft eigenvalues towards 0 or 1. */
const SHARPENINGS = 2;

/**
 * A complex n x n matrix by the first half of the columns of its real form: `[2n, n]`, real part
 * above imaginary part. The other half follows, so a product costs half of what real forms do.
 */
export type StackedComplex = Tensor;

/** The whole real form `[2n, 2n]` of a matrix. */
export function wholeForm(matrix: StackedComplex): Tensor {
  const n = matrix.shape[1];
  const [re, im] = [slice(matrix, 0, 0, n), slice(matrix, 0, n, 2 * n)];
  return concat([matrix, concat([neg(im), re], 0)], 1);
}

export function product(a: StackedComplex, b: StackedComplex): StackedComplex {
  return matMul(wholeForm(a), b);
}

export function identityMatrix(n: number): StackedComplex {
  const data = new Float32Array(2 * n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return constant({ data, shape: [2 * n, n] });
}

/**
 * Inverse of a Hermitian positive definite matrix by Newton-Schulz steps X <- c X ((1 + l) I - A X).
 *
 * With the eigenvalues of A X within l..1, c = 4 / (1 + l)^2 brings them within 4 l / (1 + l)^2..1:
 * four times nearer to 1 a step at first, twice as fast as the plain iteration (c = l = 1), which it
 * becomes in the end.
 * @param lower lower bound of the eigenvalues, `[1, 1]`
 * @param upper upper bound of the eigenvalues, `[1, 1]`
 */
export function inverse(matrix: StackedComplex, lower: Tensor, upper: Tensor): StackedComplex {
  const identity = identityMatrix(matrix.shape[1]);
  let x = div(identity, upper);
  let least = div(lower, upper);
  for (let i = 0; i < INVERSE_STEPS; i++) {
    const sum = add(least, 1);
    const c = div(4, mul(sum, sum));
    x = mul(c, sub(mul(x, sum), product(x, product(matrix, x))));
    least = mul(c, least);
  }
  return x;
}

/**
 * The projection onto eigenvectors whose eigenvalues exceed `threshold`, softly:
 * E (E + threshold I)^-1, sharpened by McWeeny's 3 P^2 - 2 P^3.
 */
export function softProjection(covariance: StackedComplex, threshold: Tensor): StackedComplex {
  const identity = identityMatrix(covariance.shape[1]);
  const shifted = add(covariance, mul(identity, threshold));
  let projection = product(covariance, inverse(shifted, threshold, trace(shifted)));
  for (let i = 0; i < SHARPENINGS; i++) {
    const squared = product(projection, projection);
    projection = sub(mul(squared, 3), mul(product(squared, projection), 2));
  }
  return projection;
}

/** Trace `[1, 1]` of a Hermitian matrix: an upper bound of its eigenvalues if none is negative. */
export function trace(matrix: StackedComplex): Tensor {
  return reduceSum(mul(matrix, identityMatrix(matrix.shape[1])), [0, 1], { keepDims: true });
}
