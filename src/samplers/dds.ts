/** DDS. @module */
import { div, max, mul, pow, type Tensor } from "../graph/mod.ts";
import type { DataTerm, Sampler } from "./core/contract.ts";
import { proximal } from "./core/data_term.ts";
import { posteriorLevels } from "./core/plans.ts";
import { renoise } from "./core/transition.ts";

/** Smallest 1 / gamma. */
const TINY = 1e-8;

/**
 * Decomposed diffusion sampling: denoise, a few conjugate gradient steps to the data, noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = M Hermitian CG steps from D on (I + gamma A^H A) x = D + gamma A^H y
 * x' = x0 + sigma' (sqrt(1 - eta^2) (x - D) / sigma + eta z)
 * ```
 * gamma = weight (sigma / sigma_y)^power. Published: weight 1 (paper: 0.95) and power 0, whatever the
 * noise; power 2 is the exact weight of the data when D has an error of sigma^2, as in DiffPIR.
 * eta as in the official code, where it is the share of fresh noise at every step (the paper's DDIM
 * would take eta^2 (1 - sigma'^2 / sigma^2)); published M 5, eta 0.85, 50 steps.
 */
export const dds = {
  name: "dds",
  summary: "denoise, a few conjugate gradient steps to the data, noise again",
  citation:
    "Chung, Lee and Ye, Decomposed diffusion sampler for accelerating large-scale inverse problems, ICLR 2024",
  defaults: { steps: 20, weight: 2, power: 1, eta: 1, sigmaMax: 0.4, sigmaMin: 0.5, cg: 5 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    power: { low: 0, high: 2 },
    eta: { low: 0.1, high: 1 },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
    cg: { low: 3, high: 12, integer: true },
  },
  start: "sense",
  moves: ({ weight, power, eta, cg }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step({ x, sigma, sigmaNext, noise: [z], data, denoise }) {
        const D = denoise(x, sigma);
        const clean = proximal(data, D, inverseGamma(data, sigma, { weight, power }), cg);
        return { x: renoise({ x, sigma, sigmaNext }, clean, eta ** 2, z, D) };
      },
    },
  }),
  plan: posteriorLevels,
} satisfies Sampler;

/** 1 / gamma: (I + gamma A^H A) x = D + gamma A^H y is A^H A + I / gamma. */
function inverseGamma(
  data: DataTerm,
  sigma: Tensor,
  { weight, power }: { weight: number; power: number },
): Tensor {
  return max(mul(pow(div(data.sigma, sigma), power), 1 / weight), TINY);
}
