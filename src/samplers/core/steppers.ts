/**
 * Steps from one noise level to the next that know nothing of data: what draws from the prior, and what
 * samplers with data build on.
 *
 * In variance-exploding coordinates the probability flow is dx / dsigma = (x - D) / sigma (Karras et
 * al. 2022, eq. 1 with s = 1), whatever process a network was trained for.
 * @module
 */
import { add, div, mul, sub, type Tensor } from "../../graph/mod.ts";
import type { Move, PlannedMove, Sampler } from "./contract.ts";
import type { Levels } from "./levels.ts";
import { descend } from "./plans.ts";
import { ancestralShare, renoise, type Transition } from "./transition.ts";

/** A way to step without data. */
export interface Stepper {
  /** Name on the command line. */
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Where it comes from. */
  readonly citation: string;
  /** Order of convergence: of the image, or of its mean and variance where it draws random numbers. */
  readonly order: number;
  /** Variables beside x; all are zero at first. */
  readonly variables?: readonly string[];
  /** Its kinds of step. */
  readonly moves: Readonly<Record<string, Move>>;
  /** Its steps along levels, the last of which may be 0. */
  plan(levels: readonly number[]): PlannedMove[];
}

/** One `step` between levels that follow each other. */
const oneByOne = (levels: readonly number[]): PlannedMove[] => descend(levels).slice(0, -1);

/** `D + sigma' (sqrt(sigma^2 - sigma'^2) z + sigma' (x - D) / sigma) / sigma`: DDPM's reverse process. */
export const ddpm = {
  name: "ddpm",
  summary: "ancestral sampling: the reverse process, stochastic",
  citation: "Ho, Jain and Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020",
  order: 1,
  moves: {
    step: {
      nfe: 1,
      noises: 1,
      step({ x, sigma, sigmaNext, noise: [z], denoise }) {
        const at = { x, sigma, sigmaNext };
        return { x: renoise(at, denoise(x, sigma), ancestralShare(at), z) };
      },
    },
  },
  plan: oneByOne,
} satisfies Stepper;

/**
 * `D + sigma' (x - D) / sigma`: DDIM with eta 0, deterministic. In these coordinates it is Euler's step;
 * see `ddpm` for eta 1.
 */
export const ddim = {
  name: "ddim",
  summary: "DDIM with eta 0, deterministic; the same as euler in our coordinates",
  citation: "Song, Meng and Ermon, Denoising diffusion implicit models, ICLR 2021",
  order: 1,
  moves: {
    step: {
      nfe: 1,
      noises: 0,
      step({ x, sigma, sigmaNext, denoise }) {
        return { x: renoise({ x, sigma, sigmaNext }, denoise(x, sigma), 0) };
      },
    },
  },
  plan: oneByOne,
} satisfies Stepper;

/** (x - D) / sigma, the slope of the probability flow. */
const slope = (x: Tensor, denoised: Tensor, sigma: Tensor) => div(sub(x, denoised), sigma);

const eulerStep: Move = {
  nfe: 1,
  noises: 0,
  step({ x, sigma, sigmaNext, denoise }) {
    return { x: along({ x, sigma, sigmaNext }, slope(x, denoise(x, sigma), sigma)) };
  },
};

/** x + (sigma' - sigma) d */
const along = ({ x, sigma, sigmaNext }: Transition, d: Tensor) =>
  add(x, mul(sub(sigmaNext, sigma), d));

/** `x + (sigma' - sigma) d` with d = (x - D) / sigma: Euler's step of the probability flow. */
export const euler = {
  name: "euler",
  summary: "Euler's method on the probability flow, deterministic",
  citation:
    "Karras et al., Elucidating the design space of diffusion-based generative models, NeurIPS 2022",
  order: 1,
  moves: { step: eulerStep },
  plan: oneByOne,
} satisfies Stepper;

