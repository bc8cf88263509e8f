/**
 * The operators of the restoration literature, on complex images `[N, 2, H, W]`: so that solvers can be
 * checked on the tasks they were published for.
 * @module
 */
import {
  constant,
  constantOf,
  matMul,
  mul,
  type Shape,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import type { LinearOperator } from "./operator.ts";

/** An operator `x -> R x C^T` on the last two axes. */
export interface SeparableOperator extends LinearOperator {
  /** R and C, real matrices along H and along W. */
  readonly along: readonly [rows: NdArray, columns: NdArray];
}

/** The identity: y = x + noise. */
export function denoising(shape: Shape): LinearOperator {
  const same = (x: Tensor) => x;
  return { domain: shape, range: shape, forward: same, adjoint: same, normal: same };
}

/**
 * Keeps pixels and sets the others to 0.
 * @param kept 0 or 1 for each pixel, `[H, W]` in C order
 * @throws {RangeError} for another number of pixels
 */
export function inpainting(shape: Shape, kept: ArrayLike<number>): LinearOperator {
  const [height, width] = shape.slice(-2);
  if (kept.length !== height * width) {
    throw new RangeError(
      `Cannot inpaint ${height} x ${width} pixels: as many values are required, found ${kept.length}`,
    );
  }
  const weights = constantOf(Float32Array.from(kept), [height, width]);
  const keep = (x: Tensor) => mul(x, weights);
  return { domain: shape, range: shape, forward: keep, adjoint: keep, normal: keep };
}

/** Widths of a Gaussian beyond which it is cut off. */
const REACH = 4;

/** Convolution with a Gaussian of unit sum, round the edges of the image (circular). */
export function gaussianBlur(shape: Shape, sigma: number): SeparableOperator {
  const weights = (distance: number) => Math.exp(-(distance ** 2) / (2 * sigma ** 2));
  const reach = Math.ceil(REACH * sigma);
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const sum = offsets.reduce((total, offset) => total + weights(offset), 0);
  const circulant = (size: number) =>
    matrix(size, size, (row, column) =>
      offsets
        .filter((offset) => (((column + offset - row) % size) + size) % size === 0)
        .reduce((total, offset) => total + weights(offset) / sum, 0));
  const [height, width] = shape.slice(-2);
  return separable(shape, circulant(height), circulant(width));
}

/**
 * Means over blocks of `factor` x `factor` pixels: what super-resolution undoes.
 * @throws {RangeError} when the image is not made of whole blocks
 */
export function averagePooling(shape: Shape, factor: number): SeparableOperator {
  const [height, width] = shape.slice(-2);
  requireFactor("average blocks", factor, [height, width]);
  const mean = (size: number) =>
    matrix(
      size / factor,
      size,
      (row, column) => Math.floor(column / factor) === row ? 1 / factor : 0,
    );
  return separable(shape, mean(height), mean(width));
}

/** Half-width of the cubic kernel. */
const CUBIC_REACH = 2;
/** Keys' parameter a (1981), as most libraries have it. */
const CUBIC_A = -0.5;

/** The cubic convolution kernel of Keys, IEEE Trans. ASSP 29, 1981. */
function cubic(distance: number): number {
  const t = Math.abs(distance);
  if (t < 1) return (CUBIC_A + 2) * t ** 3 - (CUBIC_A + 3) * t ** 2 + 1;
  return t < CUBIC_REACH ? CUBIC_A * (t ** 3 - 5 * t ** 2 + 8 * t - 4) : 0;
}

/**
 * Fewer pixels by the cubic kernel, stretched by `factor` against aliasing; weights at the edges are
 * brought to unit sum: what most super-resolution benchmarks undo.
 * @throws {RangeError} when `factor` does not divide the sides
 */
export function bicubicDownsampling(shape: Shape, factor: number): SeparableOperator {
  const [height, width] = shape.slice(-2);
  requireFactor("downsample", factor, [height, width]);
  const rows = (size: number) => {
    const count = size / factor;
    const weights = Array.from({ length: count }, (_, row) => {
      const centre = (row + 0.5) * factor - 0.5;
      const line = Array.from({ length: size }, (_, column) => cubic((column - centre) / factor));
      const sum = line.reduce((total, weight) => total + weight, 0);
      return line.map((weight) => weight / sum);
    });
    return matrix(count, size, (row, column) => weights[row][column]);
  };
  return separable(shape, rows(height), rows(width));
}

function requireFactor(action: string, factor: number, sides: readonly number[]): void {
  if (Number.isInteger(factor) && factor >= 1 && sides.every((side) => side % factor === 0)) return;
  throw new RangeError(
    `Cannot ${action} by ${factor}: a whole factor that divides ${sides.join(" and ")} is required`,
  );
}

function matrix(
  rows: number,
  columns: number,
  entry: (row: number, column: number) => number,
): NdArray {
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => entry(Math.floor(i / columns), i % columns),
  );
  return ndarray(data, [rows, columns]);
}

/** x -> R x C^T, with R along H and C along W. */
function separable(shape: Shape, rows: NdArray, columns: NdArray): SeparableOperator {
  const [alongH, alongW] = [constant(rows), constant(columns)];
  const [alongHBack, alongWBack] = [swapLastAxes(alongH), swapLastAxes(alongW)];
  const forward = (x: Tensor) => matMul(matMul(alongH, x), alongWBack);
  const adjoint = (y: Tensor) => matMul(matMul(alongHBack, y), alongW);
  return {
    domain: shape,
    range: [...shape.slice(0, -2), alongH.shape[0], alongW.shape[0]],
    along: [rows, columns],
    forward,
    adjoint,
    normal: (x) => adjoint(forward(x)),
  };
}
