/**
 * Where the echo lies in k-space. An echo some samples off the centre (M4Raw's readouts) is a linear
 * phase of the image. Sparse transforms and networks expect a smooth one, so it is taken out of the
 * image and put into the coil maps: A (S e) x = A S (e x) for a phase e.
 * @module
 */
import { constant, mul, reduceSum, reshape, slice, type Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { complexMul } from "../physics/complex.ts";
import { dftW } from "../physics/dft.ts";
import type { SamplingMask } from "../sampling/sampling_mask.ts";

/** Rows and columns by which the echo lies off the centre of k-space. */
export type EchoShift = readonly [rows: number, columns: number];

/** Echoes nearer to the centre than this, in samples, are left where they are: tissue has phase too. */
const MIN_SHIFT = 1.5;

/** Energies of the calibration lines by row and by column of k-space. */
export interface EchoProfiles {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

/**
 * The profiles of acquired samples; of all lines where there are no calibration lines. Calibration lines
 * of a plane are its square.
 * @param samples `[C, 2, K, W]` as in a `Problem`
 */
export function echoProfiles(samples: Tensor, mask: SamplingMask): EchoProfiles {
  const { start, left, count } = mask.calibration;
  const first = mask.lines.indexOf(start);
  const lines = count === 0 ? samples : slice(samples, 2, first, first + count);
  const kspace = mask.isLines
    ? dftW(lines, "forward")
    : count === 0
    ? lines
    : slice(lines, 3, left, left + count);
  const energy = reduceSum(mul(kspace, kspace), [0, 1]); // [rows, columns]
  return { rows: reduceSum(energy, [1]), columns: reduceSum(energy, [0]) };
}

/**
 * Where the energy of the calibration lines is centred, by the angle of its mean about a circle as long
 * as k-space, to which noise adds nothing; 0 along axes where it is near the centre.
 */
export function echoShift(
  { rows, columns }: { readonly rows: NdArray; readonly columns: NdArray },
  { height, width, isLines, calibration: { start, left, count } }: SamplingMask,
): EchoShift | undefined {
  const [top, first] = [count === 0 ? 0 : start, isLines || count === 0 ? 0 : left];
  const shifts = [
    // Which lines lie where is known only of those that follow each other.
    isLines && count === 0 ? 0 : centredMean(rows.data, top, height),
    centredMean(columns.data, first, width),
  ].map((shift) => Math.abs(shift) < MIN_SHIFT ? 0 : Math.round(shift));
  return shifts.some((shift) => shift !== 0) ? [shifts[0], shifts[1]] : undefined;
}

/** The circular mean of energies from place `first` on, relative to the centre of `size` places. */
function centredMean(energies: ArrayLike<number>, first: number, size: number): number {
  const centre = Math.floor(size / 2);
  let re = 0, im = 0;
  for (let i = 0; i < energies.length; i++) {
    const angle = 2 * Math.PI * (first + i - centre) / size;
    re += energies[i] * Math.cos(angle);
    im += energies[i] * Math.sin(angle);
  }
  return Math.atan2(im, re) * size / (2 * Math.PI);
}

/**
 * Complex images times the linear phase of an echo that lies `shift` samples off the centre.
 * @param x `[..., 2, H, W]`
 */
export function withEchoPhase(x: Tensor, [rows, columns]: EchoShift): Tensor {
  const [height, width] = x.shape.slice(-2);
  const alongRows = reshape(constant(ramp(rows, height)), [2, height, 1]);
  const alongColumns = reshape(constant(ramp(columns, width)), [2, 1, width]);
  return complexMul(x, complexMul(alongRows, alongColumns));
}

/** exp(2 pi i shift (n - c) / N), `[2, N]`. */
function ramp(shift: number, size: number): NdArray {
  const centre = Math.floor(size / 2);
  const angles = Array.from({ length: size }, (_, n) => 2 * Math.PI * shift * (n - centre) / size);
  const data = Float32Array.from([...angles.map(Math.cos), ...angles.map(Math.sin)]);
  return { data, shape: [2, size] };
}
