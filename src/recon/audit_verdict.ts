/**
 * From figures to a plain verdict. The thresholds were found on k-space simulated from validation
 * volumes by `bench/audit.ts`; what it measured, misses included, is in docs/audit.md.
 * @module
 */
import { departure, modelError, type SliceConsistency } from "./audit_consistency.ts";
import type { SlicePrediction } from "./audit_prediction.ts";

/** What the evidence says. */
export type Verdict = "consistent" | "suspicious" | "inconsistent";

/** From the best to the worst. */
const ORDER: readonly Verdict[] = ["consistent", "suspicious", "inconsistent"];

/** The worse of two verdicts. */
export const worse = (a: Verdict, b: Verdict): Verdict =>
  ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;

/** A limit beyond which evidence makes suspicious, and one beyond which it makes inconsistent. */
export interface Limits {
  readonly suspicious: number;
  readonly inconsistent: number;
}

/** Thresholds by what they are applied to. */
export const LIMITS = {
  /** Variance of the noise over the assumed one, or the other way round. */
  noise: { suspicious: 1.5, inconsistent: 2.5 },
  /** Noise variance of one coil over that of another. */
  coilRatio: { suspicious: 2, inconsistent: 8 },
  /** Correlation of the noise between two coils. */
  correlation: { suspicious: 0.3, inconsistent: 0.8 },
  /** What no image explains, relative to the signal of a band of k-space. */
  modelError: { suspicious: 0.05, inconsistent: 0.15 },
  /** Departure of the image from the data, relative to the signal of a band. */
  departure: { suspicious: 0.05, inconsistent: 0.15 },
  /** Error of prediction over that of sense. */
  prediction: { suspicious: 1.15, inconsistent: 2 },
  /** Error of prediction beyond the noise over that of tv, of methods with a network. */
  prior: { suspicious: 1.5, inconsistent: 10 },
} as const satisfies Record<string, Limits>;

/** A network that predicts worse than tv by less than this part of the noise predicts as well. */
const AS_WELL = 0.1;

/** Least error beyond the noise that is divided by, as part of the noise. */
const LEAST_ERROR = 0.02;

/** Why a slice is not consistent. */
export interface Reason {
  readonly kind: keyof typeof LIMITS;
  readonly verdict: Verdict;
  /** In words, with the figure. */
  readonly text: string;
}

/** Judges a slice. */
export function judge(
  consistency: SliceConsistency,
  prediction?: SlicePrediction,
): { readonly verdict: Verdict; readonly reasons: readonly Reason[] } {
  const { noise, coilRatio, correlation } = consistency;
  const left = modelError(consistency), departed = departure(consistency);
  const found: (Reason | undefined)[] = [
    noise === null
      ? undefined
      : reason("noise", Math.max(noise, 1 / Math.max(noise, 1e-30)), noiseText(noise)),
    reason(
      "coilRatio",
      coilRatio,
      `The noise variance of one coil is ${
        short(coilRatio)
      } times that of another: whiten the data`,
    ),
    reason(
      "correlation",
      correlation,
      `The noise of two coils is correlated by ${short(correlation)}: whiten the data`,
    ),
    reason(
      "modelError",
      left,
      `No image explains the data: ${percent(left)} of the signal in a band of k-space is left ` +
        "over beyond the noise; wrong coil maps, motion between lines or corrupted lines do this",
    ),
    reason(
      "departure",
      departed,
      `The image departs from the acquired data by ${
        percent(departed)
      } of the signal in a band of ` +
        "k-space, beyond the noise; an iteration that stopped early, a weight too large or a wrong " +
        "prior do this",
    ),
    prediction === undefined ? undefined : reason(
      "prediction",
      prediction.error / prediction.sense,
      `Samples that were held back are predicted worse than by sense: ${
        short(prediction.error)
      } against ` +
        `${short(prediction.sense)} times the noise variance; a wrong prior does this`,
    ),
  ];
  found.push(priorReason(noise ?? 1, prediction));
  const reasons = found.filter((entry) => entry !== undefined);
  return { verdict: reasons.map((r) => r.verdict).reduce(worse, "consistent"), reasons };
}

/** Whether a network's prior does worse than one that knows nothing of anatomy. */
function priorReason(noise: number, prediction?: SlicePrediction): Reason | undefined {
  if (prediction === undefined || prediction.tv === null) return undefined;
  const { error, tv } = prediction;
  if (!(error - tv > AS_WELL * noise)) return undefined;
  const ratio = (error - noise) / Math.max(tv - noise, LEAST_ERROR * noise);
  const text =
    "The network predicts samples that were held back worse than tv, which knows nothing of " +
    `anatomy: ${short(error)} against ${
      short(tv)
    } times the noise variance; a wrong or weak prior does this`;
  return reason("prior", ratio, text);
}

function reason(kind: keyof typeof LIMITS, value: number, text: string): Reason | undefined {
  const { suspicious, inconsistent } = LIMITS[kind];
  if (!(value > suspicious)) return undefined;
  return { kind, verdict: value > inconsistent ? "inconsistent" : "suspicious", text };
}

function noiseText(noise: number): string {
  return noise > 1
    ? `The outer k-space holds ${short(noise)} times the noise variance that was assumed`
    : `The outer k-space holds ${short(noise)} of the noise variance that was assumed`;
}

const short = (value: number) => String(Number(value.toPrecision(3)));
const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;
