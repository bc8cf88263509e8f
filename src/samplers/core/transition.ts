/** Steps between noise levels, shared by the samplers. @module */
import { add, div, max, min, mul, sqrt, sub, type Tensor } from "../../graph/mod.ts";

/** Largest variance ratio below which a difference is rounding. */
const TINY = 1e-12;

/** From where to where a step goes. */
export interface Transition {
  /** Current iterate, at `sigma`. */
  readonly x: Tensor;
  /** Noise level now. */
  readonly sigma: Tensor;
  /** Noise level next. */
  readonly sigmaNext: Tensor;
}

/**
 * The next iterate around an estimate of the clean image:
 * `D + sigma' (sqrt(1 - share) n + sqrt(share) z)` with n = (x - D0) / sigma the noise that x was
 * found to have. Share 0 is DDIM, which is Euler's step of the probability flow; 1 is all fresh noise.
 * @param clean D, where x' is centred
 * @param share part of the variance that is fresh, a number or `[1, 1, 1, 1]`
 * @param z standard normal
 * @param found D0, the estimate that n is measured from. Default: D
 */
export function renoise(
  { x, sigma, sigmaNext }: Transition,
  clean: Tensor,
  share: Tensor | number,
  z?: Tensor,
  found: Tensor = clean,
): Tensor {
  const kept = () => mul(div(sub(x, found), sigma), root(sub(1, share)));
  const fresh = () => mul(z!, root(share));
  if (share === 0) return add(clean, mul(sigmaNext, div(sub(x, found), sigma)));
  if (share === 1) return add(clean, mul(sigmaNext, z!));
  return add(clean, mul(sigmaNext, add(kept(), fresh())));
}

const root = (variance: Tensor | number): Tensor => sqrt(max(variance, 0));

/**
 * The share of fresh noise with which the reverse process of DDPM steps from sigma to sigma', times
 * eta^2: eta^2 (1 - sigma'^2 / sigma^2). With eta = 1 this is ancestral sampling (Ho et al. 2020), the
 * eta of DDIM (Song et al. 2021) in general.
 */
export function ancestralShare(
  { sigma, sigmaNext }: Pick<Transition, "sigma" | "sigmaNext">,
  eta = 1,
): Tensor {
  const ratio = div(sigmaNext, max(sigma, TINY));
  return mul(sub(1, mul(ratio, ratio)), eta * eta);
}

/** score(x, sigma) = (D - x) / sigma^2 (Tweedie's formula). */
export function scoreOf(denoised: Tensor, { x, sigma }: Pick<Transition, "x" | "sigma">): Tensor {
  return div(sub(denoised, x), mul(sigma, sigma));
}

/** Back up to a higher noise level: x' = x + sqrt(sigma'^2 - sigma^2) z. */
export function noisier({ x, sigma, sigmaNext }: Transition, z: Tensor): Tensor {
  return add(x, mul(root(sub(mul(sigmaNext, sigmaNext), mul(sigma, sigma))), z));
}

/** Langevin's step of length eta: x' = x + eta score + sqrt(2 eta) z. */
export function langevin(x: Tensor, score: Tensor, eta: Tensor, z: Tensor): Tensor {
  return add(add(x, mul(eta, score)), mul(sqrt(mul(eta, 2)), z));
}

/** 1, but 0 for the last step: what noise is multiplied with where the clean image is wanted. */
export function unlessLast({ sigmaNext }: Pick<Transition, "sigmaNext">): Tensor {
  return min(div(sigmaNext, TINY), 1);
}
