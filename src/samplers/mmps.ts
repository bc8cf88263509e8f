/** MMPS. @module */
import { add, mul } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { likelihoodScore } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { ancestralShare, renoise } from "./core/steppers.ts";

/**
 * Moment matching posterior sampling: as `pigdm`, with the covariance of x0 given x that the network itself
 * states in place of r^2:
 * ```
 * D  = denoise(x, sigma),  J = dD/dx
 * g  = J^T A^H (sigma^2 A J A^H + sigma_y^2 + ridge sigma^2)^-1 (y - A D)
 * x' = DDIM step to sigma' from D + sigma^2 g / weight
 * ```
 * The inverse takes a VJP of the network for each of `cg` iterations, which are not counted as network
 * calls. Published: no ridge, 1 to 3 iterations of conjugate gradients or GMRES, eta 1. J of a network is
 * neither symmetric nor positive definite, which at a large sigma outweighs sigma_y^2: without a ridge more
 * than 3 iterations diverge here (docs/samplers.md). The ridge makes the first, coarse levels follow the
 * data less and vanishes with sigma, so the sampler stays exact in the limit of many steps for normal
 * priors where the ridge is 0, and nearly so where it is small.
 */
export const mmps: Sampler = defineSampler({
  name: "mmps",
  summary: "guided by the data's likelihood with the covariance that the network itself states",
  citation:
    "Rozet, Andry, Lanusse and Louppe, Learning diffusion priors from observations by expectation " +
    "maximization, NeurIPS 2024",
  weightRole: "divisor of the likelihood step",
  defaults: { steps: 20, weight: 1, eta: 1, sigmaMax: 0.6, sigmaMin: 0.5, cg: 4, ridge: 0.01 },
  ranges: {
    weight: { low: 0.3, high: 3, log: true },
    eta: { low: 0, high: 1 },
    ridge: { low: 0.001, high: 0.1, log: true },
    ...LEVEL_RANGES,
  },
  stepKinds: ({ weight, eta, cg, ridge }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const D = denoise(x, sigma);
      const score = likelihoodScore(data, D, context, { iterations: cg, ridge });
      const guided = add(D, mul(mul(mul(sigma, sigma), 1 / weight), score));
      return { x: renoise(context, guided, ancestralShare(context, eta)) };
    },
  }),
});
