/**
 * Coil sensitivities by adaptive combination (Walsh, Gmitro and Marcellin, Magn Reson Med 43:682,
 * 2000): the cheap choice. Each pixel's map is the dominant eigenvector of the coils' covariance
 * over a small neighbourhood of the calibration image. It leaves more of the object's own detail in
 * the maps than ESPIRiT does, and needs no kernel.
 * @module
 */
import {
  add,
  concat,
  constant,
  div,
  matMul,
  max,
  mul,
  reduceSum,
  reshape,
  slice,
  sub,
  swapLastAxes,
  type Tensor,
  transpose,
} from "../../graph/mod.ts";
import { blockMatrix } from "../physics/dft.ts";
import { coilCovariance } from "./coil_compression.ts";
import { dominantVectors, principalVector, realDiagonal, realForm } from "./hermitian_tensors.ts";
import { gridPixels } from "./espirit.ts";

/** Half the side of the neighbourhood, grid pixels: 5 x 5 as in the paper's examples. */
const REACH = 2;

const TINY = 1e-20;

/** Transforms the H axis of central samples `[C, 2, a, b]` to pixels of the image: `[C, 2, p, b]`. */
function toPixels(x: Tensor, length: number, pixels: readonly number[]): Tensor {
  const [coils, , count, width] = x.shape;
  const centre = Math.floor(length / 2), first = -Math.floor(count / 2);
  const phases = constant(blockMatrix(pixels.length, count, (i, k) => {
    const angle = 2 * Math.PI * (first + k) * (pixels[i] - centre) / length;
    return [Math.cos(angle), Math.sin(angle)];
  }));
  const image = matMul(phases, reshape(x, [coils, 2 * count, width]));
  return reshape(image, [coils, 2, pixels.length, width]);
}

/** Sums over a window along an axis of `size` pixels, as a matrix. */
function windowMatrix(size: number): Tensor {
  const data = new Float32Array(size * size);
  for (let i = 0; i < size; i++) {
    data.fill(1, i * size + Math.max(0, i - REACH), i * size + Math.min(size, i + REACH + 1));
  }
  return constant({ data, shape: [size, size] });
}

/** Covariances `[P, 2, C, C]` of coil images `[C, 2, h, w]` over the neighbourhood of each pixel. */
function neighbourhoodCovariance(images: Tensor): Tensor {
  const [coils, , rows, columns] = images.shape;
  const column = (x: Tensor) => reshape(x, [coils, 1, rows, columns]);
  const row = (x: Tensor) => reshape(x, [1, coils, rows, columns]);
  const [re, im] = [slice(images, 1, 0, 1), slice(images, 1, 1, 2)];
  const real = add(mul(column(re), row(re)), mul(column(im), row(im)));
  const imaginary = sub(mul(column(im), row(re)), mul(column(re), row(im)));
  const shape = [1, coils, coils, rows, columns];
  const both = concat([reshape(real, shape), reshape(imaginary, shape)], 0);
  const smooth = matMul(matMul(windowMatrix(rows), both), windowMatrix(columns));
  return reshape(transpose(smooth, [3, 4, 0, 1, 2]), [rows * columns, 2, coils, coils]);
}

/**
 * Unit vectors `[C, 2, h, w]` and eigenvalues `[h, w]` on a coarse grid (see `gridPixels`), from a
 * calibration region.
 * @param calibration k-space `[C, 2, a, b]` about the centre, both axes transformed
 * @param sigma noise per real and imaginary part, `[1, 1]`
 * @param size H and W of the image
 */
export function adaptiveVectors(
  calibration: Tensor,
  sigma: Tensor,
  [height, width]: readonly [number, number],
): { vectors: Tensor; eigenvalues: Tensor } {
  const [coils, , lines, samples] = calibration.shape;
  const [rows, columns] = [gridPixels(height), gridPixels(width)];
  // Energy that noise alone leaves in a full neighbourhood of one pixel, all coils together.
  const perVariance = 2 * lines * samples * coils * (2 * REACH + 1) ** 2;
  const noise = mul(reshape(mul(sigma, sigma), [1, 1, 1]), perVariance);
  const swapped = swapLastAxes(toPixels(calibration, height, rows));
  const images = swapLastAxes(toPixels(swapped, width, columns));
  const matrices = realForm(neighbourhoodCovariance(images));
  const covariance = reshape(coilCovariance(calibration), [1, 2 * coils, 2 * coils]);
  const { vectors, values } = dominantVectors(matrices, principalVector(covariance));
  // Coherent signal has one eigenvalue; noise spreads its energy over all of them.
  const energy = add(reduceSum(realDiagonal(matrices), [2], { keepDims: true }), noise);
  const shape = [rows.length, columns.length, 2, coils];
  return {
    vectors: transpose(reshape(vectors, shape), [3, 2, 0, 1]),
    eigenvalues: reshape(div(values, max(energy, TINY)), [rows.length, columns.length]),
  };
}
