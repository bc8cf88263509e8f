/** DiffPIR. @module */
import { add, div, max, mul } from "../graph/mod.ts";
import type { Sampler } from "./contract.ts";
import { proximalCorrection } from "./data_term.ts";
import { posteriorLevels } from "./plans.ts";
import { renoise } from "./transition.ts";

/** Smallest rho, for data without noise. */
const TINY = 1e-8;

/**
 * Denoise, step to the data, add noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = argmin |A x - y|^2 + rho |x - D|^2,  rho = lambda sigma_y^2 / sigma^2
 * x' = x0 + sigma' (sqrt(1 - zeta) (x - x0) / sigma + sqrt(zeta) z)
 * ```
 * Each solve goes on from the correction of the last. `weight` is lambda. Published: lambda 1 (7 to 8 for some tasks), zeta 0.1 to 1, 20 to 100 steps, from
 * pure noise. On simulated validation k-space with the first prior, all fresh noise and lambda 0.25 to 0.5
 * were better than less of one or more of the other, at R = 4 and 8.
 */
export const diffpir = {
  name: "diffpir",
  summary: "denoise, proximal step to the data, noise again",
  citation:
    "Zhu et al., Denoising diffusion models for plug-and-play image restoration, CVPRW 2023",
  defaults: { steps: 20, weight: 0.5, zeta: 1, sigmaMax: 0.4, sigmaMin: 0.5, cg: 4 },
  ranges: {
    weight: { low: 0.1, high: 4, log: true },
    zeta: { low: 0.1, high: 1 },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  variables: ["u"],
  moves: ({ weight, zeta, cg }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step({ x, state: { u }, sigma, sigmaNext, noise: [z], data, denoise }) {
        const ratio = div(data.sigma, sigma);
        const rho = max(mul(mul(ratio, ratio), weight), TINY);
        const D = denoise(x, sigma);
        const correction = proximalCorrection(data, D, rho, cg, u);
        const clean = add(D, correction);
        return { x: renoise({ x, sigma, sigmaNext }, clean, zeta, z), u: correction };
      },
    },
  }),
  plan: posteriorLevels,
} satisfies Sampler;
