/**
 * From figures to a plain verdict. The thresholds were found on k-space simulated from validation
 * volumes by `bench/audit.ts`; what it measured, misses included, is in docs/audit.md.
 * @module
 */
import { dataInconsistency, modelError, type SliceConsistency } from "./figures.ts";
import type { Method } from "../../method/problem.ts";
import type { Prediction } from "./prediction.ts";

/** The judgement that the evidence supports. */
export type Verdict = "consistent" | "suspicious" | "inconsistent";

/** From the best to the worst. */
const ORDER: readonly Verdict[] = ["consistent", "suspicious", "inconsistent"];

const worse = (a: Verdict, b: Verdict): Verdict => ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;

/** Subject of a reason: the data with their maps and noise, which all methods share, or the image. */
export type Subject = "data" | "image";

/** A limit beyond which evidence makes suspicious, and one beyond which it makes inconsistent. */
export interface Limits {
  readonly about: Subject;
  readonly suspicious: number;
  readonly inconsistent: number;
}

/** Thresholds by what they are applied to. */
export const LIMITS = {
  /** Variance of the noise over the assumed one, or the other way round. */
  noise: { about: "data", suspicious: 1.5, inconsistent: 2.5 },
  /** Noise variance of one coil over that of another. */
  coilRatio: { about: "data", suspicious: 2, inconsistent: 8 },
  /** Correlation of the noise between two coils. */
  correlation: { about: "data", suspicious: 0.3, inconsistent: 0.8 },
  /** What no image explains, relative to the signal of a band of k-space. */
  modelError: { about: "data", suspicious: 0.03, inconsistent: 0.15 },
  /** Distance of the image from the data, relative to the signal of a band. */
  dataInconsistency: { about: "image", suspicious: 0.05, inconsistent: 0.15 },
  /** Noise of the image, relative to bright tissue. */
  imageNoise: { about: "image", suspicious: 0.17, inconsistent: 0.3 },
  /** The same over that of a fully sampled image, where it is seen. */
  amplification: { about: "image", suspicious: 4.2, inconsistent: 6 },
  /** Unknowns over measured numbers, of methods without a prior. */
  undetermined: { about: "image", suspicious: 1, inconsistent: 1.33 },
  /** Error of prediction beyond the noise over that of an empty image, of methods with a prior. */
  unpredicted: { about: "image", suspicious: 0.95, inconsistent: 2 },
  /** Error of prediction over that of sense. */
  prediction: { about: "image", suspicious: 1.15, inconsistent: 2 },
  /** Error of prediction beyond the noise over that of tv, of methods with a network. */
  prior: { about: "image", suspicious: 1.15, inconsistent: 10 },
} as const satisfies Record<string, Limits>;

/** Noise of an image below this part of bright tissue is not seen, and may be texture. */
const SEEN_NOISE = 0.06;

/** Held-back samples with less signal than this part of the noise are predicted badly by good images too. */
const MIN_SIGNAL = 0.4;

/** A network that predicts worse than tv by less than this part of the noise predicts as well. */
const EQUAL_PREDICTION = 0.03;

/** Least error beyond the noise that is divided by, as part of the noise. */
const MIN_ERROR = 0.02;

/** A ratio of variances beyond this is not told apart from it, and must stay a number. */
const MAX_NOISE_RATIO = 1e6;

/** Why a slice is not consistent. */
export interface Reason {
  readonly kind: keyof typeof LIMITS;
  readonly about: Subject;
  readonly verdict: Verdict;
  /** In words, with the figure. */
  readonly text: string;
}

/** What tells which causes a method can have: a network, and a weight. */
export type Causes = Pick<Method, "defaultModel" | "weightRole">;

