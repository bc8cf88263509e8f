/** MCG. @module */
import { add } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { towardsNoisyData } from "./core/data_term.ts";
import { dps, dpsStep } from "./dps.ts";

/**
 * Manifold constrained gradient: the step of DPS, then a projection onto the data at the new level:
 * ```
 * x'  = step of DPS
 * x'' = x' + A^+ (y + sigma' A z - A x')
 * ```
 * A^+ is `A^H (A A^H + rho)^-1` with rho = sigma_y^2 / sigma'^2, by conjugate gradients: the paper's
 * projection where data have no noise; noisy data are followed as far as their noise allows.
 */
export const mcg: Sampler = defineSampler({
  name: "mcg",
  summary: "DPS with a projection onto the data after each step",
  citation:
    "Chung et al., Improving diffusion models for inverse problems using manifold constraints, NeurIPS 2022",
  weightRole: dps.weightRole,
  defaults: { steps: 50, weight: 0.5, sigmaData: 0.35, sigmaMax: 0.4, sigmaMin: 0.5, cg: 8 },
  ranges: dps.ranges,
  stepKinds: ({ weight, sigmaData, cg }) => ({
    step(context) {
      const x = dpsStep(context, { weight, sigmaData });
      const change = towardsNoisyData(context.data, x, context.sigmaNext, context.noise(), cg);
      return { x: add(x, change) };
    },
  }),
});
