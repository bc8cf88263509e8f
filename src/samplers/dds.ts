/** DDS. @module */
import { defineSampler, type Sampler } from "./core/contract.ts";
import { proximal, rho } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { renoise } from "./core/steppers.ts";

/**
 * Decomposed diffusion sampling: denoise, a few conjugate gradient steps to the data, noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = M Hermitian CG steps from D on (I + gamma A^H A) x = D + gamma A^H y
 * x' = x0 + sigma' (sqrt(1 - eta^2) (x - D) / sigma + eta z)
 * ```
 * 1 / gamma = weight (sigma_y / sigma)^power, the rho of the proximal step. Published: weight 1 (paper:
 * 1 / 0.95) and power 0, whatever the noise; power 2 is the exact weight of the prior when D has an
 * error of sigma^2, as in DiffPIR. eta as in the official code, where it is the share of fresh noise at
 * every step (the paper's DDIM would take eta^2 (1 - sigma'^2 / sigma^2)); published M 5, eta 0.85,
 * 50 steps.
 */
export const dds: Sampler = defineSampler({
  name: "dds",
  summary: "denoise, a few conjugate gradient steps to the data, noise again",
  citation:
    "Chung, Lee and Ye, Decomposed diffusion sampler for accelerating large-scale inverse problems, ICLR 2024",
  weightRole: "1 / gamma, the weight of the denoised image in the step to the data",
  defaults: { steps: 20, weight: 0.5, power: 1, eta: 1, sigmaMax: 0.4, sigmaMin: 0.5, cg: 5 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    power: { low: 0, high: 2 },
    eta: { low: 0.1, high: 1 },
    ...LEVEL_RANGES,
    cg: { low: 3, high: 12, integer: true },
  },
  stepKinds: ({ weight, power, eta, cg }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const D = denoise(x, sigma);
      const clean = proximal(data, D, rho(data, sigma, { weight, power }), cg);
      return { x: renoise(context, clean, eta ** 2, D) };
    },
  }),
});
