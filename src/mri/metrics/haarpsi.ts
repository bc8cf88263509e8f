/**
 * A perceptual similarity: R. Reisenhofer, S. Bosse, G. Kutyniok, T. Wiegand, "A Haar wavelet-based
 * perceptual similarity index for image quality assessment", Signal Processing: Image Communication
 * 61, 2018 (arXiv:1607.06140).
 *
 * The convention here: magnitudes are scaled so that the reference's maximum over the volume is 255,
 * on which the paper's constants rely, and are halved by means of 2 x 2 pixels first, as the paper
 * prescribes; beyond its edges the image is zero. Over a volume the weighted sums run over all slices
 * before the final map. Over a region each weight is multiplied by the part of its pixels (2 x 2,
 * fewer at an odd edge) that lies in the region. 1 for identical images.
 * @module
 */
import type { NdArray } from "../../ndarray.ts";
import { comparable } from "./metrics.ts";

/** Stabilises the similarity of coefficients; found by the authors, as ALPHA. */
const C = 30;
/** Steepness of the logistic function. */
const ALPHA = 4.2;
/** Maximum of the scaled reference: the paper's images have 8 bits. */
const PEAK = 255;
/** Scales whose coefficients are compared, and the one whose coefficients weight. */
const COMPARED = [1, 2] as const;
const WEIGHTING = 3;

/** HaarPSI, at most 1; arguments and errors as `psnr`. */
export function haarpsi(
  image: NdArray,
  reference: NdArray,
  region?: Uint8Array,
  range?: number,
): number {
  const checked = comparable("HaarPSI", image, reference, region, range);
  const [slices, height, width] = checked.shape;
  const size = height * width, factor = PEAK / checked.range;
  // Equation 5 of the paper: sums over orientations and pixels, numerator and denominator.
  let similarities = 0, weights = 0;
  for (let slice = 0; slice < slices; slice++) {
    const halved = (data: ArrayLike<number>, factor: number) =>
      halfSize((pixel) => data[slice * size + pixel] * factor, height, width);
    const inside = region && halved(region, 1).values;
    const whole = inside && halfSize(() => 1, height, width).values;
    const tables = [image, reference].map(({ data }) => summedArea(halved(data, factor)));
    for (const alongRows of [true, false]) {
      const magnitudes = (scale: number) => tables.map((table) => haar(table, scale, alongRows));
      const [a, b] = COMPARED.map(magnitudes);
      const [weightX, weightY] = magnitudes(WEIGHTING);
      for (let i = 0; i < weightX.length; i++) {
        const local = (similarity(a[0][i], a[1][i]) + similarity(b[0][i], b[1][i])) / 2;
        const share = inside && whole ? inside[i] / whole[i] : 1;
        const weight = Math.max(weightX[i], weightY[i]) * share;
        similarities += weight / (1 + Math.exp(-ALPHA * local));
        weights += weight;
      }
    }
  }
  if (weights === 0) return 1; // both without any structure
  const mean = similarities / weights;
  return (Math.log(mean / (1 - mean)) / ALPHA) ** 2;
}

/** Equation 3 of the paper for the magnitudes of two coefficients. */
function similarity(a: number, b: number): number {
  return (2 * a * b + C) / (a * a + b * b + C);
}

/** A real image. */
interface Plane {
  readonly values: Float64Array;
  readonly height: number;
  readonly width: number;
}

/** Means of 2 x 2 pixels, each pixel in one mean; beyond an odd edge lie zeros. */
function halfSize(pixel: (index: number) => number, height: number, width: number): Plane {
  const rows = Math.ceil(height / 2), columns = Math.ceil(width / 2);
  const values = new Float64Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      values[(y >> 1) * columns + (x >> 1)] += pixel(y * width + x) / 4;
    }
  }
  return { values, height: rows, width: columns };
}

/** Sums over all pixels above and left: `[H + 1, W + 1]`, the first row and column zero. */
function summedArea({ values, height, width }: Plane): Plane {
  const table = new Float64Array((height + 1) * (width + 1));
  for (let y = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++) {
      row += values[y * width + x];
      table[(y + 1) * (width + 1) + x + 1] = table[y * (width + 1) + x + 1] + row;
    }
  }
  return { values: table, height, width };
}

/**
 * Magnitudes of the Haar coefficients of a scale: over a window of 2^scale x 2^scale pixels the sum
 * of one half less that of the other, times 2^-scale.
 */
function haar({ values: table, height, width }: Plane, scale: number, alongRows: boolean) {
  const half = 2 ** (scale - 1);
  const clampY = (y: number) => Math.min(Math.max(y, 0), height);
  const clampX = (x: number) => Math.min(Math.max(x, 0), width);
  const sum = (top: number, bottom: number, left: number, right: number) => {
    const above = clampY(top) * (width + 1), below = clampY(bottom) * (width + 1);
    const from = clampX(left), to = clampX(right);
    return table[below + to] - table[above + to] - table[below + from] + table[above + from];
  };
  const magnitudes = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    const top = y + 1 - half, bottom = y + 1 + half;
    for (let x = 0; x < width; x++) {
      const left = x + 1 - half, right = x + 1 + half;
      const difference = alongRows
        ? sum(top, y + 1, left, right) - sum(y + 1, bottom, left, right)
        : sum(top, bottom, left, x + 1) - sum(top, bottom, x + 1, right);
      magnitudes[y * width + x] = Math.abs(difference) * 2 ** -scale;
    }
  }
  return magnitudes;
}
