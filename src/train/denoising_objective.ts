/** The training objectives of a denoiser. @module */
import { add, div, mul, reduceMean, sub } from "../graph/mod.ts";
import {
  type Denoiser,
  denoiserSpecs,
  edmCoefficients,
  flowDenoiser,
  flowTime,
  residualUNet,
  type ResidualUNetConfig,
  type Scope,
  scopedDenoiser,
} from "../nn/mod.ts";
import type { Target } from "./options.ts";
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

/**
 * The loss of flow matching (Lipman et al. 2023; with x0 and noise drawn apart): the squared error of the
 * velocity n - x0 at x_t = (1 - t) x0 + t n. `sigma` of the batch is t / (1 - t), so the levels are those
 * of the other objective.
 * @param shape `[N, 2, H, W]` of a batch
 */
export function flowObjective(
  config: ResidualUNetConfig,
  shape: readonly number[],
): Objective<DenoisingBatch> {
  return {
    specs: denoiserSpecs(config),
    inputs: { clean: shape, noise: shape, sigma: [shape[0], 1, 1, 1] },
    loss(scope, { clean, noise, sigma }) {
      const t = flowTime(sigma);
      const onPath = add(mul(sub(1, t), clean), mul(t, noise));
      const error = sub(residualUNet(scope, onPath, t, config), sub(noise, clean));
      return reduceMean(mul(error, error));
    },
  };
}

/** The denoiser that a network of the objective `target` is. */
export function trainedDenoiser(
  scope: Scope,
  config: ResidualUNetConfig,
  { target, sigmaData }: { readonly target: Target; readonly sigmaData: number },
): Denoiser {
  if (target === "edm") return scopedDenoiser(scope, config, sigmaData);
  return flowDenoiser((x, t) => residualUNet(scope, x, t, config));
}
