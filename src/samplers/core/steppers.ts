/**
 * Steps from one noise level to the next, shared by the samplers; and steppers without data, which draw
 * from the prior.
 *
 * In variance-exploding coordinates the probability flow is dx / dsigma = (x - D) / sigma (Karras et
 * al. 2022, eq. 1 with s = 1), whatever process a network was trained for.
 * @module
 */
import { add, div, max, min, mul, sqrt, sub, type Tensor } from "../../graph/mod.ts";
import {
  defineSampler,
  type Sampler,
  type ScheduledStep,
  type StepContext,
  type StepKind,
} from "./contract.ts";
import { descend, type Levels } from "./schedule.ts";

/** Smallest noise level that is divided by. */
const MIN_SIGMA = 1e-12;

/** From where to where a step goes. */
export type Transition = Pick<StepContext, "x" | "sigma" | "sigmaNext">;

/** A transition that may draw noise. */
export type NoisyTransition = Transition & Pick<StepContext, "noise">;

/**
 * The next iterate around an estimate of the clean image:
 * `D + sigma' (sqrt(1 - share) n + sqrt(share) z)` with n = (x - D0) / sigma the noise that x was
 * found to have. Share 0 is DDIM, which is Euler's step of the probability flow; 1 is all fresh noise.
 * @param clean D, where x' is centred
 * @param share part of the variance that is fresh, a number or `[1, 1, 1, 1]`
 * @param found D0, the estimate that n is measured from. Default: D
 */
export function renoise(
  { x, sigma, sigmaNext, noise }: NoisyTransition,
  clean: Tensor,
  share: Tensor | number,
  found: Tensor = clean,
): Tensor {
  const kept = div(sub(x, found), sigma);
  if (share === 0) return add(clean, mul(sigmaNext, kept));
  if (share === 1) return add(clean, mul(sigmaNext, noise()));
  const both = add(mul(kept, root(sub(1, share))), mul(noise(), root(share)));
  return add(clean, mul(sigmaNext, both));
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
  const ratio = div(sigmaNext, max(sigma, MIN_SIGMA));
  return mul(sub(1, mul(ratio, ratio)), eta * eta);
}

/** score(x, sigma) = (D - x) / sigma^2 (Tweedie's formula). */
export function scoreOf(denoised: Tensor, { x, sigma }: Pick<Transition, "x" | "sigma">): Tensor {
  return div(sub(denoised, x), mul(sigma, sigma));
}

/** Back to a higher noise level: x' = x + sqrt(sigma'^2 - sigma^2) z. */
export function noisier({ x, sigma, sigmaNext, noise }: NoisyTransition): Tensor {
  return add(x, mul(root(sub(mul(sigmaNext, sigmaNext), mul(sigma, sigma))), noise()));
}

/** Langevin's step of length eta: x' = x + eta score + sqrt(2 eta) z. */
export function langevin(x: Tensor, score: Tensor, eta: Tensor, z: Tensor): Tensor {
  return add(add(x, mul(eta, score)), mul(sqrt(mul(eta, 2)), z));
}

/** 1, but 0 for the last step: a factor on noise where the last step must give the clean image. */
export function unlessLast({ sigmaNext }: Pick<Transition, "sigmaNext">): Tensor {
  return min(div(sigmaNext, MIN_SIGMA), 1);
}

/** A way to step without data. */
export interface Stepper
  extends
    Pick<Sampler, "name" | "summary" | "citation">,
    Partial<Pick<Sampler, "variables" | "scalars">> {
  /** Order of convergence: of the image, or of its mean and variance where it draws random numbers. */
  readonly order: number;
  /** Its kinds of step. */
  readonly stepKinds: Readonly<Record<string, StepKind>>;
  /** Its steps along levels, the last of which may be 0. */
  schedule(levels: readonly number[]): ScheduledStep[];
}

/** One `step` between levels that follow each other. */
const oneByOne = (levels: readonly number[]): ScheduledStep[] => descend(levels).slice(0, -1);

/** `D + sigma' (sqrt(sigma^2 - sigma'^2) z + sigma' (x - D) / sigma) / sigma` */
export const ddpmStep = (context: StepContext<never, never>): Tensor =>
  renoise(context, context.denoise(context.x, context.sigma), ancestralShare(context));

/** DDPM's reverse process, one {@link ddpmStep} a level. */
export const ddpm: Stepper = {
  name: "ddpm",
  summary: "ancestral sampling: the reverse process, stochastic",
  citation: "Ho, Jain and Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020",
  order: 1,
  stepKinds: { step: (context) => ({ x: ddpmStep(context) }) },
  schedule: oneByOne,
};

/**
 * `D + sigma' (x - D) / sigma`: DDIM with eta 0, deterministic. In these coordinates it is Euler's step;
 * see `ddpm` for eta 1.
 */
