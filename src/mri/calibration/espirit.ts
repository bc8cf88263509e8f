/**
 * Coil sensitivities by ESPIRiT (Uecker et al., Magn Reson Med 71:990, 2014) from the calibration
 * region alone, computed by matrix products only.
 *
 * Two departures from the published algorithm. The paper cuts the singular vectors of the k-space
 * patches at a threshold; here a soft projection weights each by its eigenvalue e against the threshold
 * t: e / (e + t), sharpened twice, so that a vector at the threshold keeps the weight 1/2 and vectors
 * within a factor of about 2 of it are kept in part. No singular vectors are formed. And the matrices of
 * the pixels come straight from the correlations of that projection along its diagonals, which is exact.
 * @module
 */
import {
  concat,
  constant,
  constantOf,
  matMul,
  mul,
  neg,
  reshape,
  type Runtime,
  scalar,
  slice,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { InputError } from "../../errors.ts";
import { type NdArray, zeros } from "../../ndarray.ts";
import { blockMatrix } from "../physics/dft.ts";
import { coilCovariance } from "./coil_compression.ts";
import {
  dominantVectors,
  principalVector,
  realForm,
  softProjection,
  type StackedComplex,
} from "./hermitian_tensors.ts";

/** Side of the kernel in the paper. */
const KERNEL = 6;

/** Offsets between two samples of a kernel, along an axis. */
export const SPAN: number = 2 * KERNEL - 1;

/**
 * The threshold as a multiple of the upper edge of the Marchenko-Pastur law. The edge holds for
 * independent patches; these overlap, so noise reaches beyond it. The factor is an empirical margin.
 */
const NOISE_MARGIN = 1.5;

/**
 * Smallest threshold, as a fraction of the trace of the covariance: what data free of noise count as null
 * space, and what keeps the matrix invertible in float32.
 */
const RELATIVE_FLOOR = 1e-6;

/** Mean covariance (Hermitian `n x n`, n = k k C) of all k x k patches, entries (offset, coil). */
function patchCovariance(calibration: Tensor): StackedComplex {
  const [coils, , height, width] = calibration.shape;
  const [rows, columns] = [height - KERNEL + 1, width - KERNEL + 1];
  const patches = rows * columns;
  const offsets: Tensor[] = [];
  for (let dy = 0; dy < KERNEL; dy++) {
    for (let dx = 0; dx < KERNEL; dx++) {
      const shifted = slice(slice(calibration, 2, dy, dy + rows), 3, dx, dx + columns);
      offsets.push(reshape(shifted, [1, coils, 2, patches]));
    }
  }
  const n = coils * KERNEL * KERNEL;
  const all = concat(offsets, 0); // (offset, coil), re/im, patch
  const re = reshape(slice(all, 2, 0, 1), [n, patches]);
  const im = reshape(slice(all, 2, 1, 2), [n, patches]);
  const half = concat([re, neg(im)], 1);
  const whole = concat([half, concat([im, re], 1)], 0);
  return mul(matMul(whole, swapLastAxes(half)), scalar(1 / patches));
}

/**
 * Sums the projection along its diagonals: `K[dy, dx, c, c']`, the correlation kernel whose Fourier
 * transform is the C x C matrix of each pixel. Real and imaginary part lead: `[2, D, D, C, C]`.
 */
function correlationKernel(projection: StackedComplex, coils: number): Tensor {
  const axes = reshape(projection, [2, KERNEL, KERNEL, coils, KERNEL, KERNEL, coils]);
  // -> re/im, (dy, dy'), (dx, dx'), c, c'
  const paired = transpose(axes, [0, 1, 4, 2, 5, 3, 6]);
  const sums = diagonalSums();
  const overY = matMul(sums, reshape(paired, [2, KERNEL ** 2, KERNEL ** 2 * coils ** 2]));
  const overX = matMul(sums, reshape(overY, [2, SPAN, KERNEL ** 2, coils ** 2]));
  return mul(reshape(overX, [2, SPAN, SPAN, coils, coils]), scalar(1 / KERNEL ** 2));
}

/** The matrix `[2k - 1, k k]` that sums a k x k matrix M[d, d'] over each diagonal d' - d. */
function diagonalSums(): Tensor {
  const data = new Float32Array(SPAN * KERNEL ** 2);
  for (let d = 0; d < KERNEL; d++) {
    for (let e = 0; e < KERNEL; e++) {
      data[(e - d + KERNEL - 1) * KERNEL ** 2 + d * KERNEL + e] = 1;
    }
  }
  return constantOf(data, [SPAN, KERNEL ** 2]);
}

/**
 * exp(-2 pi i delta (r - c) / N) in real form, for kernel offsets delta = 1 - k .. k - 1 and the
 * pixels r: `[(r, re/im), (re/im, delta)]`.
 */
export function kernelPhases(length: number, pixels: readonly number[]): NdArray {
  const centre = Math.floor(length / 2);
  return blockMatrix(pixels.length, SPAN, (i, j) => {
    const angle = -2 * Math.PI * (j - KERNEL + 1) * (pixels[i] - centre) / length;
    return [Math.cos(angle), Math.sin(angle)];
  }, true);
}

/** Threshold between noise and signal eigenvalues of the patch covariance, over the noise variance. */
function relativeThreshold([coils, , height, width]: readonly number[]): number {
  const patches = (height - KERNEL + 1) * (width - KERNEL + 1);
  // Upper edge of the Marchenko-Pastur law for complex noise of variance 2 sigma^2.
  return NOISE_MARGIN * 2 * (1 + Math.sqrt(coils * KERNEL ** 2 / patches)) ** 2;
}

/**
 * Most pixels along an axis at which eigenvectors are computed. A kernel of 6 limits the matrices
 * to 11 samples of k-space, so 128 pixels oversample them tenfold and the rest can be interpolated.
 */
const GRID = 128;

/** Elements of the matrices that one tile may hold: a few tens of megabytes. */
const TILE_ELEMENTS = 8e6;

/** Unit vectors and eigenvalues on a coarse grid of pixels; see {@link gridPixels}. */
export interface CoarseMaps {
  /** Unit vectors `[C, 2, h, w]`. */
  readonly vectors: NdArray;
  /** Eigenvalues `[h, w]`: near 1 within the object, smaller outside. */
  readonly eigenvalues: NdArray;
  /** Upper bounds of the second eigenvalues `[h, w]`: near 1 where two sensitivities overlap. */
  readonly seconds?: NdArray;
}

/** Evenly spaced pixels of an axis, at most `GRID`. */
export function gridPixels(length: number): number[] {
  const step = Math.ceil(length / GRID);
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
}

/**
 * The correlation kernel of the signal space of a calibration region, and the phase reference: what
 * {@link compileVectors} goes on from.
 * @param calibration k-space `[C, 2, a, b]` about the centre, both axes transformed
 * @param sigma noise per real and imaginary part, `[1, 1]`
 * @throws {InputError} when the region is smaller than the kernel
 */
export function espiritKernel(
  calibration: Tensor,
  sigma: Tensor,
): { correlation: Tensor; reference: Tensor } {
  const [coils, , lines, samples] = calibration.shape;
  if (lines < KERNEL || samples < KERNEL) {
    throw new InputError(
      `Cannot calibrate coil maps: a region of at least ${KERNEL} x ${KERNEL} samples is required, ` +
        `found ${lines} x ${samples}`,
      { hint: "Give more calibration lines (acs=24) or coil maps (--maps)" },
    );
  }
  const covariance = patchCovariance(calibration);
  const noise = mul(mul(sigma, sigma), relativeThreshold(calibration.shape));
  const projection = softProjection(covariance, noise, RELATIVE_FLOOR);
  return {
    correlation: correlationKernel(projection, coils),
    reference: principalVector(reshape(coilCovariance(calibration), [1, 2 * coils, 2 * coils])),
  };
}

/** Rows of the grid that are worked on at once. */
export function tileRows(coils: number, [height, width]: readonly [number, number]): number {
  const perRow = 4 * coils * coils * gridPixels(width).length;
  return Math.max(1, Math.min(gridPixels(height).length, Math.floor(TILE_ELEMENTS / perRow)));
}

/**
 * The matrices of the pixels of some rows, in real form `[rows * columns, 2C, 2C]`: the Fourier transform
 * of the correlation kernel.
 * @param phases of the rows, see `kernelPhases`
 */
export function pixelMatrices(correlation: Tensor, phases: Tensor, width: number): Tensor {
  const [rows, columns, coils] = [
    phases.shape[0] / 2,
    gridPixels(width),
    correlation.shape[3],
  ];
  const overY = matMul(phases, reshape(correlation, [2 * SPAN, SPAN * coils ** 2]));
  const perRow = reshape(overY, [rows, 2 * SPAN, coils ** 2]);
  const overX = matMul(constant(kernelPhases(width, columns)), perRow);
  return realForm(reshape(overX, [rows * columns.length, 2, coils, coils]));
}

/**
 * Compiles the eigenvectors of the pixels: in tiles of rows, the dominant eigenvector of the Fourier
 * transform of what {@link espiritKernel} gives.
 */
export async function compileVectors(
  runtime: Runtime,
  coils: number,
  [height, width]: readonly [number, number],
): Promise<(kernel: Readonly<Record<string, NdArray>>) => Promise<CoarseMaps>> {
  const [rows, columns] = [gridPixels(height), gridPixels(width)];
  const tile = tileRows(coils, [height, width]);
  const program = await runtime.build(
    {
      correlation: [2, SPAN, SPAN, coils, coils],
      reference: [2 * coils, 1],
      phases: [2 * tile, 2 * SPAN],
    },
    ({ correlation, reference, phases }) => {
      const matrices = pixelMatrices(correlation, phases, width);
      const { vectors, values, seconds } = dominantVectors(matrices, reference);
      return {
        vectors: transpose(reshape(vectors, [tile, columns.length, 2, coils]), [3, 2, 0, 1]),
        eigenvalues: reshape(values, [tile, columns.length]),
        seconds: reshape(seconds, [tile, columns.length]),
      };
    },
  );
  return async ({ correlation, reference }) => {
    const vectors = zeros([coils, 2, rows.length, columns.length]);
    const eigenvalues = zeros([rows.length, columns.length]);
    const seconds = zeros(eigenvalues.shape);
    for (let next = 0; next < rows.length; next += tile) {
      const first = Math.min(next, rows.length - tile); // the last tile overlaps the one before
      const phases = kernelPhases(height, rows.slice(first, first + tile));
      const part = await program.run({ correlation, reference, phases });
      placeRows(eigenvalues, part.eigenvalues, first);
      placeRows(seconds, part.seconds, first);
      placeRows(vectors, part.vectors, first);
    }
    return { vectors, eigenvalues, seconds };
  };
}

/** Copies the rows of a tile `[..., tile, w]` into `[..., h, w]`. */
function placeRows(whole: NdArray, tile: NdArray, first: number): void {
  const [height, width] = whole.shape.slice(-2);
  const tileSize = tile.shape.at(-2)! * width;
  for (let plane = 0; plane * tileSize < tile.data.length; plane++) {
    const pixels = tile.data.subarray(plane * tileSize, (plane + 1) * tileSize);
    whole.data.set(pixels, (plane * height + first) * width);
  }
}
