/**
 * Hermitian matrices inside the graph, by matrix products only: the projection onto the strong eigenvectors
 * of a large one, and the dominant eigenvector of many small ones at once (one matrix a pixel).
 * @module
 */
import {
  add,
  cast,
  concat,
  constantOf,
  div,
  equal,
  matMul,
  max,
  mul,
  neg,
  pow,
  reduceL2,
  reduceMax,
  reduceSum,
  reshape,
  slice,
  sub,
  swapLastAxes,
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

/** The real form `[2n, 2n]`, all columns. */
function allColumns(a: StackedComplex): Tensor {
  const n = a.shape[1];
  const [re, im] = [slice(a, 0, 0, n), slice(a, 0, n, 2 * n)];
  return concat([a, concat([neg(im), re], 0)], 1);
}

const product = (a: StackedComplex, b: StackedComplex): StackedComplex => matMul(allColumns(a), b);

function identityMatrix(n: number): StackedComplex {
  const data = new Float32Array(2 * n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return constantOf(data, [2 * n, n]);
}

/**
 * Inverse of a Hermitian positive definite matrix by Newton-Schulz steps X <- c X ((1 + l) I - A X).
 *
 * With the eigenvalues of A X within l..1, c = 4 / (1 + l)^2 brings them within 4 l / (1 + l)^2..1:
 * four times nearer to 1 a step at first, twice as fast as the plain iteration (c = l = 1), which it
 * becomes in the end.
 * @param bounds lower and upper bound of the eigenvalues, `[1, 1]`
 */
function inverse(
  matrix: StackedComplex,
  identity: StackedComplex,
  [lower, upper]: readonly [Tensor, Tensor],
): StackedComplex {
  const columns = allColumns(matrix); // once: it is the largest array of the graph
  let x = div(identity, upper);
  let least = div(lower, upper);
  for (let i = 0; i < INVERSE_STEPS; i++) {
    const sum = add(least, 1);
    const c = div(4, mul(sum, sum));
    x = mul(c, sub(mul(x, sum), product(x, matMul(columns, x))));
    least = mul(c, least);
  }
  return x;
}

/**
 * The projection onto eigenvectors whose eigenvalues exceed a threshold t, softly: E (E + t I)^-1,
 * sharpened by McWeeny's 3 P^2 - 2 P^3.
 * @param noise the threshold, `[1, 1]`; at least the fraction `floor` of the trace is taken
 */
export function softProjection(
  covariance: StackedComplex,
  noise: Tensor,
  floor: number,
): StackedComplex {
  const identity = identityMatrix(covariance.shape[1]);
  // Of a matrix without negative eigenvalues it is an upper bound of them.
  const trace = (matrix: StackedComplex) =>
    reduceSum(mul(matrix, identity), [0, 1], { keepDims: true });
  const threshold = max(noise, mul(trace(covariance), floor));
  const shifted = add(covariance, mul(identity, threshold));
  const bounds = [threshold, trace(shifted)] as const;
  let projection = product(covariance, inverse(shifted, identity, bounds));
  for (let i = 0; i < SHARPENINGS; i++) {
    const squared = product(projection, projection);
    projection = sub(mul(squared, 3), mul(product(squared, projection), 2));
  }
  return projection;
}

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
  const [re, im] = [slice(matrices, 1, 0, 1), slice(matrices, 1, 1, 2)];
  const whole = concat([concat([re, neg(im)], 3), concat([im, re], 3)], 2);
  return reshape(whole, [count, 2 * size, 2 * size]);
}

/** The diagonal `[P, 1, 2C]` of the real block; the others are 0. */
export function realDiagonal(matrices: Tensor): Tensor {
  const rows = matrices.shape[1];
  const data = new Float32Array(rows * rows);
  for (let i = 0; i < rows / 2; i++) data[i * rows + i] = 1;
  return reduceSum(mul(matrices, constantOf(data, [1, rows, rows])), [1], { keepDims: true });
}

/**
 * The matrix to the power 2^SQUARINGS, kept at unit norm: v v^H of the dominant vector v. Also its norm
 * before anything, and that after the first squarings from unit norm.
 */
function highPower(matrices: Tensor): { power: Tensor; norms: readonly [Tensor, Tensor] } {
  const norms: Tensor[] = [];
  const unit = (x: Tensor) => {
    const norm = max(reduceL2(x, [1, 2], { keepDims: true }), TINY);
    norms.push(norm);
    return div(x, norm);
  };
  let power = unit(matrices);
  for (let i = 1; i <= SQUARINGS; i++) {
    power = matMul(power, power);
    if (i % NORMALISE_EVERY === 0) power = unit(power);
  }
  return { power, norms: [norms[0], norms[1]] };
}

/**
 * Dominant eigenvectors of Hermitian matrices in real form.
 * @param matrices `[P, 2C, 2C]`, positive semidefinite
 * @param reference vector `[2C, 1]` whose inner product with each result is made real and positive:
 *   it sets the phase, which an eigenvector leaves open
 * @returns unit vectors `[P, 2C, 1]`, real parts before imaginary parts, eigenvalues, and an upper bound
 *   of the second eigenvalues
 */
export function dominantVectors(matrices: Tensor, reference: Tensor) {
  const { power, norms: [norm, ofPower] } = highPower(matrices);
  const along = matMul(power, reference); // v (v^H p)
  const vectors = div(along, max(reduceL2(along, [1], { keepDims: true }), TINY));
  const values = rayleigh(matrices, vectors);
  // The sum of the 16th powers of all eigenvalues is known; the real form has each of them twice.
  const exponent = 2 * 2 ** NORMALISE_EVERY;
  const others = sub(mul(mul(ofPower, ofPower), 0.5), pow(div(values, norm), exponent));
  const seconds = mul(norm, pow(max(others, 0), 1 / exponent));
  return { vectors, values, seconds };
}

/** McWeeny steps from eigenvalues to a projection, after the power {@link SIGNAL_POWER}. */
const SIGNAL_SHARPENINGS = 4;

/**
 * Power to which eigenvalues are taken before they are sharpened about 1/2: those above 0.84 of the
 * largest count as signal.
 */
const SIGNAL_POWER = 4;

/**
 * Projections onto the eigenvectors whose eigenvalues are near the largest, softly.
 * @param matrices Hermitian, in real form `[P, 2C, 2C]`, the largest eigenvalue 1
 */
export function signalProjection(matrices: Tensor): Tensor {
  let p = matrices;
  for (let power = 1; power < SIGNAL_POWER; power *= 2) p = matMul(p, p);
  for (let i = 0; i < SIGNAL_SHARPENINGS; i++) {
    const squared = matMul(p, p);
    p = sub(mul(squared, 3), mul(matMul(squared, p), 2));
  }
  return p;
}

/** Complex vectors `[P, 2C, 1]` and i times them, side by side: `[P, 2C, 2]`, a basis of their multiples. */
export function complexSpan(vectors: Tensor): Tensor {
  const size = vectors.shape[1] / 2;
  const [re, im] = [slice(vectors, 1, 0, size), slice(vectors, 1, size, 2 * size)];
  return concat([vectors, concat([neg(im), re], 1)], 2);
}

/** The parts `[P, 2C, 1]` of a reference, `[2C, 1]` or one for each pixel, in spans of unit vectors. */
export const alongSpan = (span: Tensor, reference: Tensor): Tensor =>
  matMul(span, matMul(swapLastAxes(span), reference));

/**
 * The vector that is nearest to a reference, of unit vectors times a phase.
 * @param vectors `[P, 2C, 1]`, not zero @param reference `[2C, 1]`
 */
export function alignedTo(vectors: Tensor, reference: Tensor): Tensor {
  const along = alongSpan(complexSpan(vectors), reference);
  return div(along, max(reduceL2(along, [1], { keepDims: true }), TINY));
}

/** Matrices `[P, 2C, 2C]` on the complement of unit vectors `[P, 2C, 1]`: (I - v v^H) M (I - v v^H). */
export function deflated(matrices: Tensor, vectors: Tensor): Tensor {
  const span = complexSpan(vectors);
  const without = (x: Tensor) => sub(x, matMul(span, matMul(swapLastAxes(span), x)));
  return without(swapLastAxes(without(matrices)));
}

/** Rayleigh quotients `[P, 1, 1]` of unit vectors. */
export function rayleigh(matrices: Tensor, vectors: Tensor): Tensor {
  return reduceSum(mul(vectors, matMul(matrices, vectors)), [1], { keepDims: true });
}

/** The dominant eigenvectors `[P, 2C, 1]` of Hermitian matrices `[P, 2C, 2C]`, each with its largest entry real. */
export function principalVectors(matrices: Tensor): Tensor {
  const { power } = highPower(matrices);
  const diagonal = realDiagonal(power);
  const largest = cast(equal(diagonal, reduceMax(diagonal, [2], { keepDims: true })), "float32");
  const columns = reduceSum(mul(power, largest), [2], { keepDims: true });
  return div(columns, max(reduceL2(columns, [1], { keepDims: true }), TINY));
}

/** The dominant eigenvector `[2C, 1]` of one Hermitian matrix `[1, 2C, 2C]`, its largest entry real. */
export const principalVector = (matrix: Tensor): Tensor =>
  reshape(principalVectors(matrix), [matrix.shape[1], 1]);
