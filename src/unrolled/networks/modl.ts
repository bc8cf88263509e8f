/**
 * MoDL: H. K. Aggarwal, M. P. Mani, M. Jacob, "MoDL: Model-based deep learning architecture for
 * inverse problems", IEEE TMI 38:394, 2019: half-quadratic splitting with a learned denoiser,
 * unrolled and trained end to end, all iterations with the same weights.
 * ```
 * v = argmin |A v - y|^2 + rho_k |v - x|^2,  rho_k = lambda_k sigma_y^2 / sigma_k^2
 * x = denoise(v, sigma_k), with the phase cycling of `dpir`
 * ```
 * The paper's denoiser has no noise level as an input, and its lambda is one parameter. Here sigma_k are
 * the levels of `dpir` and lambda_k its weight, each times a learned factor. So the untrained network,
 * with the weights of a prior, is plug-and-play reconstruction. With a dual variable (Yang, Sun, Li, Xu,
 * "Deep ADMM-Net for compressive sensing MRI", NIPS 2016) levels, weight and iteration are those of
 * `pnp-admm`, with its over-relaxation and mean of the last images, and the dual variable is multiplied by a
 * learned factor too.
 * @module
 */
import { ADMM, DPIR, MIN_SIGMA } from "../../method/plug_and_play.ts";
import { scopedDenoiser } from "../../nn/residual_unet.ts";
import { add, asPart, exp, log, max, mul, reshape, sub, type Tensor } from "../../graph/mod.ts";
import { leastSquaresImage, proximalCorrection } from "../../mri/physics/proximal.ts";
import { GOLDEN_ANGLE, phaseRotatedDenoiser } from "../../mri/physics/phase_rotation.ts";
import {
  DENOISER_NETWORK,
  type Initializer,
  paddedDenoiser,
  type Scope,
  sizeMultiple,
} from "../../nn/mod.ts";

import type { NoisyLeastSquares, SolvedImages } from "./least_squares.ts";

/** Sizes of the network; its denoiser is that of a prior. */
export interface ModlConfig {
  /** Iterations, each with one evaluation of the denoiser. */
  readonly iterations: number;
  /** Conjugate gradient steps of each. */
  readonly conjugateGradients: number;
  /** Standard deviation of the real and imaginary part of images, as the denoiser has it. */
  readonly sigmaData: number;
  /** Whether there is a dual variable, as in ADMM (default: none). */
  readonly dual?: boolean;
  /** Factor of the way from the last image to the proximal point (default 1: none beyond it). */
  readonly relaxation?: number;
  /** How many of the last images are averaged (default 1). */
  readonly averaged?: number;
}

/**
 * Unit of the learned logarithms. They must change more than kernels do in training, whose optimiser
 * steps have one size for all parameters. Not searched.
 */
const LOG_UNIT = 10;

const ZERO: Initializer = { kind: "constant", value: 0 };

/** The network. */
export function modl(scope: Scope, data: NoisyLeastSquares, config: ModlConfig): SolvedImages {
  const { iterations, conjugateGradients, sigmaData } = config;
  const { dual = false, relaxation = 1, averaged = 1 } = config;
  const { sigmaMax, sigmaMin, weight } = dual ? ADMM : DPIR;
  const multiple = sizeMultiple(DENOISER_NETWORK);
  const denoise = asPart(paddedDenoiser(
    scopedDenoiser(scope.at("denoiser"), DENOISER_NETWORK, sigmaData),
    { multiple, minimum: 2 * multiple },
  ));
  const factor = (k: number, name: string) =>
    mul(
      reshape(scope.at("iterations").at(k).parameter(name, [1], ZERO), [1, 1, 1, 1]),
      LOG_UNIT,
    );
  const noise = log(data.sigma);
  const lowest = log(max(mul(data.sigma, sigmaMin), MIN_SIGMA));
  const levels = Array.from({ length: iterations }, (_, k) => {
    const t = iterations === 1 ? 0 : k / (iterations - 1);
    return add(add(mul(lowest, t), (1 - t) * Math.log(sigmaMax)), factor(k, "log_level"));
  });
  let x = leastSquaresImage(data, data.sigma);
  let correction = mul(x, 0), u = correction;
  const images: Tensor[] = [];
  for (const [k, level] of levels.entries()) {
    const logRho = add(mul(sub(noise, level), 2), factor(k, "log_weight"));
    const rho = mul(exp(logRho), weight);
    const centre = dual ? sub(x, u) : x;
    correction = proximalCorrection(data, centre, rho, conjugateGradients, correction);
    // v + u for v = relaxation ((x - u) + correction) + (1 - relaxation) x
    const shown = sub(add(x, mul(correction, relaxation)), mul(u, relaxation - 1));
    x = phaseRotatedDenoiser(denoise, k * GOLDEN_ANGLE)(shown, exp(level));
    images.push(x);
    if (dual && k + 1 < iterations) {
      const change = add(mul(sub(levels[k + 1], level), 2), factor(k, "log_dual"));
      u = mul(sub(shown, x), exp(change));
    }
  }
  const last = images.slice(-averaged);
  const image = mul(last.reduce((sum, one) => add(sum, one)), 1 / last.length);
  return { image, stages: images.slice(0, -1) };
}
