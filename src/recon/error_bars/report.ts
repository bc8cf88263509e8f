/** What a result says of its error bars, and the bound on its PSNR that follows from them. @module */
import { headMask } from "../../mri/metrics/head_mask.ts";
import { type NdArray, partOf } from "../../ndarray.ts";
import { logFactor } from "./bound.ts";
import type { CalibrationRange, ErrorCalibration, MeasuredErrorBars } from "./calibration.ts";
import type { SliceErrorBars } from "./error_bars.ts";

/** Error bars of a volume, as recon.json holds them. */
export interface ErrorBarReport {
  /** Part of the pixels of the head whose true magnitude the half-widths of error90 hold. */
  readonly coverage: number;
  /** Whether they are given. */
  readonly given: boolean;
  /** The largest factor by which those of a slice are wider than calibrated; 1 where the scan is like those of the calibration. */
  readonly widened: number;
  /** Why they are not given, or wider than calibrated, for any slice. */
  readonly remarks: readonly string[];
  /** People that they were calibrated on. */
  readonly people: number;
  /** What they were calibrated on, and what was measured on people that were left out. */
  readonly calibration: {
    readonly slices: number;
    readonly range: CalibrationRange;
    readonly measured: MeasuredErrorBars;
  };
  /** Lower bound of the PSNR, dB; null where error bars are refused. */
  readonly psnr: PsnrBound | null;
}

/** A lower bound of the PSNR that needs no truth. */
export interface PsnrBound {
  /** Of the volume, dB. */
  readonly bound: number;
  /** Of each slice, dB, with the maximum of the volume; null for a slice without a head. */
  readonly slices: readonly (number | null)[];
  /** What is bounded and how often it holds. */
  readonly convention: string;
}

const CONVENTION =
  "PSNR of the magnitude against the noiseless truth over the head (largest connected component of the " +
  "reconstruction > 0.15 x its 99th percentile, holes filled), data range = maximum of the " +
  "reconstructed volume; calibrated to hold for 90 % of slices";

/** @param magnitude `[slices, rows, columns]`, as `error90`, which is absent where it is refused */
export function errorBarReport(
  slices: readonly SliceErrorBars[],
  magnitude: NdArray,
  error90: NdArray | undefined,
): ErrorBarReport {
  const [{ calibration }] = slices;
  const { coverage, people, range, measured, slices: count } = calibration;
  return {
    coverage,
    given: error90 !== undefined,
    widened: Math.max(...slices.map(({ widened }) => widened)),
    remarks: [...new Set(slices.flatMap(({ remarks }) => remarks))],
    people,
    calibration: { slices: count, range, measured },
    psnr: error90 === undefined ? null : psnrBound(magnitude, error90, {
      ...calibration,
      gap: Math.max(...slices.map(({ gap }) => gap)),
    }),
  };
}

/** @param gap widest of the slices: `gapOf` */
function psnrBound(
  magnitude: NdArray,
  error90: NdArray,
  { errorRatio, gap }: Pick<ErrorCalibration, "errorRatio"> & { readonly gap: number },
): PsnrBound {
  const peak = magnitude.data.reduce((a, b) => Math.max(a, b), 0);
  const inHead = Array.from(
    { length: magnitude.shape[0] },
    (_, slice) => squaresInHead(partOf(magnitude, slice), partOf(error90, slice)),
  );
  const decibels = ({ sum, count }: Squares) => {
    if (count === 0) return null;
    const width = Math.log(Math.sqrt(sum / count) / peak);
    return -20 * Math.LOG10E * (width + logFactor(errorRatio, { width, gap: Math.log(gap) }));
  };
  const all = inHead.reduce((a, b) => ({ sum: a.sum + b.sum, count: a.count + b.count }));
  return { bound: decibels(all) ?? 0, slices: inHead.map(decibels), convention: CONVENTION };
}

interface Squares {
  readonly sum: number;
  readonly count: number;
}

function squaresInHead(magnitude: NdArray, { data }: NdArray): Squares {
  const head = headMask(magnitude);
  return {
    sum: data.reduce((sum, width, i) => sum + head[i] * width ** 2, 0),
    count: head.reduce((sum, inside) => sum + inside, 0),
  };
}
