/** DMPS. @module */
import { add, mul } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { regularisedInverse, residualImage, rho } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { ancestralShare, renoise } from "./core/steppers.ts";

/**
 * Diffusion model based posterior sampling: the likelihood of the data given x, with x0 assumed
 * normal around x itself (a flat prior). It needs no gradient of the network:
 * ```
 * D  = denoise(x, sigma)
 * g  = A^H (sigma_y^2 + sigma^2 A A^H)^-1 (y - A x)
 * x' = ancestral step of DDPM from D + lambda sigma^2 g
 * ```
 * sigma^2 g is `(A^H A + sigma_y^2 / sigma^2)^-1 A^H (y - A x)`, by conjugate gradients where the paper
 * has the singular values of A; its 1 - alpha over alpha is our sigma^2. `weight` is 1 / lambda.
 * Published: lambda 1.75, 1000 steps.
 */
export const dmps: Sampler = defineSampler({
  name: "dmps",
  summary: "guided by the likelihood of the data at the noisy image, without a network gradient",
  citation:
    "Meng and Kabashima, Diffusion model based posterior sampling for noisy linear inverse problems, ACML 2024",
  weightRole: "1 / lambda, divisor of the likelihood step",
  defaults: { steps: 30, weight: 0.5, sigmaMax: 0.4, sigmaMin: 0.5, cg: 8 },
  ranges: { weight: { low: 0.3, high: 3, log: true }, ...LEVEL_RANGES },
  stepKinds: ({ weight, cg }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const change = regularisedInverse(data, residualImage(data, x), rho(data, sigma), cg);
      const guided = add(denoise(x, sigma), mul(change, 1 / weight));
      return { x: renoise(context, guided, ancestralShare(context)) };
    },
  }),
});