export const ddim: Stepper = {
  name: "ddim",
  summary: "DDIM with eta 0, deterministic; the same as euler in our coordinates",
  citation: "Song, Meng and Ermon, Denoising diffusion implicit models, ICLR 2021",
  order: 1,
  stepKinds: {
    step: (context) => ({ x: renoise(context, context.denoise(context.x, context.sigma), 0) }),
  },
  schedule: oneByOne,
};

const KARRAS_2022 =
  "Karras et al., Elucidating the design space of diffusion-based generative models, NeurIPS 2022";

/** (x - D) / sigma, the slope of the probability flow. */
const slope = (x: Tensor, denoised: Tensor, sigma: Tensor) => div(sub(x, denoised), sigma);

/** x + (sigma' - sigma) d */
const along = ({ x, sigma, sigmaNext }: Transition, d: Tensor) =>
  add(x, mul(sub(sigmaNext, sigma), d));

const eulerStep: StepKind = (context) => {
  const { x, sigma, denoise } = context;
  return { x: along(context, slope(x, denoise(x, sigma), sigma)) };
};

/** `x + (sigma' - sigma) d` with d = (x - D) / sigma: Euler's step of the probability flow. */
export const euler: Stepper = {
  name: "euler",
  summary: "Euler's method on the probability flow, deterministic",
  citation: KARRAS_2022,
  order: 1,
  stepKinds: { step: eulerStep },
  schedule: oneByOne,
};

/**
 * Heun's method (EDM's deterministic sampler, algorithm 1 of Karras et al. 2022):
 * ```
 * d  = (x - denoise(x, sigma)) / sigma
 * x1 = x + (sigma' - sigma) d
 * d' = (x1 - denoise(x1, sigma')) / sigma'
 * x' = x + (sigma' - sigma) (d + d') / 2, or x1 where sigma' = 0
 * ```
 */
export const heun: Stepper = {
  name: "heun",
  summary: "Heun's method on the probability flow (EDM), two evaluations a step",
  citation: KARRAS_2022,
  order: 2,
  stepKinds: {
    step(context) {
      const { x, sigma, sigmaNext, denoise } = context;
      const first = slope(x, denoise(x, sigma), sigma);
      const there = along(context, first);
      const second = slope(there, denoise(there, sigmaNext), sigmaNext);
      return { x: along(context, mul(add(first, second), 0.5)) };
    },
    last: eulerStep,
  },
  schedule: (levels) =>
    oneByOne(levels).map((step) => step.sigmaNext > 0 ? step : { ...step, kind: "last" }),
};

/**
 * DPM-Solver++(2M) in these coordinates, with h = ln(sigma / sigma'):
 * ```
 * D  = denoise(x, sigma)
 * D' = (1 + c) D - c D_previous,  c = h / (2 h_previous); the first and the last step take D
 * x' = sigma' / sigma x + (1 - sigma' / sigma) D'
 * ```
 */
export const dpmSolver2M: Stepper = {
  name: "dpm++2m",
  summary: "DPM-Solver++(2M): two-step multistep on the probability flow, deterministic",
  citation: "Lu et al., DPM-Solver++: fast solver for guided sampling of diffusion models, 2022",
  order: 2,
  variables: { previous: "zero" },
  scalars: ["c"],
  stepKinds: {
    single(context) {
      const D = context.denoise(context.x, context.sigma);
      return { x: exponentialStep(context, D), previous: D };
    },
    step(context) {
      const { x, state: { previous }, scalars: { c }, sigma, denoise } = context;
      const D = denoise(x, sigma);
      return { x: exponentialStep(context, add(D, mul(c, sub(D, previous)))), previous: D };
    },
  },
  schedule: (levels) =>
    oneByOne(levels).map((step, i) => {
      const { sigma, sigmaNext } = step;
      if (i === 0 || sigmaNext === 0) return { ...step, kind: "single" };
      const r = Math.log(levels[i - 1] / sigma) / Math.log(sigma / sigmaNext);
      return { ...step, scalars: { c: 1 / (2 * r) } };
    }),
};

/** sigma' / sigma x + (1 - sigma' / sigma) D: exact while D does not change. */
function exponentialStep({ x, sigma, sigmaNext }: Transition, denoised: Tensor): Tensor {
  return add(denoised, mul(div(sigmaNext, sigma), sub(x, denoised)));
}

/** All steppers. */
export const steppers: readonly Stepper[] = [ddpm, ddim, euler, heun, dpmSolver2M];

/** The sampler that draws from the prior with a stepper, from sigmaMax over sigmaMin to 0. */
export function unconditional(stepper: Stepper, levels: Levels): Sampler {
  return defineSampler({
    ...stepper,
    // Both noise levels are on the scale of the image: there is no noise of data to compare with.
    defaults: { steps: 30, sigmaMax: 80, sigmaMin: 0.002 },
    start: { around: "zero", addNoise: true },
    stepKinds: () => stepper.stepKinds,
    schedule: ({ steps, sigmaMax, sigmaMin }) =>
      stepper.schedule([...levels(steps, sigmaMax, sigmaMin), 0]),
  });
}
