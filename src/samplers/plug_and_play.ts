/**
 * Plug-and-play: the denoiser as the prior of a deterministic iteration.
 *
 * Each step shows the denoiser its image at another phase (`turns`; see {@link turnedDenoiser}).
 * Without, the denoiser's own errors add up, and many steps are worse than few.
 * @module
 */
import { add, div, mul, sub } from "../graph/mod.ts";
import { GOLDEN_ANGLE, turnedDenoiser } from "../mri/physics/phase_rotation.ts";
import type { Known, Move, PlannedMove, Range, Sampler, Settings } from "./core/contract.ts";
import { balance, proximalCorrection, residualImage } from "./core/data_term.ts";
import { posteriorLevels } from "./core/plans.ts";

const RANGES: Readonly<Record<string, Range>> = {
  weight: { low: 0.03, high: 3, log: true },
  sigmaMax: { low: 0.05, high: 1, log: true },
  sigmaMin: { low: 0.1, high: 2, log: true },
};

/** The levels of {@link posteriorLevels}, and by how much the phase is turned at each. */
function turningLevels(settings: Settings, known: Known): PlannedMove[] {
  return posteriorLevels(settings, known).map((move, i) => ({
    ...move,
    parameter: settings.turns * GOLDEN_ANGLE * i,
  }));
}

/**
 * {@link turningLevels}; the result is the mean of the images of the last `average` of all steps,
 * each of which saw another phase.
 */
function averagedLevels(settings: Settings, known: Known): PlannedMove[] {
  const moves = turningLevels(settings, known);
  const before = moves.length - Math.max(1, Math.round(settings.average * moves.length));
  const gathered = moves.slice(before).flatMap((move, i): PlannedMove[] => [
    move,
    { ...move, move: "gather", parameter: 1 / (i + 1) },
  ]);
  const { sigma } = moves[moves.length - 1];
  return [...moves.slice(0, before), ...gathered, { move: "finish", sigma, sigmaNext: 0 }];
}

/** Running mean of the images, and the mean as the result; neither evaluates the denoiser. */
const AVERAGING = {
  gather: {
    nfe: 0,
    noises: 0,
    step: ({ x, state: { mean }, parameter: share }) => ({
      x,
      mean: add(mean, mul(share, sub(x, mean))),
    }),
  },
  finish: { nfe: 0, noises: 0, step: ({ state: { mean } }) => ({ x: mean }) },
} satisfies Record<string, Move>;

/**
 * Half-quadratic splitting with a denoiser (DPIR):
 * ```
 * v = argmin |A v - y|^2 + rho |v - x|^2,  rho = lambda sigma_y^2 / sigma^2
 * x = denoise(v, sigma), sigma falling
 * ```
 * Each solve goes on from the correction of the last, so that four iterations do.
 * Published: lambda 0.23, 8 iterations (24 for super-resolution, 40 for demosaicking), sigma from
 * 49/255 geometrically to sigma_y, exact solves.
 */
export const dpir = {
  name: "dpir",
  summary: "half-quadratic splitting with the denoiser, deterministic",
  citation: "Zhang et al., Plug-and-play image restoration with deep denoiser prior, TPAMI 2022",
  defaults: { steps: 20, weight: 0.23, sigmaMax: 0.4, sigmaMin: 0.5, cg: 4, turns: 1 },
  ranges: RANGES,
  start: "sense-image",
  random: false,
  variables: ["u"],
  moves: ({ weight, cg }) => ({
    step: {
      nfe: 1,
      noises: 0,
      step({ x, state: { u }, sigma, parameter: angle, data, denoise }) {
        const correction = proximalCorrection(data, x, balance(data, sigma, weight), cg, u);
        const turned = turnedDenoiser(denoise, angle);
        return { x: turned(add(x, correction), sigma), u: correction };
      },
    },
  }),
  plan: turningLevels,
} satisfies Sampler;

/**
 * ADMM with a denoiser:
 * ```
 * v = argmin |A v - y|^2 + rho |v - (x - u)|^2,  rho = lambda sigma_y^2 / sigma^2
 * x = denoise(v + u, sigma)
 * u = (u + v - x) sigma'^2 / sigma^2, sigma falling (the scaled dual variable follows rho)
 * ```
 * and the mean of the last images.
 * At a constant sigma the fixed point is where the data and the prior that the denoiser is the
 * proximal map of are in balance. The first paper keeps sigma, Chan et al. let rho grow.
 */
export const pnpAdmm = {
  name: "pnp-admm",
  summary: "ADMM with the denoiser as the prior's proximal map, deterministic",
  citation:
    "Venkatakrishnan, Bouman and Wohlberg, Plug-and-play priors for model based reconstruction, GlobalSIP 2013; " +
    "Chan, Wang and Elgendy, TCI 2017",
  defaults: { steps: 30, weight: 0.7, sigmaMax: 0.4, sigmaMin: 1, cg: 4, turns: 1, average: 0.25 },
  ranges: { ...RANGES, average: { low: 0, high: 0.5 } },
  start: "sense-image",
  random: false,
  variables: ["u", "correction", "mean"],
  moves: ({ weight, cg }) => ({
    ...AVERAGING,
    step: {
      nfe: 1,
      noises: 0,
      step(input) {
        const { x, state: { u, correction: before }, sigma, sigmaNext, data } = input;
        const denoise = turnedDenoiser(input.denoise, input.parameter);
        const centre = sub(x, u);
        const rho = balance(data, sigma, weight);
        const correction = proximalCorrection(data, centre, rho, cg, before);
        const v = add(centre, correction);
        const denoised = denoise(add(v, u), sigma);
        const ratio = div(sigmaNext, sigma);
        const dual = mul(sub(add(u, v), denoised), mul(ratio, ratio));
        return { x: denoised, u: dual, correction };
      },
    },
  }),
  plan: averagedLevels,
} satisfies Sampler;

/**
 * Regularisation by denoising, by gradient steps:
 * ```
 * x = x - (A^H (A x - y) + rho (x - denoise(x, sigma))) / (1 + rho),  rho = lambda sigma_y^2 / sigma^2
 * ```
 * 1 + rho bounds the curvature, as the maps have unit norm. At a constant sigma the fixed point is
 * the least-squares image under the prior smoothed by sigma. The paper keeps sigma at 3-5 of 255 and
 * takes 200 steps; here sigma falls.
 */
export const red = {
  name: "red",
  summary: "gradient descent with the denoiser's residual as prior, deterministic",
  citation:
    "Romano, Elad and Milanfar, The little engine that could: regularization by denoising, SIIMS 2017",
  defaults: { steps: 40, weight: 1, sigmaMax: 49 / 255, sigmaMin: 1, turns: 1 },
  ranges: RANGES,
  start: "sense-image",
  random: false,
  moves: ({ weight }) => ({
    step: {
      nfe: 1,
      noises: 0,
      step({ x, sigma, parameter: angle, data, denoise }) {
        const rho = balance(data, sigma, weight);
        const denoised = turnedDenoiser(denoise, angle)(x, sigma);
        const descent = add(residualImage(data, x), mul(rho, sub(denoised, x)));
        return { x: add(x, div(descent, add(rho, 1))) };
      },
    },
  }),
  plan: turningLevels,
} satisfies Sampler;
