/** Time steps of variance-preserving networks from noise levels. @module */
import { add, clip, constantOf, div, log, mul, reduceSum, sqrt, sub } from "../graph/mod.ts";
import type { NoiseInput } from "./denoiser.ts";

/** Noise schedules of discrete variance-preserving models. */
export type VpSchedule =
  /** beta from `first` to `last`, linear (Ho et al. 2020: 1e-4 to 0.02 in 1000). */
  | { readonly kind: "linear"; readonly first: number; readonly last: number }
  /** sqrt(beta) linear (Rombach et al. 2022: 0.00085 to 0.012). */
  | { readonly kind: "scaled-linear"; readonly first: number; readonly last: number }
  /** alpha-bar a squared cosine, s = 0.008, beta at most 0.999 (Nichol and Dhariwal 2021). */
  | { readonly kind: "cosine" };

/** sigma of each time step of a schedule: sqrt((1 - alpha-bar) / alpha-bar), growing. */
export function vpSigmas(schedule: VpSchedule, steps: number): Float64Array {
  let kept = 1;
  return Float64Array.from({ length: steps }, (_, t) => {
    kept *= 1 - beta(schedule, t, steps);
    return Math.sqrt((1 - kept) / kept);
  });
}

function beta(schedule: VpSchedule, t: number, steps: number): number {
  if (schedule.kind === "cosine") {
    const bar = (at: number) => Math.cos((at / steps + 0.008) / 1.008 * Math.PI / 2) ** 2;
    return Math.min(0.999, 1 - bar(t + 1) / bar(t));
  }
  const at = steps === 1 ? 0 : t / (steps - 1);
  const { first, last } = schedule;
  if (schedule.kind === "linear") return first + (last - first) * at;
  return (Math.sqrt(first) + (Math.sqrt(last) - Math.sqrt(first)) * at) ** 2;
}

/**
 * The (fractional) time step at which a schedule has a noise level: linear in ln(sigma) between the
 * entries of the table, clamped at its ends.
 * @param sigmas growing, at least two
 */
export function timestepInput(sigmas: Float64Array): NoiseInput {
  const logs = sigmas.map(Math.log);
  const count = logs.length - 1;
  const row = (of: (i: number) => number) =>
    constantOf(Float32Array.from({ length: count }, (_, i) => of(i)), [1, 1, 1, count]);
  const starts = row((i) => logs[i]);
  const widths = row((i) => logs[i + 1] - logs[i]);
  return (sigma) => {
    // How much of each interval of the table lies below the level, from 0 to 1.
    const passed = clip(div(sub(log(sigma), starts), widths), 0, 1);
    return reduceSum(passed, [3], { keepDims: true });
  };
}

/** Continuous time of the variance-preserving SDE, beta from `first` to `last` (Song et al. 2021, eq. 33). */
export function continuousVpInput(first: number, last: number): NoiseInput {
  const slope = last - first;
  return (sigma) => {
    const level = log(add(mul(sigma, sigma), 1)); // the integral of beta from 0 to t
    const root = sqrt(add(mul(level, 2 * slope), first ** 2));
    return mul(sub(root, first), 1 / slope);
  };
}
