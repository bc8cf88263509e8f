/** DDNM and DDNM+. @module */
import { add, div, max, min, mul, sqrt, sub, type Tensor } from "../graph/mod.ts";
import type { Known, Move, PlannedMove, Sampler, Settings, StepInput } from "./core/contract.ts";
import { pseudoInverse, residualImage } from "./core/data_term.ts";
import { levelsAbove, withJumps } from "./core/plans.ts";
import { noiseRidge } from "./core/replacement.ts";
import { noisier, renoise } from "./core/transition.ts";

const CITATION = "Wang, Yu and Zhang, Zero-shot image restoration using denoising diffusion " +
  "null-space model, ICLR 2023";

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

const RANGES = {
  weight: { low: 0.1, high: 10, log: true },
  eta: { low: 0.1, high: 1 },
  sigmaMax: { low: 0.1, high: 4, log: true },
  sigmaMin: { low: 0.1, high: 1, log: true },
};

/** Back up to a level that was left, with fresh noise: time travel. */
const back: Move = {
  nfe: 0,
  noises: 1,
  step: ({ x, sigma, sigmaNext, noise: [z] }) => ({ x: noisier({ x, sigma, sigmaNext }, z) }),
};

const travel = (settings: Settings, known: Known): PlannedMove[] =>
  withJumps(levelsAbove(settings, known), { jump: settings.jump, repeats: settings.repeats });

/**
 * Keep the null space of the estimate, take the range from the data, noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = A^+ y + (I - A^+ A) D = D + A^+ (y - A D)
 * x' = x0 + sigma' (sqrt(1 - eta^2) (x - D) / sigma + eta z)
 * ```
 * A^+ by conjugate gradients, with a ridge of `weight` sigma_y times the steps (the paper has no noise):
 * many coils leave no null space, only directions that they see worse than the noise.
 * Published: eta 0.85, 100 steps, time travel optional (here: the iterate goes back up `jump` levels,
 * `repeats - 1` times; the code noises D instead). The constant share of fresh noise makes samples too
 * alike: of a normal prior at most eta^2 / (2 - 2 sqrt(1 - eta^2)) of the variance is left, 0.76.
 */
export const ddnm = {
  name: "ddnm",
  summary: "null space from the denoiser, range from the data, noise again",
  citation: CITATION,
  defaults: DEFAULTS,
  ranges: RANGES,
  start: "sense",
  moves: ({ weight, eta, steps, cg }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step({ x, sigma, sigmaNext, noise: [z], data, denoise }) {
        const D = denoise(x, sigma);
        const ridge = noiseRidge(data, weight * steps);
        const clean = add(D, pseudoInverse(data, residualImage(data, D), cg, ridge));
        return { x: renoise({ x, sigma, sigmaNext }, clean, eta ** 2, z, D) };
      },
    },
    back,
  }),
  plan: travel,
} satisfies Sampler;

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
export const ddnmPlus = {
  name: "ddnm+",
  summary: "ddnm that weighs the noise of the data against the noise level",
  citation: CITATION,
  defaults: DEFAULTS,
  ranges: RANGES,
  start: "sense",
  moves: ({ weight, eta, cg }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step(input) {
        const { x, sigma, sigmaNext, noise: [z], data } = input;
        const D = input.denoise(x, sigma);
        const u = renoise({ x, sigma, sigmaNext }, mul(D, 0), eta ** 2, z, D); // sigma' u
        const { lambda, lost, weakest } = noiseShares(input);
        const residual = mul(lambda, residualImage(data, D));
        const change = sub(residual, mul(lost, data.operator.normal(u)));
        const ridge = mul(mul(weakest, weakest), weight);
        return { x: add(add(D, u), pseudoInverse(data, change, cg, ridge)) };
      },
    },
    back,
  }),
  plan: travel,
} satisfies Sampler;

/** Smallest noise that is divided by. */
const TINY = 1e-12;

/** How the noise of the data compares with the next level. */
interface NoiseShares {
  /** Lambda. */
  readonly lambda: Tensor;
  /** 1 - gamma / sigma': the part of u that the noise of the data takes the place of. */
  readonly lost: Tensor;
  /** Singular value s at which Lambda s sigma_y / (s^2 + s^2) is sigma'. */
  readonly weakest: Tensor;
}

function noiseShares({ sigmaNext, data }: Pick<StepInput, "sigmaNext" | "data">): NoiseShares {
  const lambda = min(div(sigmaNext, max(data.sigma, TINY)), 1);
  const ratio = div(mul(lambda, data.sigma), max(sigmaNext, TINY));
  return {
    lambda,
    lost: sub(1, sqrt(max(sub(1, mul(ratio, ratio)), 0))),
    weakest: mul(min(div(data.sigma, max(sigmaNext, TINY)), 1), 0.5),
  };
}
