/**
 * The dominant eigenvector of many small Hermitian matrices at once, as `espirit` and adaptive
 * combination need it: one matrix a pixel.
 * @module
 */
import {
  add,
  cast,
  concat,
  constant,
  div,
  equal,
  matMul,
  max,
  mul,
  neg,
  reduceL2,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  type Tensor,
} from "../../graph/mod.ts";

/**
 * Squarings of the matrix: a power of 4096, so that a second eigenvalue of 0.995 of the first still
 * leaves less than 1e-8 of its vector.
 */
const SQUARINGS = 12;

/**
 * Squarings between two normalisations: the largest eigenvalue of a unit-norm matrix of up to 64
 * rows is at least 1/8, and its 8th power is still far from underflow.
 */
const NORMALISE_EVERY = 3;

/** Smallest norm that is divided by. */
const TINY = 1e-20;

/** Real form `[P, 2C, 2C]` of Hermitian matrices given as `[P, 2, C, C]`. */
export function realForm(matrices: Tensor): Tensor {
  const [count, , size] = matrices.shape;
  const flat = (part: number) => slice(matrices, 1, part, part + 1);
  const re = flat(0);
  const im = flat(1);
  const top = concat([re, neg(im)], 3);
  const bottom = concat([im, re], 3);
  return reshape(concat([top, bottom], 2), [count, 2 * size, 2 * size]);
}

/** The matrix to the power 2^SQUARINGS, kept at unit norm: v v^H of the dominant vector v. */
function highPower(matrices: Tensor): Tensor {
  let power = unit(matrices);
  for (let i = 1; i <= SQUARINGS; i++) {
    power = matMul(power, power);
    if (i % NORMALISE_EVERY === 0) power = unit(power);
  }
  return power;
}

function unit(matrices: Tensor): Tensor {
  return div(matrices, max(reduceL2(matrices, [1, 2], { keepDims: true }), TINY));
}

/** Dominant eigenvectors and eigenvalues. */
export interface Dominant {
  /** Unit vectors `[P, 2C, 1]`, real parts before imaginary parts. */
  readonly vectors: Tensor;
  readonly values: Tensor;
}

/**
 * Dominant eigenvectors of Hermitian matrices in real form.
 * @param matrices `[P, 2C, 2C]`, positive semidefinite
 * @param reference vector `[2C, 1]` whose inner product with each result is made real and positive:
 *   it sets the phase, which an eigenvector leaves open
 */
export function dominantVectors(matrices: Tensor, reference: Tensor): Dominant {
  const along = matMul(highPower(matrices), reference); // v (v^H p)
  const vectors = div(along, max(reduceL2(along, [1], { keepDims: true }), TINY));
  const values = reduceSum(mul(vectors, matMul(matrices, vectors)), [1], { keepDims: true });
  return { vectors, values };
}

/** The dominant eigenvector `[2C, 1]` of one Hermitian matrix `[1, 2C, 2C]`, its largest entry real. */
export function principalVector(matrix: Tensor): Tensor {
  const [, rows] = matrix.shape;
  const power = highPower(matrix);
  const firstHalf = new Float32Array(rows * rows); // the diagonal of the real block
  for (let i = 0; i < rows / 2; i++) firstHalf[i * rows + i] = 1;
  const diagonal = reduceSum(
    mul(power, constant({ data: firstHalf, shape: [1, rows, rows] })),
    [1],
    { keepDims: true },
  );
  const largest = cast(equal(diagonal, reduceMax(diagonal)), "float32");
  const column = reduceSum(mul(power, largest), [0, 2], { keepDims: true });
  const vector = reshape(column, [rows, 1]);
  return div(vector, add(reduceL2(vector), TINY));
}
