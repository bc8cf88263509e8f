/** The calibration region inside graphs: where it lies, and the image that it makes. @module */
import { constant, mul, reduceSum, reshape, slice, sqrt, type Tensor } from "../../graph/mod.ts";
import { squaredMagnitude } from "../physics/complex.ts";
import { dft2, dftHRowsAdjoint, dftW } from "../physics/dft.ts";
import { centred } from "../physics/resample.ts";
import { centredStart, type SamplingMask } from "../sampling/sampling_mask.ts";

/**
 * Samples of the calibration region along each axis, about the centre. A fully sampled file need not be
 * used whole, and the coil maps are so smooth that samples farther out only add noise.
 */
const MAX_SIDE = 48;

/** Root sum of squares over the coils, `[C, 2, H, W]` to `[H, W]`. */
export function rootSumOfSquares(images: Tensor): Tensor {
  const [, , height, width] = images.shape;
  return reshape(sqrt(reduceSum(squaredMagnitude(images), [0])), [height, width]);
}

/**
 * Where the calibration lines stand among the rows of y, and in k-space: of many, those nearest to the
 * centre.
 */
function calibrationRows({ acs, acsStart, height, lines }: SamplingMask) {
  const count = Math.min(acs, MAX_SIDE);
  const start = Math.min(Math.max(centredStart(height, count), acsStart), acsStart + acs - count);
  return { first: lines.indexOf(start), start, count };
}

/**
 * The rows of y that make an image where no calibration lines lie about the centre: as far from it as
 * calibration lines reach, or all. Each has the energy of the lines that it stands for, so that the
 * image, in which others fold over, has the energy of an image of all lines.
 */
function rowsAboutCentre({ height, lines, acs, acsStart }: SamplingMask) {
  const centre = Math.floor(height / 2);
  const reach = acs === 0
    ? height
    : Math.max(Math.abs(acsStart - centre), Math.abs(acsStart + acs - 1 - centre));
  const taken = lines.filter((line) => Math.abs(line - centre) <= reach);
  const weights = taken.map((line, i) =>
    Math.sqrt(((taken[i + 1] ?? line + 1) - (taken[i - 1] ?? line - 1)) / 2)
  );
  return { first: lines.indexOf(taken[0]), taken, weights };
}

/**
 * Magnitude of the image that the calibration region alone makes, `[H, W]`; of a folded image of the
 * same energy where no such region lies about the centre.
 * @param y `[C, 2, rows, W]`
 */
export function calibrationImage(y: Tensor, mask: SamplingMask): Tensor {
  const { first, start, count } = calibrationRows(mask);
  const { height, width, lines } = mask;
  if (mask.isLines && (count === 0 || !mask.isCalibrationCentred)) {
    const { first, taken, weights } = rowsAboutCentre(mask);
    const weight = constant({ data: Float32Array.from(weights), shape: [taken.length, 1] });
    const chosen = mul(slice(y, 2, first, first + taken.length), weight);
    return rootSumOfSquares(dftHRowsAdjoint(chosen, taken, height, "forward"));
  }
  if (mask.isLines) {
    const chosen = slice(y, 2, first, first + count), taken = lines.slice(first, first + count);
    return rootSumOfSquares(dftHRowsAdjoint(chosen, taken, height, "forward"));
  }
  const left = centredStart(width, count);
  const inside = new Float32Array(height * width);
  for (let row = start; row < start + count; row++) {
    inside.fill(1, row * width + left, row * width + left + count);
  }
  const chosen = count === 0 ? y : mul(y, constant({ data: inside, shape: [height, width] }));
  return rootSumOfSquares(dft2(chosen, "inverse"));
}

/** The calibration region of y as k-space `[C, 2, a, b]`, or undefined when there is none. */
export function calibrationRegion(y: Tensor, mask: SamplingMask): Tensor | undefined {
  const { first, count } = calibrationRows(mask);
  if (count === 0) return undefined;
  const lines = slice(y, 2, first, first + count);
  return mask.isLines
    ? centred(dftW(lines, "forward"), 3, Math.min(mask.width, MAX_SIDE))
    : centred(lines, 3, count);
}

/**
 * Calibration lines of a scan of their own, brought to the field of view of the image.
 * @param block k-space about the centre `[C, 2, a, b]`
 * @param readout readout samples of the file, before oversampling is removed
 * @returns the region `[C, 2, a, b]`, and the magnitude of the image that it makes `[H, W]`
 */
export function separateRegion(
  block: Tensor,
  { height, width }: SamplingMask,
  readout: number,
): { calibration: Tensor; image: Tensor } {
  const [, , rows, samples] = block.shape;
  const pixels = centred(dftW(centred(block, 3, readout), "inverse"), 3, width);
  const lines = dftW(pixels, "forward");
  const columns = Math.min(width, MAX_SIDE, samples);
  return {
    calibration: centred(centred(lines, 3, columns), 2, Math.min(rows, MAX_SIDE)),
    image: rootSumOfSquares(dft2(centred(lines, 2, height), "inverse")),
  };
}
