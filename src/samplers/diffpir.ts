/** DiffPIR. @module */
import { add } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { proximalCorrection, rho } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { renoise } from "./core/steppers.ts";

/**
 * Denoise, step to the data, add noise again:
 * ```
 * D  = denoise(x, sigma)
 * x0 = argmin |A x - y|^2 + rho |x - D|^2,  rho = lambda sigma_y^2 / sigma^2
 * x' = x0 + sigma' (sqrt(1 - zeta) (x - x0) / sigma + sqrt(zeta) z)
 * ```
 * Each solve goes on from the correction `u` of the last. `weight` is lambda. Published: lambda 1 (7 to 8
 * for some tasks), zeta 0.1 to 1, 20 to 100 steps, from pure noise. How the defaults were found:
 * docs/samplers.md.
 */
export const diffpir: Sampler = defineSampler({
  name: "diffpir",
  summary: "denoise, proximal step to the data, noise again",
  citation:
    "Zhu et al., Denoising diffusion models for plug-and-play image restoration, CVPRW 2023",
  weightRole: "lambda, the weight of the denoised image in the proximal step",
  defaults: { steps: 20, weight: 0.5, zeta: 1, sigmaMax: 0.4, sigmaMin: 0.5, cg: 4 },
  ranges: {
    weight: { low: 0.1, high: 4, log: true },
    zeta: { low: 0.1, high: 1 },
    ...LEVEL_RANGES,
  },
  variables: { u: "zero" },
  stepKinds: ({ weight, zeta, cg }) => ({
    step(context) {
      const { x, state: { u }, sigma, data, denoise } = context;
      const D = denoise(x, sigma);
      const correction = proximalCorrection(data, D, rho(data, sigma, { weight }), cg, u);
      return { x: renoise(context, add(D, correction), zeta), u: correction };
    },
  }),
});
