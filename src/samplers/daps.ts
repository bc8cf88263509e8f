/** DAPS. @module */
import { add, mul, sqrt, type Tensor } from "../graph/mod.ts";
import type { Known, PlannedMove, Sampler, Settings, StepInput } from "./core/contract.ts";
import { regularisedInverse, residualImage } from "./core/data_term.ts";
import { noiseRatio } from "./core/guidance.ts";
import { karrasLevels } from "./core/levels.ts";
import { levelsAbove } from "./core/plans.ts";
import { renoise, unlessLast } from "./core/transition.ts";

/** Where the inner flow ends, relative to where it starts, before its last step to 0. */
const FLOW_END = 0.05;

/**
 * Decoupled annealing: at each level down to a clean image, a draw given the data around it, and noise
 * again:
 * ```
 * D  = probability flow from (x, sigma) to 0 in `flow` Euler steps
 * x0 ~ N(x0; D, r^2) N(y; A x0, sigma_y^2),  r = sigma / sqrt(weight)
 * x' = x0 + sigma' z
 * ```
 * Published: 200 levels, 5 Euler steps, and x0 by 100 steps of Langevin of length 1e-4. For a linear A
 * with normal noise that target is normal, and is drawn from exactly by perturbing the data and the
 * centre and solving (A^H A + sigma_y^2 / r^2) x0 = ... by conjugate gradients (Papandreou and
 * Yuille 2010): exact, and a tenth of the operator calls. The last x0 is the mean.
 */
export const daps = {
  name: "daps",
  summary: "flow to a clean image, a draw given the data around it, noise again",
  citation:
    "Zhang et al., Improving diffusion inverse problem solving with decoupled noise annealing, CVPR 2025",
  defaults: { steps: 20, weight: 4, flow: 3, sigmaMax: 1.5, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    flow: { low: 1, high: 5, integer: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  moves: ({ weight, cg }) => ({
    flow: {
      nfe: 1,
      noises: 0,
      step: ({ x, sigma, sigmaNext, denoise }) => ({
        x: renoise({ x, sigma, sigmaNext }, denoise(x, sigma), 0),
      }),
    },
    draw: {
      nfe: 0,
      noises: 2,
      dataNoises: 1,
      step: (input) => ({ x: renoised(input, drawGiven(input, weight, cg)) }),
    },
  }),
  plan,
} satisfies Sampler;

/** A draw of x0 around the clean image x with deviation r, given the data. */
function drawGiven(
  { x, sigma, sigmaNext, noise: [z], dataNoise: [e], data }: StepInput,
  weight: number,
  cg: number,
): Tensor {
  const variance = mul(mul(sigma, sigma), 1 / weight);
  const amount = unlessLast({ sigmaNext });
  const centre = add(x, mul(amount, mul(sqrt(variance), z)));
  const perturbation = data.operator.adjoint(mul(mul(amount, data.sigma), e));
  const residual = add(residualImage(data, centre), perturbation);
  return add(centre, regularisedInverse(data, residual, noiseRatio(data, variance), cg));
}

const renoised = ({ sigmaNext, noise: [, z] }: StepInput, clean: Tensor): Tensor =>
  add(clean, mul(sigmaNext, z));

function plan(settings: Settings, known: Known): PlannedMove[] {
  const levels = levelsAbove(settings, known);
  return levels.flatMap((sigma, i): PlannedMove[] => [
    ...flowFrom(sigma, settings.flow),
    { move: "draw", sigma, sigmaNext: levels[i + 1] ?? 0 },
  ]);
}

/** Euler steps of the probability flow down to 0. */
function flowFrom(sigma: number, steps: number): PlannedMove[] {
  const levels = karrasLevels()(steps, sigma, FLOW_END * sigma);
  return levels.map((from, i) => ({ move: "flow", sigma: from, sigmaNext: levels[i + 1] ?? 0 }));
}
