/** Evidence that a reconstruction is right, without the truth: what recon.json holds of it. @module */
import type { Method } from "../../method/problem.ts";
import { once } from "../../once.ts";
import type { ConsistencyFigures, SliceConsistency } from "./figures.ts";
import type { Prediction } from "./prediction.ts";
import type { Spread } from "./spread.ts";
import { judge, type Reason, type Verdict, verdictOf } from "./verdict.ts";

export type { ConsistencyBand, ConsistencyFigures, ResidualFigures } from "./figures.ts";
export type { Prediction } from "./prediction.ts";
export type { Region } from "../regions.ts";
export type { Spread } from "./spread.ts";
export type { Verdict } from "./verdict.ts";

/** The audit of a reconstruction, as recon.json holds it; numbers are means over the slices. */
export interface Audit {
  /** The worse of the two that follow. */
  readonly verdict: Verdict;
  /** Of the data with their maps and noise, which all methods share: no method can mend it. */
  readonly data: Verdict;
  /** Of the image that the method made of them. */
  readonly image: Verdict;
  /** Why, in words; empty when consistent. */
  readonly reasons: readonly string[];
  /** Those of the reasons that are about the data. */
  readonly dataReasons: readonly string[];
  /** Residual on the acquired samples against the noise. */
  readonly consistency: ConsistencyFigures & {
    /** The slice with the largest chi-square, counted as in the file. */
    readonly worst: { readonly slice: number; readonly chiSquare: number };
  };
  /** How well samples that were held back are predicted; null without `--audit`. */
  readonly prediction: Prediction | null;
  /** Spread of the posterior samples; null where there are fewer than two. */
  readonly spread: Spread | null;
}

/** Figures of one slice. */
export interface SliceAudit {
  /** Number of the slice in the file. */
  readonly slice: number;
  /** Residual on the acquired samples. */
  readonly consistency: SliceConsistency;
  /** How well samples that were held back were predicted, where some were. */
  readonly prediction?: Prediction;
  /** What the method has that may be the cause of a fault. */
  readonly method?: Pick<Method, "defaultModel" | "weightRole">;
}

/** Most slices that a reason names. */
const NAMED_SLICES = 5;

/**
 * The audit of a volume: means over its slices, the worst of their verdicts, and every reason with
 * the slices that gave it.
 * @param slices at least one
 */
export function volumeAudit(slices: readonly SliceAudit[], spread?: Spread): Audit {
  const judged = slices.map(({ slice, consistency, prediction, method }) => ({
    slice,
    reasons: judge(consistency, prediction, method),
  }));
  const all = judged.flatMap(({ reasons }) => reasons);
  const ofData = judged.map(({ slice, reasons }) => ({
    slice,
    reasons: reasons.filter(({ about }) => about === "data"),
  }));
  return {
    verdict: verdictOf(all),
    data: verdictOf(all, "data"),
    image: verdictOf(all, "image"),
    reasons: gathered(judged),
    dataReasons: gathered(ofData),
    consistency: meanConsistency(slices),
    prediction: meanPrediction(slices),
    spread: spread ?? null,
  };
}

/** Each reason once (as the first slice words it), with the slices that gave it where not all did. */
function gathered(judged: readonly { slice: number; reasons: readonly Reason[] }[]): string[] {
  const found = new Map<string, { text: string; slices: number[] }>();
  for (const { slice, reasons } of judged) {
    for (const { kind, text } of reasons) {
      once(found, kind, () => ({ text, slices: [] as number[] })).slices.push(slice);
    }
  }
  return [...found.values()].map(({ text, slices }) => {
    if (judged.length === 1) return text;
    const named = slices.slice(0, NAMED_SLICES).join(", ");
    const more = slices.length > NAMED_SLICES ? ", ..." : "";
    const which = slices.length === judged.length ? "all slices" : `slice ${named}${more}`;
    return `${text} (${which}; the figures are those of slice ${slices[0]})`;
  });
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of what is known; null where nothing is. */
function meanKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : mean(known);
}

const meanFigures = (all: readonly Omit<ConsistencyFigures, "bands">[]) => ({
  chiSquare: mean(all.map(({ chiSquare }) => chiSquare)),
  unexplained: meanKnown(all.map(({ unexplained }) => unexplained)),
  dataDistance: mean(all.map(({ dataDistance }) => dataDistance)),
});

function meanConsistency(slices: readonly SliceAudit[]): Audit["consistency"] {
  const all = slices.map(({ consistency }) => consistency);
  const worst = slices.reduce((a, b) => b.consistency.chiSquare > a.consistency.chiSquare ? b : a);
  return {
    ...meanFigures(all),
    bands: all[0].bands.map(({ from, to }) => {
      const same = all.flatMap(({ bands }) => bands.filter((b) => b.from === from && b.to === to));
      return { from, to, ...meanFigures(same) };
    }),
    worst: { slice: worst.slice, chiSquare: worst.consistency.chiSquare },
  };
}

function meanPrediction(slices: readonly SliceAudit[]): Prediction | null {
  const all = slices.flatMap(({ prediction }) => prediction ?? []);
  if (all.length === 0) return null;
  return {
    held: mean(all.map(({ held }) => held)),
    error: mean(all.map(({ error }) => error)),
    sense: mean(all.map(({ sense }) => sense)),
    tv: meanKnown(all.map(({ tv }) => tv)),
    signal: mean(all.map(({ signal = 0 }) => signal)),
    expected: meanKnown(all.map(({ expected }) => expected)),
  };
}