/**
 * Heun's method (EDM's deterministic sampler, algorithm 1 of Karras et al. 2022):
 * ```
 * d  = (x - denoise(x, sigma)) / sigma
 * x1 = x + (sigma' - sigma) d
 * d' = (x1 - denoise(x1, sigma')) / sigma'
 * x' = x + (sigma' - sigma) (d + d') / 2, or x1 where sigma' = 0
 * ```
 */
export const heun = {
  name: "heun",
  summary: "Heun's method on the probability flow (EDM), two evaluations a step",
  citation:
    "Karras et al., Elucidating the design space of diffusion-based generative models, NeurIPS 2022",
  order: 2,
  moves: {
    step: {
      nfe: 2,
      noises: 0,
      step({ x, sigma, sigmaNext, denoise }) {
        const at = { x, sigma, sigmaNext };
        const first = slope(x, denoise(x, sigma), sigma);
        const there = along(at, first);
        const second = slope(there, denoise(there, sigmaNext), sigmaNext);
        return { x: along(at, mul(add(first, second), 0.5)) };
      },
    },
    last: eulerStep,
  },
  plan: (levels) =>
    oneByOne(levels).map((planned) =>
      planned.sigmaNext > 0 ? planned : { ...planned, move: "last" }
    ),
} satisfies Stepper;

/**
 * DPM-Solver++(2M) in these coordinates, with h = ln(sigma / sigma'):
 * ```
 * D  = denoise(x, sigma)
 * D' = (1 + 1 / 2r) D - 1 / 2r D_previous,  r = h_previous / h; the first and the last step take D
 * x' = sigma' / sigma x + (1 - sigma' / sigma) D'
 * ```
 */
export const dpmSolver2M = {
  name: "dpm++2m",
  summary: "DPM-Solver++(2M): two-step multistep on the probability flow, deterministic",
  citation: "Lu et al., DPM-Solver++: fast solver for guided sampling of diffusion models, 2022",
  order: 2,
  variables: ["previous"],
  moves: {
    single: {
      nfe: 1,
      noises: 0,
      step({ x, sigma, sigmaNext, denoise }) {
        const D = denoise(x, sigma);
        return { x: exponentialStep({ x, sigma, sigmaNext }, D), previous: D };
      },
    },
    step: {
      nfe: 1,
      noises: 0,
      step({ x, state, sigma, sigmaNext, parameter, denoise }) {
        const D = denoise(x, sigma);
        const ahead = add(D, mul(parameter, sub(D, state.previous)));
        return { x: exponentialStep({ x, sigma, sigmaNext }, ahead), previous: D };
      },
    },
  },
  plan: (levels) =>
    oneByOne(levels).map((planned, i) => {
      const { sigma, sigmaNext } = planned;
      if (i === 0 || sigmaNext === 0) return { ...planned, move: "single" };
      const r = Math.log(levels[i - 1] / sigma) / Math.log(sigma / sigmaNext);
      return { ...planned, parameter: 1 / (2 * r) };
    }),
} satisfies Stepper;

/** sigma' / sigma x + (1 - sigma' / sigma) D: exact while D does not change. */
function exponentialStep({ x, sigma, sigmaNext }: Transition, denoised: Tensor): Tensor {
  return add(denoised, mul(div(sigmaNext, sigma), sub(x, denoised)));
}

/** All steppers. */
export const steppers: readonly Stepper[] = [ddpm, ddim, euler, heun, dpmSolver2M];

/** The sampler that draws from the prior with a stepper, from sigmaMax over sigmaMin to 0. */
export function unconditional(stepper: Stepper, levels: Levels): Sampler {
  const { name, summary, citation, variables = [] } = stepper;
  return {
    name,
    summary,
    citation,
    defaults: { steps: 30, weight: 1, sigmaMax: 80, sigmaMin: 0.002 },
    ranges: {},
    start: "noise",
    variables,
    moves: () => stepper.moves,
    plan: ({ steps, sigmaMax, sigmaMin }) =>
      stepper.plan([...levels(steps, sigmaMax, sigmaMin), 0]),
  };
}
