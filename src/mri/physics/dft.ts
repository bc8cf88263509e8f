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
import { sizeOf } from "../../ndarray.ts";
import {
  constant,
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

/** Angle index of `w = exp(-2 pi i / N)` to the power p, exact for large p. */
function rotation(power: number, length: number, direction: Direction): [number, number] {
  const turn = ((power % length) + length) % length;
  const angle = (direction === "forward" ? -2 : 2) * Math.PI * turn / length;
  return [Math.cos(angle), Math.sin(angle)];
}

/**
 * A real matrix that acts on stacked real and imaginary parts.
 * @param entry complex entry (row, column)
 * @param interleave true: row order (row, re/im) instead of (re/im, row)
 */
export function blockMatrix(
  rows: number,
  columns: number,
  entry: (row: number, column: number) => [number, number],
  interleave = false,
): Float32Array {
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
  return data;
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

/** The dense matrix `[2K, 2N]` of chosen rows k of the transform. */
function denseMatrix(length: number, rows: readonly number[], direction: Direction): Tensor {
  const centre = Math.floor(length / 2);
  const scale = 1 / Math.sqrt(length);
  return cached(`dense ${length} ${direction} ${rows}`, () => {
    const data = blockMatrix(rows.length, length, (row, n) => {
      const [re, im] = rotation((rows[row] - centre) * (n - centre), length, direction);
      return [re * scale, im * scale];
    });
    return constant({ data, shape: [2 * rows.length, 2 * length] });
  });
}

const allRows = (length: number) => Array.from({ length }, (_, k) => k);

/** Factors of the two stages; see `twoStage`. */
function stageMatrices(n1: number, n2: number, direction: Direction): [Tensor, Tensor] {
  const length = n1 * n2;
  const centre = Math.floor(length / 2);
  const scale = 1 / Math.sqrt(length);
  const first = cached(`first ${n1} ${n2} ${direction}`, () => {
    const data = blockMatrix(
      n1,
      n1,
      (k1, a) => rotation((k1 - centre) * a * n2, length, direction),
      true,
    );
    return constant({ data, shape: [2 * n1, 2 * n1] });
  });
  const second = cached(`second ${n1} ${n2} ${direction}`, () => {
    const data = new Float32Array(n1 * 4 * n2 * n2);
    for (let k1 = 0; k1 < n1; k1++) {
      const block = blockMatrix(n2, n2, (k2, b) => {
        const k = k1 + n1 * k2;
        const [re, im] = rotation((k - centre) * (b - centre), length, direction);
        return [re * scale, im * scale];
      });
      data.set(block, k1 * 4 * n2 * n2);
    }
    return constant({ data, shape: [n1, 2 * n2, 2 * n2] });
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

function requireComplex(x: Tensor): void {
  if (x.rank < 3 || x.shape[x.rank - 3] !== 2) {
    throw new RangeError(
      `Cannot transform [${x.shape}]: a complex array [..., 2, H, W] is required`,
    );
  }
}

/**
 * Transform along H (phase encoding) of a complex array.
 * @param x `[..., 2, H, W]`
 * @returns `[..., 2, H, W]`
 */
export function dftH(x: Tensor, direction: Direction = "forward"): Tensor {
  requireComplex(x);
  const height = x.shape[x.rank - 2];
  const factors = factorLength(height);
  if (factors === null) return dftHRows(x, allRows(height), direction);
  const lead = x.shape.slice(0, -3);
  const flat = reshape(x, [sizeOf(lead), ...x.shape.slice(-3)]);
  return reshape(twoStage(flat, factors[0], factors[1], direction), x.shape);
}

/**
 * Chosen rows of the transform along H: k-space lines that were acquired.
 * @param x `[..., 2, H, W]`
 * @param rows line numbers k, from 0 to H - 1
 * @returns `[..., 2, rows, W]`
 */
export function dftHRows(x: Tensor, rows: readonly number[], direction: Direction): Tensor {
  requireComplex(x);
  const [height, width] = x.shape.slice(-2);
  const lead = x.shape.slice(0, -3);
  const flat = reshape(x, [sizeOf(lead), 2 * height, width]);
  const lines = matMul(denseMatrix(height, rows, direction), flat);
  return reshape(lines, [...lead, 2, rows.length, width]);
}

/**
 * The adjoint of `dftHRows`: from chosen lines back to all of H.
 * @param y `[..., 2, rows, W]`
 * @param height H
 * @returns `[..., 2, H, W]`
 */
export function dftHRowsAdjoint(
  y: Tensor,
  rows: readonly number[],
  height: number,
  direction: Direction,
): Tensor {
  requireComplex(y);
  const width = y.shape[y.rank - 1];
  const lead = y.shape.slice(0, -3);
  const centre = Math.floor(height / 2), scale = 1 / Math.sqrt(height);
  const backwards = direction === "forward" ? "inverse" : "forward";
  const matrix = cached(`adjoint ${height} ${direction} ${rows}`, () => {
    const data = blockMatrix(height, rows.length, (n, row) => {
      const [re, im] = rotation((rows[row] - centre) * (n - centre), height, backwards);
      return [re * scale, im * scale];
    });
    return constant({ data, shape: [2 * height, 2 * rows.length] });
  });
  const flat = reshape(y, [sizeOf(lead), 2 * rows.length, width]);
  return reshape(matMul(matrix, flat), [...lead, 2, height, width]);
}

/**
 * Lines at equal distances: `first, first + period, ...`, with a period that divides the length, so
 * that they go on across its end.
 */
export interface Comb {
  /** Distance of the lines. */
  readonly period: number;
  /** The first of them, below the period. */
  readonly first: number;
}

/** The densest comb among lines, if there is one. */
export function densestComb(lines: readonly number[], length: number): Comb | undefined {
  const acquired = new Set(lines);
  for (let period = 1; period < length; period++) {
    if (length % period !== 0) continue;
    for (let first = 0; first < period; first++) {
      const rows = Array.from({ length: length / period }, (_, i) => first + i * period);
      if (rows.every((row) => acquired.has(row))) return { period, first };
    }
  }
  return undefined;
}

/** Whether a line belongs to a comb. */
export const isOnComb = (line: number, { period, first }: Comb): boolean => line % period === first;

/**
 * Transform along H to the lines of a comb and back. Undersampling by R folds the image onto itself
 * R times: pixel n gets `e^(2 pi i (first - c) j / R) / R` of the pixel `j H / R` before it, for
 * j from 0 to R - 1, and nothing of others, so no transform is needed.
 * @param x `[..., 2, H, W]`
 * @returns `[..., 2, H, W]`
 */
export function combNormal(x: Tensor, { period, first }: Comb): Tensor {
  requireComplex(x);
  if (period === 1) return x;
  const [height, width] = x.shape.slice(-2);
  const centre = Math.floor(height / 2);
  const fold = cached(`fold ${height} ${period} ${first}`, () => {
    const data = blockMatrix(period, period, (row, column) => {
      const [re, im] = rotation((first - centre) * (row - column), period, "inverse");
      return [re / period, im / period];
    });
    return constant({ data, shape: [2 * period, 2 * period] });
  });
  const lead = x.shape.slice(0, -3);
  const folded = reshape(x, [sizeOf(lead), 2 * period, height / period * width]);
  return reshape(matMul(fold, folded), x.shape);
}

/**
 * Transform along W (readout) of a complex array.
 * @param x `[..., 2, H, W]`
 * @returns `[..., 2, H, W]`
 */
export function dftW(x: Tensor, direction: Direction = "forward"): Tensor {
  return swapLastAxes(dftH(swapLastAxes(x), direction));
}

/** Transform along H and W: fastMRI's `fft2c` (`inverse`: `ifft2c`). */
export function dft2(x: Tensor, direction: Direction = "forward"): Tensor {
  return dftW(dftH(x, direction), direction);
}
