/** The training objective of a denoiser. @module */
import { add, div, mul, reduceMean, sub } from "../graph/mod.ts";
import {
  denoiserSpecs,
  edmCoefficients,
  residualUNet,
  type ResidualUNetConfig,
} from "../nn/mod.ts";
import type { Objective } from "./trainer.ts";

/** One batch of denoising: `x = clean + sigma noise`. */
export type DenoisingBatch = "clean" | "noise" | "sigma";

/**
 * The loss of EDM (Karras et al. 2022, eq. 8): the squared error of the denoiser with a weight that
 * makes all noise levels count alike, which is the squared error of the network's own output.
 * @param shape `[N, 2, H, W]` of a batch
 */
export function denoisingObjective(
  config: ResidualUNetConfig,
  sigmaData: number,
  shape: readonly number[],
): Objective<DenoisingBatch> {
  return {
    specs: denoiserSpecs(config),
    inputs: { clean: shape, noise: shape, sigma: [shape[0], 1, 1, 1] },
    loss(scope, { clean, noise, sigma }) {
      const x = add(clean, mul(sigma, noise));
      const c = edmCoefficients(sigma, sigmaData);
      const predicted = residualUNet(scope, mul(c.in, x), c.noise, config);
      const error = sub(predicted, div(sub(clean, mul(c.skip, x)), c.out));
      return reduceMean(mul(error, error));
    },
  };
}
