/** Noise levels from the largest to the smallest, and the orders of steps that samplers share. @module */
import { MIN_SIGMA } from "../../method/plug_and_play.ts";
import type { ProblemStats, ScheduledStep, Settings } from "./contract.ts";

/** A schedule: `steps` levels from `max` down to `min`, both included (one step: `max`). */
export type Levels = (steps: number, max: number, min: number) => number[];

/** Numbers from the first to the last in even steps, both included. */
function evenly(steps: number, first: number, last: number): number[] {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`Cannot make ${steps} noise levels: a positive whole number is required`);
  }
  const between = last - first;
  return Array.from({ length: steps }, (_, i) => first + i / Math.max(steps - 1, 1) * between);
}

/** Levels whose `rho`-th root falls evenly (Karras et al. 2022, eq. 5). */
export function karrasLevels(rho = 7): Levels {
  return (steps, max, min) =>
    evenly(steps, max ** (1 / rho), min ** (1 / rho)).map((root) => root ** rho);
}

/** Levels that fall by a constant factor, as the variance-exploding process of Song et al. 2021. */
export const geometricLevels: Levels = (steps, max, min): number[] =>
  evenly(steps, 0, 1).map((t) => max * (min / max) ** t);

/** Rates of the variance-preserving process with linear beta (Ho et al. 2020; Song et al. 2021). */
const BETA_MIN = 0.1;
const BETA_MAX = 20;

/** Levels that are even in the time of the variance-preserving process with linear beta. */
export const vpLinearLevels: Levels = (steps, max, min) => {
  // sigma^2 + 1 = exp(beta_min t + (beta_max - beta_min) t^2 / 2), solved for t.
  const slope = BETA_MAX - BETA_MIN;
  const timeOf = (sigma: number) =>
    (Math.sqrt(BETA_MIN ** 2 + 2 * slope * Math.log1p(sigma ** 2)) - BETA_MIN) / slope;
  const sigmaOf = (t: number) => Math.sqrt(Math.expm1(BETA_MIN * t + slope * t * t / 2));
  return evenly(steps, timeOf(max), timeOf(min)).map(sigmaOf);
};

/** Offset of the cosine schedule (Nichol and Dhariwal 2021). */
const COSINE_OFFSET = 0.008;

/** Levels that are even in the time of the cosine schedule: alpha-bar ~ cos^2. */
export const vpCosineLevels: Levels = (steps, max, min) => {
  const angleOf = (t: number) => (t + COSINE_OFFSET) / (1 + COSINE_OFFSET) * Math.PI / 2;
  const start = Math.cos(angleOf(0)); // alpha-bar(t) = (cos(angle(t)) / start)^2
  const timeOf = (sigma: number) => {
    const angle = Math.acos(start / Math.sqrt(1 + sigma ** 2));
    return angle / (Math.PI / 2) * (1 + COSINE_OFFSET) - COSINE_OFFSET;
  };
  const sigmaOf = (t: number) => Math.sqrt((start / Math.cos(angleOf(t))) ** 2 - 1);
  return evenly(steps, timeOf(max), timeOf(min)).map(sigmaOf);
};

/** Levels that are even in the time t = sigma / (1 + sigma) of the straight path of flow matching. */
export const flowLevels: Levels = (steps, max, min) =>
  evenly(steps, max / (1 + max), min / (1 + min)).map((t) => t / (1 - t));

/** Names of the schedules. */
export const SCHEDULES = ["karras", "vp-linear", "vp-cosine", "geometric"] as const;
/** Name of a schedule. */
export type ScheduleName = typeof SCHEDULES[number];

/** The schedules by name. */
export const schedules: Readonly<Record<ScheduleName, Levels>> = {
  karras: karrasLevels(),
  "vp-linear": vpLinearLevels,
  "vp-cosine": vpCosineLevels,
  geometric: geometricLevels,
};

/** A step of the kind `step`, which most samplers have alone. */
export type PlainStep = ScheduledStep<"step", never>;

/** One `step` from each level to the next, the last to 0. */
export function descend(levels: readonly number[]): PlainStep[] {
  return levels.map((sigma, i) => ({ kind: "step", sigma, sigmaNext: levels[i + 1] ?? 0 }));
}

/** The settings that noise levels are made from; units as in `Sampler.defaults`. */
export type LevelSettings = Settings & Readonly<Record<"steps" | "sigmaMax" | "sigmaMin", number>>;

/** Where the noise levels of most samplers are searched. */
export const LEVEL_RANGES = {
  sigmaMax: { low: 0.1, high: 4, log: true },
  sigmaMin: { low: 0.1, high: 1, log: true },
};

/**
 * Levels that fall geometrically from `sigmaMax` to `sigmaMin` times the noise of the data: below that
 * noise the data decide little.
 */
export function posteriorLevels(
  { steps, sigmaMax, sigmaMin }: LevelSettings,
  { sigma }: ProblemStats,
): number[] {
  const last = Math.min(Math.max(sigmaMin * sigma, MIN_SIGMA), sigmaMax);
  return geometricLevels(steps, sigmaMax, last);
}

/** One `step` from each of the {@link posteriorLevels} to the next, the last to 0. */
export function posteriorSteps(settings: LevelSettings, stats: ProblemStats): PlainStep[] {
  return descend(posteriorLevels(settings, stats));
}

/**
 * One `step` from each level to the next with jumps `back`, as the resampling of RePaint (Lugmayr et
 * al. 2022) and the time travel of DDNM (Wang et al. 2023): after each `jump` levels that many levels
 * back, `repeats - 1` times, the last of them from the smallest level that is not 0.
 */
export function stepsWithJumps(
  levels: readonly number[],
  { jump, repeats }: { readonly jump: number; readonly repeats: number },
): ScheduledStep<"step" | "back", never>[] {
  const last = levels.length - 1;
  const sigmaAt = (time: number) => time < 0 ? 0 : levels[last - time];
  const jumpsLeft = new Map<number, number>();
  for (let time = 0; time + jump <= last; time += jump) jumpsLeft.set(time, repeats - 1);
  const steps: ScheduledStep<"step" | "back", never>[] = [];
  for (let time = last; time >= 0;) {
    steps.push({ kind: "step", sigma: sigmaAt(time), sigmaNext: sigmaAt(time - 1) });
    time--;
    const left = jumpsLeft.get(time) ?? 0;
    if (left === 0) continue;
    jumpsLeft.set(time, left - 1);
    steps.push({ kind: "back", sigma: sigmaAt(time), sigmaNext: sigmaAt(time + jump) });
    time += jump;
  }
  return steps;
}
