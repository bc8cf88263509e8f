/** Singular value decompositions of problems, for samplers that work in the eigenbasis. */
import { eigs } from "mathjs";
import { matMul, reshape, type Tensor, transpose } from "../../src/graph/mod.ts";
import { hermitianEigen } from "../../src/mri/calibration/hermitian_eigen.ts";
import { ndarray } from "../../src/ndarray.ts";
import { apply, type Matrix, times, transposed } from "./algebra.ts";
import type { Problem } from "./support.ts";

/** A = U diag(s) V^T on stacked real and imaginary parts; columns of zero s have no u. */
export interface Svd {
  /** Rows are right singular vectors. */
  readonly vt: Matrix;
  readonly s: readonly number[];
  /** U^T y / s, 0 where s is. */
  readonly y: readonly number[];
}

export function svd({ matrix, arrays }: Problem): Svd {
  const normal = times(transposed(matrix), matrix).map((row) => [...row]);
  const pairs = eigs(normal).eigenvectors as { value: number; vector: number[] }[];
  const vt = pairs.map(({ vector }) => Float64Array.from(vector));
  const s = pairs.map(({ value }) => value > 1e-8 ? Math.sqrt(value) : 0);
  const y = vt.map((v, i) => {
    if (s[i] === 0) return 0;
    const u = apply(matrix, v).map((value) => value / s[i]);
    return u.reduce((sum, value, k) => sum + value * arrays.y.data[k], 0) / s[i];
  });
  return { vt, s, y };
}

/** A dense problem whose measurement knows the eigenbasis of its own real form. */
export function spectralProblem(problem: Problem): Problem {
  const { matrix, measurement, prior: { image } } = problem;
  const normal = times(transposed(matrix), matrix);
  const size = normal.length;
  const { values, vectors } = hermitianEigen({
    re: Float64Array.from(normal.flatMap((row) => [...row])),
    im: new Float64Array(size * size),
  }, size);
  const arrays = {
    vectors: ndarray(Float32Array.from(vectors.re), [size, size]),
    squares: ndarray(Float32Array.from(values), [1, 2, ...image]),
  };
  const product = (a: Tensor, x: Tensor) =>
    reshape(matMul(a, reshape(x, [x.shape[0], size, 1])), x.shape);
  return {
    ...problem,
    measurement: {
      ...measurement,
      spectral: () => ({
        shapes: { vectors: [size, size], squares: [1, 2, ...image] },
        compute: () => Promise.resolve(arrays),
        spectrum: ({ vectors, squares, adjoint }) => ({
          squares,
          data: product(vectors, adjoint),
          analyse: (x) => product(vectors, x),
          synthesise: (c) => product(transpose(vectors, [1, 0]), c),
        }),
      }),
    },
  };
}
