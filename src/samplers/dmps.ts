/** DMPS. @module */
import { add, mul } from "../graph/mod.ts";
import type { Sampler } from "./core/contract.ts";
import { regularisedInverse, residualImage } from "./core/data_term.ts";
import { noiseRatio } from "./core/guidance.ts";
import { posteriorLevels } from "./core/plans.ts";
import { ancestralShare, renoise } from "./core/transition.ts";

/**
 * Diffusion model based posterior sampling: the likelihood of the data given x, with x0 taken to be
 * normal around x itself (a flat prior), which needs no gradient of the network:
 * ```
 * D  = denoise(x, sigma)
 * g  = A^H (sigma_y^2 + sigma^2 A A^H)^-1 (y - A x)
 * x' = ancestral step of DDPM from D + lambda sigma^2 g
 * ```
 * sigma^2 g is `(A^H A + sigma_y^2 / sigma^2)^-1 A^H (y - A x)`, by conjugate gradients where the paper
 * has the singular values of A; its 1 - alpha over alpha is our sigma^2. Published: lambda 1.75, 1000
 * steps.
 */
export const dmps = {
  name: "dmps",
  summary: "guided by the likelihood of the data at the noisy image, without a network gradient",
  citation:
    "Meng and Kabashima, Diffusion model based posterior sampling for noisy linear inverse problems, ACML 2024",
  defaults: { steps: 30, weight: 2, sigmaMax: 0.4, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 0.3, high: 3, log: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  moves: ({ weight, cg }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step({ x, sigma, sigmaNext, noise: [z], data, denoise }) {
        const at = { x, sigma, sigmaNext };
        const rho = noiseRatio(data, mul(sigma, sigma));
        const change = regularisedInverse(data, residualImage(data, x), rho, cg);
        const guided = add(denoise(x, sigma), mul(change, weight));
        return { x: renoise(at, guided, ancestralShare(at), z) };
      },
    },
  }),
  plan: posteriorLevels,
} satisfies Sampler;
