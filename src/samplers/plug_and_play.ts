/**
 * Plug-and-play: the denoiser as the prior of a deterministic iteration.
 *
 * Each step shows the denoiser its image at another phase (`phaseRotation` 1; see
 * {@link phaseRotatedDenoiser}). Without phase cycling the denoiser's own errors add up, and many steps
 * are worse than few.
 * @module
 */
import { add, div, mul, sub, type Tensor } from "../graph/mod.ts";
import { GOLDEN_ANGLE, phaseRotatedDenoiser } from "../mri/physics/phase_rotation.ts";
import { ADMM, DPIR } from "../method/plug_and_play.ts";
import {
  defineSampler,
  type ProblemStats,
  type Sampler,
  type StepContext,
} from "./core/contract.ts";
import { proximalCorrection, residualImage, rho } from "./core/data_term.ts";
import { type LevelSettings, posteriorSteps } from "./core/schedule.ts";

const RANGES = {
  weight: { low: 0.03, high: 3, log: true },
  sigmaMax: { low: 0.05, high: 1, log: true },
  sigmaMin: { low: 0.1, high: 2, log: true },
};

type CycledSettings = LevelSettings & { readonly phaseRotation: number };

/** The steps of {@link posteriorSteps}, and the angle by which each rotates the phase. */
function cycledSteps(settings: CycledSettings, stats: ProblemStats) {
  return posteriorSteps(settings, stats).map((step, i) => ({
    ...step,
    scalars: { angle: settings.phaseRotation * GOLDEN_ANGLE * i },
  }));
}

/** The denoiser at the phase of a step. */
function cycled({ denoise, scalars }: Pick<StepContext<never, "angle">, "denoise" | "scalars">) {
  return phaseRotatedDenoiser(denoise, scalars.angle);
}

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
export const dpir: Sampler = defineSampler({
  name: "dpir",
  summary: "half-quadratic splitting with the denoiser, deterministic",
  citation: "Zhang et al., Plug-and-play image restoration with deep denoiser prior, TPAMI 2022",
  weightRole: "lambda, the weight of the denoised image in the proximal step",
  defaults: { steps: 20, ...DPIR, cg: 4, phaseRotation: 1 },
  ranges: RANGES,
  start: { around: "sense", addNoise: false },
  random: false,
  variables: { u: "zero" },
  scalars: ["angle"],
  stepKinds: ({ weight, cg }) => ({
    step(context) {
      const { x, state: { u }, sigma, data } = context;
      const correction = proximalCorrection(data, x, rho(data, sigma, { weight }), cg, u);
      return { x: cycled(context)(add(x, correction), sigma), u: correction };
    },
  }),
  schedule: cycledSteps,
});

/** Over-relaxation: beyond v, away from the last x. */
function relaxed(v: Tensor, x: Tensor, relaxation: number): Tensor {
  return relaxation === 1 ? v : add(mul(v, relaxation), mul(x, 1 - relaxation));
}

/**
 * ADMM with a denoiser:
 * ```
 * v = argmin |A v - y|^2 + rho |v - (x - u)|^2,  rho = lambda sigma_y^2 / sigma^2
 * v = relaxation v + (1 - relaxation) x
 * x = denoise(v + u, sigma)
 * u = (u + v - x) sigma'^2 / sigma^2, sigma falling (the scaled dual variable follows rho)
 * ```
 * and the mean of the images of the last `average` of all steps, each of which saw another phase.
 * At a constant sigma the fixed point is where the data and the prior that the denoiser is the
 * proximal map of are in balance. The first paper keeps sigma, Chan et al. let rho grow. A relaxation
 * of 1.5 to 1.8 (Eckstein and Bertsekas 1992; Boyd et al. 2011, 3.4.3) needs fewer steps: 15 in place of 30.
 */
export const pnpAdmm: Sampler = defineSampler({
  name: "pnp-admm",
  summary: "ADMM with the denoiser as the prior's proximal map, deterministic",
  citation:
    "Venkatakrishnan, Bouman and Wohlberg, Plug-and-play priors for model based reconstruction, GlobalSIP 2013; " +
    "Chan, Wang and Elgendy, TCI 2017",
  weightRole: "lambda, the weight of the denoised image in the proximal step",
  defaults: {
    steps: 15,
    ...ADMM,
    cg: 6,
    phaseRotation: 1,
    average: 0.25,
    relaxation: 1.8,
  },
  ranges: { ...RANGES, average: { low: 0, high: 0.5 }, relaxation: { low: 1, high: 1.9 } },
  start: { around: "sense", addNoise: false },
  random: false,
  variables: { u: "zero", correction: "zero", mean: "zero" },
  scalars: ["angle", "share"],
  stepKinds: ({ weight, cg, relaxation }) => ({
    step(context) {
      const { x, state: { u, correction: before }, sigma, sigmaNext, data } = context;
      const centre = sub(x, u);
      const ridge = rho(data, sigma, { weight });
      const correction = proximalCorrection(data, centre, ridge, cg, before);
      const v = relaxed(add(centre, correction), x, relaxation);
      const denoised = cycled(context)(add(v, u), sigma);
      const ratio = div(sigmaNext, sigma);
      const dual = mul(sub(add(u, v), denoised), mul(ratio, ratio));
      return { x: denoised, u: dual, correction };
    },
    gather: ({ x, state: { mean }, scalars: { share } }) => ({
      mean: add(mean, mul(share, sub(x, mean))),
    }),
    finish: ({ state: { mean } }) => ({ x: mean }),
  }),
  schedule(settings, stats) {
    const steps = cycledSteps(settings, stats);
    const before = steps.length - Math.max(1, Math.round(settings.average * steps.length));
    const gathered = steps.slice(before).flatMap((step, i) => [
      step,
      { ...step, kind: "gather" as const, scalars: { share: 1 / (i + 1) } },
    ]);
    const { sigma } = steps[steps.length - 1];
    return [...steps.slice(0, before), ...gathered, { kind: "finish", sigma, sigmaNext: 0 }];
  },
});

/**
 * Regularisation by denoising, by gradient steps:
 * ```
 * x = x - (A^H (A x - y) + rho (x - denoise(x, sigma))) / (1 + rho),  rho = lambda sigma_y^2 / sigma^2
 * ```
 * 1 + rho bounds the curvature, as the maps have unit norm. At a constant sigma the fixed point is
 * the least-squares image under the prior smoothed by sigma. The paper keeps sigma at 3-5 of 255 and
 * takes 200 steps; here sigma falls.
 */
export const red: Sampler = defineSampler({
  name: "red",
  summary: "gradient descent with the denoiser's residual as prior, deterministic",
  citation:
    "Romano, Elad and Milanfar, The little engine that could: regularization by denoising, SIIMS 2017",
  weightRole: "lambda, the weight of the denoising residual",
  defaults: { steps: 40, weight: 1, sigmaMax: 49 / 255, sigmaMin: 1, phaseRotation: 1 },
  ranges: RANGES,
  start: { around: "sense", addNoise: false },
  random: false,
  scalars: ["angle"],
  stepKinds: ({ weight }) => ({
    step(context) {
      const { x, sigma, data } = context;
      const ridge = rho(data, sigma, { weight });
      const denoised = cycled(context)(x, sigma);
      const descent = add(residualImage(data, x), mul(ridge, sub(denoised, x)));
      return { x: add(x, div(descent, add(ridge, 1))) };
    },
  }),
  schedule: cycledSteps,
});
