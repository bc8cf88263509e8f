/**
 * The centred orthonormal DFT of any length, as matrix products.
 *
 * `F[k, n] = exp(-2 pi i (k - c)(n - c) / N) / sqrt(N)` with `c = floor(N / 2)`: the transform that
 * fastMRI calls `fft2c`, with the shifts inside the matrix. Planar complex arrays `[..., 2, H, W]`
 * reshape for free to `[..., 2H, W]`, so a transform along H is a product with a real `2H x 2H`
 * block matrix; long composite lengths are done in two stages (Cooley and Tukey 1965) with the
 * twiddle factors folded into the second.
 * @module
 */
import { type NdArray, sizeOf } from "../../ndarray.ts";
import {
  constant,
  constantOf,
  matMul,
  reshape,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";

/** Direction of a transform: `forward` from image to k-space, `inverse` back. */
export type Direction = "forward" | "inverse";

/** Lengths below this are one product: the second stage would cost more than it saves. */
const MIN_TWO_STAGE = 48;

/**
 * Factors `N = N1 N2` of a two-stage transform, as near to each other as the length allows, or
 * null where one product is cheaper (short or nearly prime lengths).
 */
export function factorLength(length: number): [number, number] | null {
  if (length < MIN_TWO_STAGE) return null;
  for (let first = Math.floor(Math.sqrt(length)); first >= 4; first--) {
    if (length % first === 0) return [first, length / first];
  }
  return null;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** `exp(-2 pi i / N)` to the power p (`exp(2 pi i / N)` backwards), exact for large p. */
function rotation(power: number, length: number, direction: Direction): [number, number] {
  const turn = ((power % length) + length) % length;
  const angle = (direction === "forward" ? -2 : 2) * Math.PI * turn / length;
  return [Math.cos(angle), Math.sin(angle)];
}

/**
 * A real matrix `[2 rows, 2 columns]` that acts on stacked real and imaginary parts.
 * @param entry complex entry (row, column)
 * @param interleave true: row order (row, re/im) instead of (re/im, row)
 */
export function blockMatrix(
  rows: number,
  columns: number,
  entry: (row: number, column: number) => [number, number],
  interleave = false,
): NdArray {
  const data = new Float32Array(4 * rows * columns);
  const stride = 2 * columns;
  for (let row = 0; row < rows; row++) {
    const reRow = (interleave ? 2 * row : row) * stride;
    const imRow = (interleave ? 2 * row + 1 : rows + row) * stride;
    for (let column = 0; column < columns; column++) {
      const [re, im] = entry(row, column);
      data[reRow + column] = re;
      data[reRow + columns + column] = -im;
      data[imRow + column] = im;
      data[imRow + columns + column] = re;
    }
  }
  return { data, shape: [2 * rows, stride] };
}

/** The transform from chosen inputs n to chosen outputs k, as a matrix. */
function transformMatrix(
  outputs: readonly number[],
  inputs: readonly number[],
  length: number,
  direction: Direction,
): NdArray {
  const centre = Math.floor(length / 2), scale = 1 / Math.sqrt(length);
  return blockMatrix(outputs.length, inputs.length, (i, j) => {
    const power = (outputs[i] - centre) * (inputs[j] - centre);
    const [re, im] = rotation(power, length, direction);
    return [re * scale, im * scale];
  });
}

/** Constants are shared between graphs that transform the same length; at most 64 are kept. */
const matrices = new Map<string, Tensor>();

function cached(key: string, make: () => Tensor): Tensor {
  let matrix = matrices.get(key);
  if (matrix === undefined) {
    if (matrices.size >= 64) matrices.clear();
    matrices.set(key, matrix = make());
  }
  return matrix;
}

/** Factors of the two stages; see `twoStage`. */
function stageMatrices(n1: number, n2: number, direction: Direction): [Tensor, Tensor] {
  const length = n1 * n2, centre = Math.floor(length / 2);
  const first = cached(`first ${n1} ${n2} ${direction}`, () => {
    const entry = (k1: number, a: number) => rotation((k1 - centre) * a * n2, length, direction);
    return constant(blockMatrix(n1, n1, entry, true));
  });
  const second = cached(`second ${n1} ${n2} ${direction}`, () => {
    const data = new Float32Array(n1 * 4 * n2 * n2);
    for (const k1 of range(n1)) {
      const outputs = range(n2).map((k2) => k1 + n1 * k2);
      const block = transformMatrix(outputs, range(n2), length, direction);
      data.set(block.data, k1 * block.data.length);
    }
    return constantOf(data, [n1, 2 * n2, 2 * n2]);
  });
  return [first, second];
}

/**
 * Two stages along H of `[B, 2, H, W]`: with n = a N2 + b and k = k1 + N1 k2,
 * `w^((k-c)(n-c)) = w^((k1-c) a N2) w^((k-c)(b-c))`.
 */
function twoStage(x: Tensor, n1: number, n2: number, direction: Direction): Tensor {
  const [batch, , height, width] = x.shape;
  const [first, second] = stageMatrices(n1, n2, direction);
  const overA = matMul(first, reshape(x, [batch, 2 * n1, n2 * width])); // rows (k1, re/im)
  const overB = matMul(second, reshape(overA, [batch, n1, 2 * n2, width])); // rows (re/im, k2)
  const ordered = transpose(reshape(overB, [batch, n1, 2, n2, width]), [0, 2, 3, 1, 4]);
  return reshape(ordered, [batch, 2, height, width]);
}

/** Axes before `[2, H, W]` of a complex array, H and W. */
function complexShape({ rank, shape }: Tensor): { lead: number[]; height: number; width: number } {
  if (rank < 3 || shape[rank - 3] !== 2) {
    throw new RangeError(`Cannot transform [${shape}]: a complex array [..., 2, H, W] is required`);
  }
  return { lead: shape.slice(0, -3), height: shape[rank - 2], width: shape[rank - 1] };
}

/** A matrix `[2K, 2H]` along H of `[..., 2, H, W]`: `[..., 2, K, W]`. */
function matrixAlongH(matrix: Tensor, x: Tensor): Tensor {
  const { lead, height, width } = complexShape(x);
  const lines = matMul(matrix, reshape(x, [sizeOf(lead), 2 * height, width]));
  return reshape(lines, [...lead, 2, matrix.shape[0] / 2, width]);
}

/** Transform along H (phase encoding) of a complex array `[..., 2, H, W]`. */
export function dftH(x: Tensor, direction: Direction = "forward"): Tensor {
  const { lead, height, width } = complexShape(x);
  const factors = factorLength(height);
  if (factors === null) return dftHRows(x, range(height), direction);
  const flat = reshape(x, [sizeOf(lead), 2, height, width]);
  return reshape(twoStage(flat, ...factors, direction), x.shape);
}

/**
 * Chosen rows of the transform along H, `[..., 2, rows, W]`: k-space lines that were acquired.
 * @param rows line numbers k, from 0 to H - 1
 */
export function dftHRows(x: Tensor, rows: readonly number[], direction: Direction): Tensor {
  const { height } = complexShape(x);
  const matrix = cached(
    `dense ${height} ${direction} ${rows}`,
    () => constant(transformMatrix(rows, range(height), height, direction)),
  );
  return matrixAlongH(matrix, x);
}

/** The adjoint of `dftHRows`: from chosen lines `[..., 2, rows, W]` back to all of `height`. */
export function dftHRowsAdjoint(
  y: Tensor,
  rows: readonly number[],
  height: number,
  direction: Direction,
): Tensor {
  const backwards = direction === "forward" ? "inverse" : "forward";
  const matrix = cached(
    `adjoint ${height} ${direction} ${rows}`,
    () => constant(transformMatrix(range(height), rows, height, backwards)),
  );
  return matrixAlongH(matrix, y);
}

/**
 * Lines at equal distances: `first, first + period, ...`, with a period that divides the length, so
 * that they go on across its end.
 */
export interface Comb {
  readonly period: number;
  /** The first line, below the period. */
  readonly first: number;
}

/** The densest comb among lines, if there is one. */
export function densestComb(lines: readonly number[], length: number): Comb | undefined {
  const acquired = new Set(lines);
  for (const period of range(length).filter((period) => length % period === 0)) {
    for (const first of range(period)) {
      const rows = range(length / period).map((i) => first + i * period);
      if (rows.every((row) => acquired.has(row))) return { period, first };
    }
  }
  return undefined;
}

/**
 * Transform along H to the lines of a comb and back. Undersampling by R folds the image onto itself
 * R times: pixel n gets `e^(2 pi i (first - c) j / R) / R` of the pixel `j H / R` before it, for
 * j from 0 to R - 1, and nothing of others, so no transform is needed.
 */
export function combNormal(x: Tensor, { period, first }: Comb): Tensor {
  const { lead, height, width } = complexShape(x);
  if (period === 1) return x;
  const centre = Math.floor(height / 2);
  const fold = cached(
    `fold ${height} ${period} ${first}`,
    () =>
      constant(blockMatrix(period, period, (row, column) => {
        const [re, im] = rotation((first - centre) * (row - column), period, "inverse");
        return [re / period, im / period];
      })),
  );
  const aliases = reshape(x, [sizeOf(lead), 2, period, height / period * width]);
  return reshape(matrixAlongH(fold, aliases), x.shape);
}

/** Transform along W (readout) of a complex array `[..., 2, H, W]`. */
export const dftW = (x: Tensor, direction: Direction = "forward"): Tensor =>
  swapLastAxes(dftH(swapLastAxes(x), direction));

/** Transform along H and W: fastMRI's `fft2c` (`inverse`: `ifft2c`). */
export const dft2 = (x: Tensor, direction: Direction = "forward"): Tensor =>
  dftW(dftH(x, direction), direction);
