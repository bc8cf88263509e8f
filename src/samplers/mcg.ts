/** MCG. @module */
import { add } from "../graph/mod.ts";
import type { Sampler } from "./core/contract.ts";
import { dps, dpsStep } from "./dps.ts";
import { towardsNoisyData } from "./core/guidance.ts";
import { posteriorLevels } from "./core/plans.ts";

/**
 * Manifold constrained gradient: the step of DPS, then a projection onto the data at the new level:
 * ```
 * x'  = step of DPS
 * x'' = x' + A^+ (y + sigma' A z - A x')
 * ```
 * A^+ is `A^H (A A^H + rho)^-1` with rho = sigma_y^2 / sigma'^2, by conjugate gradients: the paper's
 * projection where data have no noise, and no more than they are worth where they have.
 */
export const mcg = {
  ...dps,
  name: "mcg",
  summary: "DPS with a projection onto the data after each step",
  citation:
    "Chung et al., Improving diffusion models for inverse problems using manifold constraints, NeurIPS 2022",
  defaults: { ...dps.defaults, weight: 2, cg: 8 },
  moves: ({ weight, sigmaData, cg }) => ({
    step: {
      nfe: 1,
      noises: 2,
      step(input) {
        const { sigmaNext, noise: [, z], data } = input;
        const x = dpsStep(input, { weight, sigmaData });
        return { x: add(x, towardsNoisyData(data, x, sigmaNext, z, cg)) };
      },
    },
  }),
  plan: posteriorLevels,
} satisfies Sampler;
