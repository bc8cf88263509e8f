/** What plug-and-play reconstruction (`dpir`, `pnp-admm`) and its trained relative, MoDL, have in common. @module */

/** Smallest noise level, for data with little noise: `prior-brain` was trained down to 0.003. */
export const MIN_SIGMA = 1e-3;

/**
 * First noise level on the scale of the image, last one in units of the noise of the data, and the weight
 * of the denoised image. The weight is published (Zhang et al. 2022); the levels were chosen on
 * validation (docs/samplers.md).
 */
export const DPIR = { sigmaMax: 0.4, sigmaMin: 0.5, weight: 0.23 } as const;

/** The same of `pnp-admm`, all chosen on validation. */
export const ADMM = { sigmaMax: 0.4, sigmaMin: 1, weight: 0.7 } as const;
