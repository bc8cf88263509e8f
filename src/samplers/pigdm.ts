/** PiGDM. @module */
import { add, div, mul, sqrt, vjp } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { posteriorVariance, regularisedInverse, residualImage, rho } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorSteps } from "./core/schedule.ts";
import { ancestralShare, renoise } from "./core/steppers.ts";

/** Longest step, 1 - sigma' / sigma, with all of a weight below 1: 8 longer ones lost up to 7 dB with a sharp prior. */
const LONGEST = 0.35;

/**
 * The weight of a step. Below 1 it asks for more than the posterior's score, of which long steps take less. The
 * last step, to 0, adds no noise to what it finds.
 */
function weightOf(weight: number, sigma: number, sigmaNext: number): number {
  const longer = Math.max(1, (1 - sigmaNext / sigma) / LONGEST);
  return sigmaNext > 0 ? Math.max(weight, Math.min(1, weight * longer)) : weight;
}

/**
 * Pseudo-inverse guided diffusion: the likelihood of the data given x, with x0 taken to be normal
 * around D with variance r^2, is followed through the denoiser:
 * ```
 * D  = denoise(x, sigma)
 * g  = (dD/dx)^H A^H (r^2 A A^H + sigma_y^2)^-1 (y - A D),  r^2 = sigma^2 s^2 / (sigma^2 + s^2)
 * x' = DDIM step to sigma' from D + sigma^2 g / weight,  a weight below 1 nearer to it where 1 - sigma' / sigma > 0.35
 * ```
 * The inverse is `(A^H A + sigma_y^2 / r^2)^-1 A^H / r^2` by conjugate gradients. D + sigma^2 g is what
 * Tweedie's formula makes of the posterior's score, so the sampler is exact in the limit of many steps
 * where x0 given x has that variance. The paper adds r^2 g to every step whatever its length, which
 * suits 20 to 100 steps but has no limit; published s = 1, eta 1. `sigmaData` is s, the standard
 * deviation of images; the default is that of the model, where it states one.
 */
export const pigdm: Sampler = defineSampler({
  name: "pigdm",
  summary: "guided by the data's likelihood through the network, with the operator's inverse",
  citation: "Song et al., Pseudoinverse-guided diffusion models for inverse problems, ICLR 2023",
  weightRole: "divisor of the likelihood step",
  defaults: {
    steps: 20,
    weight: 0.5,
    sigmaData: 0.35,
    eta: 0.7,
    sigmaMax: 0.6,
    sigmaMin: 0.5,
    cg: 5,
  },
  ranges: {
    weight: { low: 0.3, high: 3, log: true },
    sigmaData: { low: 0.05, high: 1, log: true },
    eta: { low: 0, high: 1 },
    ...LEVEL_RANGES,
  },
  scalars: ["weight"],
  stepKinds: ({ sigmaData, eta, cg }) => ({
    step(context) {
      const { x, sigma, data, denoise, scalars: { weight } } = context;
      const D = denoise(x, sigma);
      const variance = posteriorVariance(sigma, sigmaData);
      const ridge = rho(data, sqrt(variance));
      const change = regularisedInverse(data, residualImage(data, D), ridge, cg);
      const [pulled] = vjp([D], [x], [change]);
      const scale = div(mul(sigma, sigma), mul(variance, weight));
      return { x: renoise(context, add(D, mul(scale, pulled)), ancestralShare(context, eta)) };
    },
  }),
  schedule: (settings, stats) =>
    posteriorSteps(settings, stats).map((step) => ({
      ...step,
      scalars: { weight: weightOf(settings.weight, step.sigma, step.sigmaNext) },
    })),
});
