/** Replacing what is measured by re-noised data: what RePaint and ILVR share. @module */
import { add, max, mul, sqrt, sub, type Tensor } from "../../graph/mod.ts";
import type { DataTerm, StepInput } from "./contract.ts";
import { pseudoInverse, residualImage } from "./data_term.ts";

/** How A^+ is computed. */
export interface Inversion {
  /** Ridge in units of sigma_y: see {@link noiseRidge}. */
  readonly ridge: number;
  /** Conjugate gradient steps. */
  readonly cg: number;
}

/**
 * A ridge for methods that know of no noise in the data. What is replaced step after step forgets the
 * ridge of a single one (iterated Tikhonov: n steps with a ridge are one with an n-th of it), so it should
 * be proportional to the number of steps.
 */
export function noiseRidge({ sigma }: DataTerm, weight: number): Tensor {
  return mul(sigma, weight);
}

/**
 * The iterate with its measured part replaced by the data at its noise level:
 * `x + A^+ (y + A n - A x)`, n of variance sigma'^2 - sigma_y^2, as much as the data lack.
 * @param data all data or a part of them
 * @param z standard normal, `[N, 2, H, W]`
 */
export function replaceMeasured(
  x: Tensor,
  data: DataTerm,
  { sigmaNext, z }: Pick<StepInput, "sigmaNext"> & { readonly z: Tensor },
  { ridge, cg }: Inversion,
): Tensor {
  const missing = sub(mul(sigmaNext, sigmaNext), mul(data.sigma, data.sigma));
  const n = mul(sqrt(max(missing, 0)), z);
  const change = residualImage(data, sub(x, n));
  return add(x, pseudoInverse(data, change, cg, noiseRidge(data, ridge)));
}
