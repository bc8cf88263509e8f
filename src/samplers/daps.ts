/** DAPS. @module */
import { add, mul, type Tensor } from "../graph/mod.ts";
import {
  defineSampler,
  type Sampler,
  type ScheduledStep,
  type StepContext,
} from "./core/contract.ts";
import { regularisedInverse, residualImage, rho } from "./core/data_term.ts";
import { karrasLevels, LEVEL_RANGES, posteriorLevels } from "./core/schedule.ts";
import { renoise, unlessLast } from "./core/steppers.ts";

/** Where the inner flow ends, relative to where it starts, before its last step to 0. Not searched. */
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
export const daps: Sampler = defineSampler({
  name: "daps",
  summary: "flow to a clean image, a draw given the data around it, noise again",
  citation:
    "Zhang et al., Improving diffusion inverse problem solving with decoupled noise annealing, CVPR 2025",
  weightRole: "the certainty 1 / r^2 of the clean image in the draw",
  defaults: { steps: 20, weight: 4, flow: 3, sigmaMax: 1.5, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    flow: { low: 1, high: 5, integer: true },
    ...LEVEL_RANGES,
  },
  stepKinds: ({ weight, cg }) => ({
    flow: (context) => ({ x: renoise(context, context.denoise(context.x, context.sigma), 0) }),
    draw(context) {
      const clean = drawGiven(context, weight, cg);
      return { x: add(clean, mul(context.sigmaNext, context.noise())) };
    },
  }),
  schedule(settings, stats) {
    const levels = posteriorLevels(settings, stats);
    return levels.flatMap((sigma, i) => [
      ...flowFrom(sigma, settings.flow),
      { kind: "draw" as const, sigma, sigmaNext: levels[i + 1] ?? 0 },
    ]);
  },
});

/** A draw of x0 around the clean image x with the standard deviation r, given the data. */
function drawGiven(context: StepContext<never, never>, weight: number, cg: number): Tensor {
  const { x, sigma, data } = context;
  const r = mul(sigma, 1 / Math.sqrt(weight));
  const amount = unlessLast(context);
  const centre = add(x, mul(amount, mul(r, context.noise())));
  const perturbation = data.operator.adjoint(mul(mul(amount, data.sigma), context.dataNoise()));
  const residual = add(residualImage(data, centre), perturbation);
  return add(centre, regularisedInverse(data, residual, rho(data, r), cg));
}

/** Euler steps of the probability flow down to 0. */
function flowFrom(sigma: number, steps: number): ScheduledStep<"flow", never>[] {
  const levels = karrasLevels()(steps, sigma, FLOW_END * sigma);
  return levels.map((from, i) => ({ kind: "flow", sigma: from, sigmaNext: levels[i + 1] ?? 0 }));
}
