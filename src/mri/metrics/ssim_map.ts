/** The structural similarity map of one slice. @module */

/** Side of the square window, in pixels: the default of scikit-image, which fastMRI uses. */
export const SSIM_WINDOW = 7;
/** Stabilising constants of Wang et al. 2004. */
const K1 = 0.01;
const K2 = 0.03;

/**
 * Structural similarity around each pixel: Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image
 * quality assessment: from error visibility to structural similarity", IEEE TIP 13(4), 2004, equation 13,
 * with a 7 x 7 uniform window and sample covariances. Beyond its edges the image is mirrored (the edge
 * pixel twice), as scikit-image does with `full=True`.
 *
 * @param image H x W pixels in C order, H and W at least 7
 * @param range data range, the maximum of the reference volume
 */
export function ssimMap(
  image: Float32Array,
  reference: Float32Array,
  width: number,
  range: number,
): Float64Array {
  const product = (a: Float32Array, b: Float32Array) =>
    new Float64Array(a).map((value, i) => value * b[i]);
  const meanX = windowMeans(new Float64Array(image), width);
  const meanY = windowMeans(new Float64Array(reference), width);
  const meanXX = windowMeans(product(image, image), width);
  const meanYY = windowMeans(product(reference, reference), width);
  const meanXY = windowMeans(product(image, reference), width);

  const samples = SSIM_WINDOW ** 2;
  const unbiased = samples / (samples - 1);
  const c1 = (K1 * range) ** 2;
  const c2 = (K2 * range) ** 2;
  return meanX.map((x, i) => {
    const y = meanY[i];
    const varianceX = unbiased * (meanXX[i] - x * x);
    const varianceY = unbiased * (meanYY[i] - y * y);
    const covariance = unbiased * (meanXY[i] - x * y);
    return (2 * x * y + c1) * (2 * covariance + c2) /
      ((x * x + y * y + c1) * (varianceX + varianceY + c2));
  });
}

/**
 * Mean over the window ({@link SSIM_WINDOW}) around each pixel: sums that slide along rows, then along
 * columns. Windows that reach beyond an edge are completed by reflection.
 */
export function windowMeans(plane: Float64Array, width: number): Float64Array {
  const height = plane.length / width;
  const half = (SSIM_WINDOW - 1) / 2;
  const alongRows = new Float64Array(plane.length);
  for (let row = 0; row < plane.length; row += width) {
    let sum = 0;
    for (let i = -half; i < half; i++) sum += plane[row + mirror(i, width)];
    for (let x = 0; x < width; x++) {
      sum += plane[row + mirror(x + half, width)];
      alongRows[row + x] = sum;
      sum -= plane[row + mirror(x - half, width)];
    }
  }
  const means = new Float64Array(plane.length);
  const sums = new Float64Array(width);
  const add = (y: number, sign: 1 | -1) => {
    const row = mirror(y, height) * width;
    for (let x = 0; x < width; x++) sums[x] += sign * alongRows[row + x];
  };
  for (let y = -half; y < half; y++) add(y, 1);
  for (let y = 0; y < height; y++) {
    add(y + half, 1);
    for (let x = 0; x < width; x++) means[y * width + x] = sums[x] * (1 / SSIM_WINDOW ** 2);
    add(y - half, -1);
  }
  return means;
}

/** Index of a pixel in an image mirrored at its edges, the edge pixel twice. */
function mirror(index: number, size: number): number {
  if (index < 0) return -index - 1;
  return index < size ? index : 2 * size - 1 - index;
}
