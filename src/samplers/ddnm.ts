/** DDNM and DDNM+. @module */
import { add, div, max, min, mul, sqrt, sub } from "../graph/mod.ts";
import { defineSampler, type Sampler, type StepContext } from "./core/contract.ts";
import { noiseRidge, pseudoInverse, residualImage } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorLevels, stepsWithJumps } from "./core/schedule.ts";
import { noisier, renoise } from "./core/steppers.ts";

const DEFAULTS = {
  steps: 30,
  weight: 1,
  eta: 0.85,
  jump: 1,
  repeats: 1,
  sigmaMax: 1,
  sigmaMin: 0.5,
  cg: 8,
};

/** What both have in common; `back` goes up to a level that was left, with fresh noise: time travel. */
const COMMON = {
  citation:
    "Wang, Yu and Zhang, Zero-shot image restoration using denoising diffusion null-space " +
    "model, ICLR 2023",
  weightRole: "the ridge below which directions count as not measured",
  defaults: DEFAULTS,
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    eta: { low: 0.1, high: 1 },
    ...LEVEL_RANGES,
  },
  schedule: (settings: typeof DEFAULTS, stats: { readonly sigma: number }) =>
    stepsWithJumps(posteriorLevels(settings, stats), settings),
};

const back = (context: StepContext<never, never>) => ({ x: noisier(context) });

/**
 * Keep the null space of the estimate, take the range from the data, noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = A^+ y + (I - A^+ A) D = D + A^+ (y - A D)
 * x' = x0 + sigma' (sqrt(1 - eta^2) (x - D) / sigma + eta z)
 * ```
 * A^+ by conjugate gradients, with a ridge (the paper has no noise; see `noiseRidge`): many coils
 * leave no null space, only directions that they see worse than the noise.
 * Published: eta 0.85, 100 steps, time travel optional (here: the iterate goes back up `jump` levels,
 * `repeats - 1` times; the code noises D instead). The constant share of fresh noise makes samples too
 * alike: of a normal prior at most eta^2 / (2 - 2 sqrt(1 - eta^2)) of the variance is left, 0.76.
 */
export const ddnm: Sampler = defineSampler({
  name: "ddnm",
  summary: "null space from the denoiser, range from the data, noise again",
  ...COMMON,
  stepKinds: ({ weight, steps, eta, cg }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const D = denoise(x, sigma);
      const ridge = noiseRidge(data, { weight, steps });
      const change = pseudoInverse(data, residualImage(data, D), cg, ridge);
      return { x: renoise(context, add(D, change), eta ** 2, D) };
    },
    back,
  }),
});

/**
 * DDNM for noisy data, which count less where the next level is below their own noise:
 * ```
 * D      = denoise(x, sigma)
 * Lambda = min(1, sigma' / sigma_y)
 * u      = sqrt(1 - eta^2) (x - D) / sigma + eta z
 * x'     = D + Lambda A^+ (y - A D) + (sigma' (I - A^+ A) + gamma A^+ A) u
 * gamma^2 = sigma'^2 - (Lambda sigma_y)^2
 * ```
 * so that the noise of the data takes the place of as much of u in the range of A. This is the paper's
 * rule (eq. 17 and 19) for singular values of 1, with one set of conjugate gradients for both terms.
 * Smaller singular values s make the noise of A^+ y larger: the ridge weight (sigma_y / (2 sigma'))^2, at
 * most weight / 4, keeps Lambda times it below sigma' for all of them. For the rule with each singular
 * value its own see `ddrm`, which DDNM+ with all of them is. (The code without singular values multiplies
 * by sigma' twice and drops u in the null space.)
 */
export const ddnmPlus: Sampler = defineSampler({
  name: "ddnm+",
  summary: "ddnm that weighs the noise of the data against the noise level",
  ...COMMON,
  stepKinds: ({ weight, eta, cg }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const D = denoise(x, sigma);
      const u = renoise(context, mul(D, 0), eta ** 2, D); // sigma' u
      const { lambda, lost, weakest } = noiseShares(context);
      const residual = mul(lambda, residualImage(data, D));
      const change = sub(residual, mul(lost, data.operator.normal(u)));
      const ridge = mul(mul(weakest, weakest), weight);
      return { x: add(add(D, u), pseudoInverse(data, change, cg, ridge)) };
    },
    back,
  }),
});

/** Smallest noise that is divided by. */
const TINY = 1e-12;

/** How the noise of the data compares with the next level. */
function noiseShares({ sigmaNext, data }: Pick<StepContext, "sigmaNext" | "data">) {
  const lambda = min(div(sigmaNext, max(data.sigma, TINY)), 1);
  const ratio = div(mul(lambda, data.sigma), max(sigmaNext, TINY));
  return {
    lambda,
    // 1 - gamma / sigma': the part of u that the noise of the data takes the place of.
    lost: sub(1, sqrt(max(sub(1, mul(ratio, ratio)), 0))),
    // Singular value s at which Lambda s sigma_y / (s^2 + s^2) is sigma'.
    weakest: mul(min(div(data.sigma, max(sigmaNext, TINY)), 1), 0.5),
  };
}
