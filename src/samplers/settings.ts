/** What the settings of the samplers mean, and their names as a type. @module */

/** Every setting of the samplers of Larmor; `defaults` of a sampler says which it has, and the values. */
export type SamplerSettings = {
  /** Noise levels (iterations of plug-and-play methods). */
  readonly steps: number;
  /** Regularisation: more weight trusts the prior more. */
  readonly weight: number;
  /** First noise level, on the scale of the image. */
  readonly sigmaMax: number;
  /** Last noise level above 0, in units of the noise of the data. */
  readonly sigmaMin: number;
  /** Iterations of conjugate gradients in each data step. */
  readonly cg: number;
  /** Share of new noise in each step: 0 keeps the old noise, 1 replaces it (`ddnm`, `ddrm`, `dds`,
   * `mmps`, `pigdm`). */
  readonly eta: number;
  /** The same where the data are seen (`ddrm`). */
  readonly etaB: number;
  /** What is added to the variance of the data, in units of sigma^2 (`mmps`). */
  readonly ridge: number;
  /** Share of new noise in each step (`diffpir`). */
  readonly zeta: number;
  /** Standard deviation of the images' real and imaginary parts; default: what the model says. */
  readonly sigmaData: number;
  /** Exponent by which a weight follows the noise level (`dds`, `red-diff`). */
  readonly power: number;
  /** Signal-to-noise ratio of the Langevin correction (`score`, `score-mri`). */
  readonly snr: number;
  /** Langevin corrections for each level (`score`). */
  readonly correctors: number;
  /** Step size of the Langevin dynamics, relative to the curvature of the posterior (`ald`,
   * `snips`); how much of the noise is renewed (`interpolant`). */
  readonly epsilon: number;
  /** Langevin steps for each level (`ald`, `snips`). */
  readonly inner: number;
  /** Steps of the probability flow for each denoised image (`daps`). */
  readonly flow: number;
  /** Levels that are passed before going back as many (`ddnm`, `ddnm+`, `repaint`). */
  readonly jump: number;
  /** How often each is passed (`ddnm`, `ddnm+`, `repaint`). */
  readonly repeats: number;
  /** Smallest squared singular value of the operator that counts as measured (`ddrm`, `snips`). */
  readonly minEigenvalue: number;
  /** Whether the phase of x is rotated for each call of the network: 1 or 0 (plug-and-play). */
  readonly phaseRotation: number;
  /** Share of the steps, the last ones, whose images are averaged (`pnp-admm`). */
  readonly average: number;
  /** Over-relaxation: 1 is none, 1.5 to 1.8 needs fewer steps (`pnp-admm`). */
  readonly relaxation: number;
  /** Learning rate (`red-diff`). */
  readonly rate: number;
};
