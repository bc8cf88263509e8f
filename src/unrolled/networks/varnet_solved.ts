/**
 * A variational network whose steps of data consistency are solved: in place of one gradient step in
 * k-space each cascade has a least-squares problem, as in H. K. Aggarwal, M. P. Mani, M. Jacob, "MoDL",
 * IEEE TMI 38:394, 2019, and J. Duan et al., "VS-Net: variable splitting network for accelerated parallel
 * MRI reconstruction", MICCAI 2019, here with the U-Nets of the end-to-end variational network. The coil
 * maps are given, as in the first variational network (K. Hammernik et al., "Learning a variational network
 * for reconstruction of accelerated MRI data", MRM 79:3055, 2018).
 * ```
 * x = argmin |A x - y|^2 + (sigma / 2) |x|^2
 * z = x - U_k(x, A^H y);  x = argmin |A x - y|^2 + rho_k |x - z|^2   for each cascade
 * rho_k = w_k (sigma / 0.02)^p_k
 * ```
 * Weight w_k and power p_k are learned: the more noise, the more each cascade follows its U-Net. The
 * zero-filled image A^H y shows a U-Net what is folded onto each pixel, from further away than it sees.
 * @module
 */
import { add, div, exp, log, max, mul, reshape, sub, type Tensor } from "../../graph/mod.ts";
import { leastSquaresImage, proximal } from "../../mri/physics/proximal.ts";
import { SCALAR } from "../../ndarray.ts";
import { eachSet, type Scope } from "../../nn/mod.ts";
import type { NoisyLeastSquares, SolvedImages } from "./least_squares.ts";
import { normUNet, type UNetConfig } from "./unet.ts";

/** Sizes of the network; the U-Nets are those of `varnet`. */
export interface SolvedVarNetConfig extends Pick<UNetConfig, "channels" | "pools"> {
  readonly cascades: number;
  /** Whether all cascades have the U-Net of the first. Default false. */
  readonly shared?: boolean;
}

/** Steps for each least-squares problem. */
const CONJUGATE_GRADIENTS = 8;

/** Unit of the learned logarithms, as in `modl.ts`. */
const LOG_UNIT = 10;

/** Noise of the samples at which rho_k is w_k, and the smallest that is told apart. */
const LEVEL = 0.02, MIN_SIGMA = 1e-3;

/** Before training: w_k of the first and the last cascade, and p_k. */
const FIRST_WEIGHT = 1 * LEVEL, LAST_WEIGHT = 8 * LEVEL, POWER = 1;

/** The network, on the data of maps that make the image nearly real: see {@link realMaps}. */
export function solvedVarnet(
  scope: Scope,
  data: NoisyLeastSquares,
  config: SolvedVarNetConfig,
): SolvedImages {
  return solvedCascades(scope, data, config, (at, x) => refinement(at, x, data.adjoint, config));
}

/** The correction of images by a U-Net that sees the zero-filled ones too, each set of coil maps by itself. */
export function refinement(
  scope: Scope,
  x: Tensor,
  zeroFilled: Tensor,
  { channels, pools }: Pick<UNetConfig, "channels" | "pools">,
): Tensor {
  const sizes = { channels, pools, startsAtZero: true, keepsMean: true };
  return eachSet(x, (image) => normUNet(scope, image, sizes, reshape(zeroFilled, image.shape)));
}

/**
 * A learned weight that follows the noise: w (sigma / 0.02)^p.
 * @param name of the parameter of its logarithm
 * @param start its logarithm and p before training
 */
export function noiseWeight(
  scope: Scope,
  name: string,
  start: { readonly first: number; readonly power: number },
  sigma: Tensor,
): Tensor {
  const learned = (name: string, value: number) =>
    reshape(scope.parameter(name, [1], { kind: "constant", value: value / LOG_UNIT }), SCALAR);
  const logWeight = learned(name, start.first), power = learned("log_power", start.power);
  const level = log(div(max(sigma, MIN_SIGMA), LEVEL));
  return exp(mul(add(logWeight, mul(power, level)), LOG_UNIT));
}

/**
 * The images after each cascade.
 * @param regularise gives the correction of images, from weights of a scope
 */
export function solvedCascades(
  scope: Scope,
  data: NoisyLeastSquares,
  { cascades, shared }: Pick<SolvedVarNetConfig, "cascades" | "shared">,
  regularise: (scope: Scope, image: Tensor) => Tensor,
): SolvedImages {
  const { sigma } = data, all = scope.at("cascades");
  const images: Tensor[] = [];
  let x = leastSquaresImage(data, sigma);
  for (let k = 0; k < cascades; k++) {
    const t = cascades === 1 ? 0 : k / (cascades - 1);
    const first = (1 - t) * Math.log(FIRST_WEIGHT) + t * Math.log(LAST_WEIGHT);
    const rho = noiseWeight(all.at(k), "log_weight", { first, power: POWER }, sigma);
    const refined = regularise(all.at(shared ? 0 : k).at("model"), x);
    x = proximal(data, sub(x, refined), rho, CONJUGATE_GRADIENTS);
    images.push(x);
  }
  return { image: x, stages: images.slice(0, -1) };
}
