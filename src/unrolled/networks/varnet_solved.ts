/**
 * Cascades of a variational network whose steps of data consistency are solved: in place of one gradient
 * step in k-space each has a least-squares problem, as in H. K. Aggarwal, M. P. Mani, M. Jacob, "MoDL",
 * IEEE TMI 38:394, 2019, and J. Duan et al., "VS-Net: variable splitting network for accelerated parallel
 * MRI reconstruction", MICCAI 2019, here with the U-Nets and the coil maps of the variational network.
 * ```
 * x = argmin |A x - y|^2 + (sigma / 2) |x|^2
 * z = x - U_k(x);  x = argmin |A x - y|^2 + rho_k |x - z|^2   for each cascade
 * rho_k = w_k (sigma / 0.02)^p_k
 * ```
 * Weight w_k and power p_k are learned: the more noise, the more each cascade follows its U-Net.
 * @module
 */
import {
  add,
  div,
  exp,
  greater,
  log,
  max,
  mul,
  reduceMax,
  reshape,
  sub,
  type Tensor,
  where,
} from "../../graph/mod.ts";
import { type LeastSquares, leastSquaresImage, proximal } from "../../mri/physics/proximal.ts";
import type { Scope } from "../../nn/mod.ts";
import type { VarNetConfig } from "./varnet.ts";

/** Part of the largest value of the calibration image below which there is no tissue; chosen on validation. */
const EMPTY = 0.03;

/** Steps for each least-squares problem. */
const CONJUGATE_GRADIENTS = 8;

/** Unit of the learned logarithms, as in `modl.ts`. */
const LOG_UNIT = 10;

/** Noise of the samples at which rho_k is w_k, and the smallest that is told apart. */
const LEVEL = 0.02, MIN_SIGMA = 1e-3;

/** Before training: w_k of the first and the last cascade, and p_k. */
const FIRST_WEIGHT = 1 * LEVEL, LAST_WEIGHT = 8 * LEVEL, POWER = 1;

/** Coil maps that are zero where the calibration image, a magnitude `[N, 1, 1, H, W]`, shows nothing. */
export function supportedMaps(maps: Tensor, calibration: Tensor): Tensor {
  const largest = reduceMax(calibration, [3, 4], { keepDims: true });
  return mul(maps, where(greater(calibration, mul(largest, EMPTY)), 1, 0));
}

/**
 * The images after each cascade, `[N, 2, H, W]`.
 * @param sigma noise of the samples, `[N or 1, 1, 1, 1]`
 * @param regularise gives the correction of an image, from weights of a scope
 */
export function solvedCascades(
  scope: Scope,
  data: LeastSquares,
  sigma: Tensor,
  { cascades, shared }: Pick<VarNetConfig, "cascades" | "shared">,
  regularise: (scope: Scope, image: Tensor) => Tensor,
): Tensor[] {
  const images: Tensor[] = [];
  let x = leastSquaresImage(data, sigma);
  for (let k = 0; k < cascades; k++) {
    const t = cascades === 1 ? 0 : k / (cascades - 1);
    const first = (1 - t) * Math.log(FIRST_WEIGHT) + t * Math.log(LAST_WEIGHT);
    const learned = (name: string, value: number) =>
      reshape(scope.at(k).parameter(name, [1], { kind: "constant", value: value / LOG_UNIT }), [
        1,
        1,
        1,
        1,
      ]);
    const logWeight = learned("log_weight", first);
    const power = learned("log_power", POWER);
    const refined = regularise(scope.at(shared ? 0 : k).at("model"), x);
    const rho = exp(
      mul(add(logWeight, mul(power, log(div(max(sigma, MIN_SIGMA), LEVEL)))), LOG_UNIT),
    );
    x = proximal(data, sub(x, refined), rho, CONJUGATE_GRADIENTS);
    images.push(x);
  }
  return images;
}