/** Judges a slice; empty when there is nothing to say against it. `method`: tells the causes. */
export function judge(
  consistency: SliceConsistency,
  prediction?: Prediction,
  method: Causes = {},
): readonly Reason[] {
  const { noise, coilRatio, correlation } = consistency;
  const left = modelError(consistency), departed = dataInconsistency(consistency);
  return [
    noise === null ? [] : reason(
      "noise",
      Math.max(noise, 1 / Math.max(noise, 1 / MAX_NOISE_RATIO)),
      `The outer k-space holds ${short(noise)} ${noise > 1 ? "times" : "of"} the noise variance ` +
        "that was assumed",
    ),
    reason(
      "coilRatio",
      coilRatio,
      `The noise variance of one coil is ${short(coilRatio)} times that of another: ` +
        "whiten the data",
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
      "dataInconsistency",
      departed,
      `The image departs from the acquired data by ${percent(departed)} of the signal in a band ` +
        `of k-space, beyond the noise${departureCauses(method)}`,
    ),
    imageReasons(consistency),
    prediction === undefined ? [] : predictionReasons(prediction, noise ?? 1, method),
    prediction === undefined || consistency.undetermined !== undefined
      ? []
      : unpredicted(prediction, noise ?? 1),
  ].flat();
}

/** What is wrong with an image in itself. */
function imageReasons(
  { imageNoise = 0, amplification = 0, undetermined = 0 }: SliceConsistency,
): Reason[] {
  return [
    reason(
      "imageNoise",
      imageNoise,
      `The noise of the image is ${
        percent(imageNoise)
      } of bright tissue: there is little signal, or ` +
        "the method does not hold the noise back",
    ),
    imageNoise < SEEN_NOISE ? [] : reason(
      "amplification",
      amplification,
      `The noise of the image is ${short(amplification)} times that of a fully sampled one; too ` +
        "little regularisation (a low weight) or coils that cannot tell the folded pixels apart do this",
    ),
    reason(
      "undetermined",
      undetermined,
      `The image has ${
        short(undetermined)
      } times as many unknowns as numbers were measured, and the ` +
        "method has no prior: it stays folded; more coils or lines, or a method with a prior are needed",
    ),
  ].flat();
}

function unpredicted({ error, signal = 0 }: Prediction, noise: number): Reason[] {
  if (!(signal - noise > MIN_SIGNAL * noise)) return [];
  const part = (error - noise) / (signal - noise);
  return reason(
    "unpredicted",
    part,
    `Samples that were held back are not predicted: ${
      short(part)
    } times the error of an empty image ` +
      "is left, beyond the noise",
  );
}

/** What makes an image depart from its data. */
function departureCauses({ defaultModel, weightRole }: Causes): string {
  if (defaultModel !== undefined) {
    return "; an iteration that stopped early, a weight too large or a wrong prior do this";
  }
  if (weightRole !== undefined) {
    return "; an iteration that stopped early or a weight too large do this";
  }
  return ", which this method does not fit";
}

/** The worst that reasons say, of one subject or of all. */
export function verdictOf(reasons: readonly Reason[], subject?: Subject): Verdict {
  return reasons
    .filter(({ about }) => subject === undefined || about === subject)
    .map(({ verdict }) => verdict)
    .reduce(worse, "consistent");
}

function predictionReasons(
  { error, sense, tv }: Prediction,
  noise: number,
  { defaultModel, weightRole }: Causes,
): Reason[] {
  const against = (other: number) =>
    `${short(error)} against ${short(other)} times the noise variance`;
  const worseThanSense = reason(
    "prediction",
    error / sense,
    `Samples that were held back are predicted worse than by sense: ${against(sense)}` +
      (defaultModel !== undefined
        ? "; a wrong prior does this"
        : weightRole !== undefined
        ? "; a weight too large does this"
        : ""),
  );
  if (tv === null || !(error - tv > EQUAL_PREDICTION * noise)) return worseThanSense;
  const worseThanTv = reason(
    "prior",
    (error - noise) / Math.max(tv - noise, MIN_ERROR * noise),
    "The network predicts samples that were held back worse than tv, which knows nothing of anatomy: " +
      `${against(tv)}; a wrong or weak prior does this`,
  );
  return [...worseThanSense, ...worseThanTv];
}

function reason(kind: keyof typeof LIMITS, value: number, text: string): Reason[] {
  const { about, suspicious, inconsistent } = LIMITS[kind];
  if (!(value > suspicious)) return [];
  return [{ kind, about, verdict: value > inconsistent ? "inconsistent" : "suspicious", text }];
}

const short = (value: number) => String(Number(value.toPrecision(3)));
const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;
