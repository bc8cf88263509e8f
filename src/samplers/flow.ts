/** Flow matching and stochastic interpolants with data. @module */
import { add, div, mul, pow, sqrt, sub, vjp } from "../graph/mod.ts";
import { defineSampler, type Sampler, type StepContext } from "./core/contract.ts";
import { regularisedInverse, residualImage, rho } from "./core/data_term.ts";
import { descend, flowLevels, type LevelSettings } from "./core/schedule.ts";
import { renoise } from "./core/steppers.ts";
import { MIN_SIGMA } from "../method/plug_and_play.ts";

const DEFAULTS = { steps: 25, weight: 0.5, sigmaMax: 0.6, sigmaMin: 0.5, cg: 5 };

const RANGES = {
  weight: { low: 0.3, high: 3, log: true },
  sigmaMax: { low: 0.2, high: 4, log: true },
  sigmaMin: { low: 0.1, high: 1, log: true },
};

/** D', the denoised image with the correction of the data. */
function guided(context: StepContext<never, never>, { weight, cg }: typeof DEFAULTS) {
  const { x, sigma, data, denoise } = context;
  const D = denoise(x, sigma);
  const level = mul(sigma, sigma);
  const variance = div(level, add(level, 1));
  const change = regularisedInverse(data, residualImage(data, D), rho(data, sqrt(variance)), cg);
  const [pulled] = vjp([D], [x], [change]);
  return add(D, mul(mul(div(level, variance), 1 / weight), pulled));
}

/** Levels even in the time of the straight path. */
const schedule = (settings: LevelSettings, { sigma }: { readonly sigma: number }) => {
  const { steps, sigmaMax, sigmaMin } = settings;
  return descend(flowLevels(steps, sigmaMax, Math.max(sigmaMin * sigma, MIN_SIGMA)));
};

/**
 * Euler's steps along the straight path x_t = (1 - t) x0 + t n of flow matching, from noise (t = 1) to
 * images (t = 0), with the velocity corrected by the data:
 * ```
 * v    = (x_t - D) / t,  g = (dD/dx)^H A^H (r^2 A A^H + sigma_y^2)^-1 (y - A D),  r^2 = t^2 / (t^2 + (1 - t)^2)
 * x_t' = x_t + (t' - t) (v - t / (1 - t) g / weight)
 * ```
 * In variance-exploding coordinates x_t / (1 - t), with sigma = t / (1 - t), the step is
 * `x' = D' + sigma' / sigma (x - D')` with D' = D + sigma^2 g / weight, and r^2 = sigma^2 / (1 + sigma^2): DDIM
 * with the guidance of `pigdm` for images of unit variance, at levels that are even in t. A network that
 * was trained for the velocity is a denoiser by D = x_t - t v (`parameterisation: flow`), and any
 * denoiser serves. Published: 100 Euler steps from t = 0.8 and the data, weight 1. Here the start is that of
 * the other samplers.
 */
export const flow: Sampler = defineSampler({
  name: "flow",
  summary: "Euler's steps along the straight path of flow matching, guided by the data",
  citation:
    "Pokle, Muckley, Chen and Karrer, Training-free linear image inverses via flows, TMLR " +
    "2024; Lipman et al., Flow matching for generative modeling, ICLR 2023",
  weightRole: "divisor of the likelihood step",
  defaults: DEFAULTS,
  ranges: RANGES,
  stepKinds: (settings) => ({
    step(context) {
      return { x: renoise(context, guided(context, settings), 0) };
    },
  }),
  schedule,
});

/**
 * The stochastic differential equation with the same distributions at each t as the flow: noise is taken
 * away and given back at a rate of our choice:
 * ```
 * dx = (v - e(t) score) dt + sqrt(2 e(t)) dw,  e(t) = epsilon t / (1 - t)
 * ```
 * whose Ornstein-Uhlenbeck part is solved exactly in each step: of the noise in x the share
 * q = 1 - (t' (1 - t) / (t (1 - t')))^(2 epsilon) is new. So `epsilon` 0 is `flow` and 1 is the reverse process
 * of diffusion. In the paper epsilon is free; it finds that noise helps where the velocity errs.
 */
export const interpolant: Sampler = defineSampler({
  name: "interpolant",
  summary: "the stochastic differential equation of stochastic interpolants, guided by the data",
  citation:
    "Albergo, Boffi and Vanden-Eijnden, Stochastic interpolants: a unifying framework for " +
    "flows and diffusions, 2023",
  weightRole: "divisor of the likelihood step",
  defaults: { ...DEFAULTS, epsilon: 0.5 },
  ranges: { ...RANGES, epsilon: { low: 0.05, high: 2, log: true } },
  stepKinds: ({ epsilon, ...settings }) => ({
    step(context) {
      const { sigma, sigmaNext } = context;
      const ratio = div(sigmaNext, sigma);
      const share = sub(1, pow(mul(ratio, ratio), epsilon));
      return { x: renoise(context, guided(context, settings), share) };
    },
  }),
  schedule,
});
