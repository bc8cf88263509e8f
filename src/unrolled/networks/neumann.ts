/**
 * The Neumann network: D. Gilton, G. Ongie, R. Willett, "Neumann networks for linear inverse problems in
 * imaging", IEEE TCI 6:328, 2020 (arXiv 1901.03707). The solution of (A^H A + R) x = A^H y as a Neumann
 * series of B + 1 terms, in which a network takes the place of the matrix R:
 * ```
 * b_0     = eta A^H y
 * b_(k+1) = b_k - eta A^H A b_k - R(b_k)
 * x       = b_0 + ... + b_B
 * ```
 * Preconditioned, with T = (A^H A + eta)^-1 by conjugate gradients (section V of the paper):
 * ```
 * b_0     = T A^H y
 * b_(k+1) = eta T b_k - R(b_k)
 * ```
 * eta is learned, and all terms share R and eta. As in the authors' code, eta begins at 0.1 and R takes
 * up the factor that the paper writes before it. Differences: R is the U-Net of `varnet_solved.ts` in
 * place of a network of residual blocks, and begins at zero, so that the untrained network is the series of
 * R = 0 (preconditioned: iterated Tikhonov regularisation); and eta may learn to follow the noise.
 * @module
 */
import { add, asPart, mul, sub, type Tensor } from "../../graph/mod.ts";
import { type LeastSquares, regularisedInverse } from "../../mri/physics/proximal.ts";
import { eachSet, type Scope } from "../../nn/mod.ts";
import type { NoisyLeastSquares } from "./least_squares.ts";
import { normUNet } from "./unet.ts";
import { noiseWeight } from "./varnet_solved.ts";

/** How the series is summed. */
export interface NeumannSeries {
  /** Terms after the first, B: each evaluates the regulariser once. */
  readonly terms: number;
  /** Conjugate gradient steps of the preconditioner; 0: none, the plain series. */
  readonly conjugateGradients: number;
}

/** Sizes of the network. */
export interface NeumannConfig extends NeumannSeries {
  /** Channels of the finest level of the regulariser's U-Net. */
  readonly channels: number;
  /** Levels below it. */
  readonly pools: number;
}

/** Step size, and weight of the preconditioner, before training; as published, whatever the noise. */
const FIRST = { first: Math.log(0.1), power: 0 };

/**
 * The series.
 * @param eta `[1, 1, 1, 1]`
 * @param regularise R, on images of the operator's domain
 * @returns `[N, 2 S, H, W]`, of S sets of coil maps
 */
export function neumannSeries(
  data: LeastSquares,
  eta: Tensor,
  regularise: (term: Tensor) => Tensor,
  { terms, conjugateGradients }: NeumannSeries,
): Tensor {
  const inverse = (b: Tensor) => regularisedInverse(data, b, eta, conjugateGradients);
  const isPreconditioned = conjugateGradients > 0;
  const linear = (term: Tensor) =>
    isPreconditioned ? mul(eta, inverse(term)) : sub(term, mul(eta, data.operator.normal(term)));
  let term = isPreconditioned ? inverse(data.adjoint) : mul(eta, data.adjoint);
  let sum = term;
  for (let k = 0; k < terms; k++) {
    term = sub(linear(term), regularise(term));
    sum = add(sum, term);
  }
  return sum;
}

/**
 * The network, on the data of maps that make the image nearly real: see `realMaps`.
 * @returns complex images `[N, 2 S, H, W]`; the regulariser sees each set of coil maps by itself
 */
export function neumann(scope: Scope, data: NoisyLeastSquares, config: NeumannConfig): Tensor {
  const { channels, pools } = config;
  const eta = noiseWeight(scope, "log_eta", FIRST, data.sigma);
  const sizes = { channels, pools, startsAtZero: true, keepsMean: true };
  const regularise = asPart((terms: Tensor) =>
    eachSet(terms, (term) => normUNet(scope.at("regulariser"), term, sizes))
  );
  return neumannSeries(data, eta, regularise, config);
}
