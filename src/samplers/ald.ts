/** ScoreALD. @module */
import { add, div, mul, reciprocal } from "../graph/mod.ts";
import {
  defineSampler,
  type Sampler,
  type ScheduledStep,
  type StepContext,
} from "./core/contract.ts";
import { residualImage } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorLevels } from "./core/schedule.ts";
import { langevin, scoreOf } from "./core/steppers.ts";

/**
 * Annealed Langevin dynamics with the likelihood at an annealed noise level:
 * ```
 * g  = A^H (y - A x) / (sigma_y^2 + gamma^2),  gamma^2 = weight sigma^2
 * x <- x + eta (s(x, sigma) + g) + sqrt(2 eta) z,  `inner` times a level
 * eta = epsilon / (1 / sigma^2 + 1 / (sigma_y^2 + gamma^2))
 * last: x = denoise(x, sigma) + eta g with epsilon 1
 * ```
 * The paper's rule. The official code rescales g to five times the norm of the score at each step.
 * Its eta is 5e-5 / 0.0066^2 sigma^2 = 1.15 sigma^2; here it is in units of the largest curvature that
 * prior and data can have together, so that it is stable below 2 whatever the data. Published: sigma 232
 * to 0.0066 geometric in 2311 levels, started at the 1156th (1.23), 3 steps a level and then 4.
 */
export const ald: Sampler = defineSampler({
  name: "ald",
  summary: "annealed Langevin dynamics with the gradient of the likelihood",
  citation: "Jalal et al., Robust compressed sensing MRI with deep generative priors, NeurIPS 2021",
  weightRole: "the variance that is added to that of the data at each level",
  defaults: { steps: 30, weight: 0.25, epsilon: 1, inner: 3, sigmaMax: 0.4, sigmaMin: 0.25 },
  ranges: {
    weight: { low: 0.1, high: 3, log: true },
    epsilon: { low: 0.1, high: 1.5 },
    inner: { low: 1, high: 4, integer: true },
    ...LEVEL_RANGES,
  },
  stepKinds: ({ weight, epsilon }) => ({
    step(context) {
      const { score, likelihood, curvature } = posteriorScore(context, weight);
      const eta = div(epsilon, curvature);
      return { x: langevin(context.x, add(score, likelihood), eta, context.noise()) };
    },
    last(context) {
      const { x, sigma } = context;
      const { score, likelihood, curvature } = posteriorScore(context, weight);
      const prior = mul(mul(sigma, sigma), score);
      return { x: add(add(x, prior), div(likelihood, curvature)) };
    },
  }),
  schedule(settings, stats) {
    const levels = posteriorLevels(settings, stats);
    const steps = levels.flatMap((sigma): ScheduledStep<"step", never>[] =>
      Array.from({ length: settings.inner }, () => ({ kind: "step", sigma, sigmaNext: sigma }))
    );
    return [...steps, { kind: "last", sigma: levels[levels.length - 1], sigmaNext: 0 }];
  },
});

/** Score of the prior at sigma, that of the annealed likelihood, and the most that both can be curved. */
function posteriorScore({ x, sigma, data, denoise }: StepContext<never, never>, weight: number) {
  const variance = add(mul(data.sigma, data.sigma), mul(mul(sigma, sigma), weight));
  return {
    score: scoreOf(denoise(x, sigma), { x, sigma }),
    likelihood: div(residualImage(data, x), variance),
    curvature: add(reciprocal(mul(sigma, sigma)), reciprocal(variance)),
  };
}
