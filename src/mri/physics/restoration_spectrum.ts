/** The eigenbases of the operators of restoration, each of which is diagonal in a basis of products. @module */
import {
  constant,
  constantOf,
  matMul,
  reshape,
  type Shape,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { hermitianEigen } from "../calibration/hermitian_eigen.ts";
import type { Convolution } from "./convolution.ts";
import { dft2 } from "./dft.ts";
import type { SeparableOperator } from "./restoration_operators.ts";
import type { SpectralForm } from "./spectrum.ts";

/** A basis that the graph holds as constants. */
function fixedBasis(
  squares: Tensor,
  analyse: (x: Tensor) => Tensor,
  synthesise: (c: Tensor) => Tensor,
): SpectralForm {
  return {
    shapes: {},
    compute: () => Promise.resolve({}),
    spectrum: ({ adjoint }) => ({ squares, data: analyse(adjoint), analyse, synthesise }),
  };
}

/** Pixels themselves: of masks of pixels, and of the identity. @param kept `[H, W]`, 0 or 1 */
export function pixelSpectrum(kept: NdArray): SpectralForm {
  const same = (x: Tensor) => x;
  return fixedBasis(constantOf(kept.data, [1, 1, ...kept.shape]), same, same);
}

/**
 * Of `R x C^T`: with `R^T R = V diag(a) V^T` and `C^T C = W diag(b) W^T` the coefficients are
 * `V^T x W`, and the eigenvalues `a_i b_j`.
 */
export function separableSpectrum({ along }: Pick<SeparableOperator, "along">): SpectralForm {
  const [rows, columns] = along.map(rightSingular);
  const [v, w] = [constant(rows.vectors), constant(columns.vectors)];
  const squares = Float32Array.from(
    { length: rows.squares.length * columns.squares.length },
    (_, i) => {
      const at = Math.floor(i / columns.squares.length);
      return rows.squares[at] * columns.squares[i % columns.squares.length];
    },
  );
  return fixedBasis(
    constantOf(squares, [1, 1, rows.squares.length, columns.squares.length]),
    (x) => matMul(matMul(v, x), swapLastAxes(w)),
    (c) => matMul(matMul(swapLastAxes(v), c), w),
  );
}

/** Squared singular values of a real matrix, and its right singular vectors as rows. */
function rightSingular({ data, shape: [rows, columns] }: NdArray) {
  const re = new Float64Array(columns * columns);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < rows; k++) {
        re[i * columns + j] += data[k * columns + i] * data[k * columns + j];
      }
    }
  }
  const { values, vectors } = hermitianEigen({ re, im: new Float64Array(re.length) }, columns);
  return {
    squares: values.map((value) => Math.max(value, 0)),
    vectors: ndarray(Float32Array.from(vectors.re), [columns, columns]),
  };
}

/** The Fourier transform: of circular convolutions. @param shape of images `[N, 2 S, H, W]` */
export function convolutionSpectrum(
  shape: Shape,
  { squares }: Pick<Convolution, "squares">,
): SpectralForm {
  const size = shape.slice(-2);
  const each = (x: Tensor, direction: "forward" | "inverse") => {
    const images = reshape(x, [x.shape[0] * x.shape[1] / 2, 2, ...size]);
    return reshape(dft2(images, direction), x.shape);
  };
  return fixedBasis(squares, (x) => each(x, "forward"), (c) => each(c, "inverse"));
}
