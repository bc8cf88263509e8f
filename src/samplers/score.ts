/** Predictor-corrector sampling with data consistency (Song et al. 2022). @module */
import { add, div, mul, reshape, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { innerProduct } from "../mri/physics/operator.ts";
import {
  defineSampler,
  type Sampler,
  type ScheduledStep,
  type StepContext,
} from "./core/contract.ts";
import { towardsNoisyData } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorLevels } from "./core/schedule.ts";
import { langevin, scoreOf, unlessLast } from "./core/steppers.ts";

/** Smallest squared norm that is divided by. */
const TINY = 1e-20;

/**
 * Score-based sampling with the data blended in before each predictor and each corrector:
 * ```
 * x <- x + lambda A^+ (y + sigma A z - A x)                             data at the level of x
 * corrector: x <- x + e s(x, sigma) + sqrt(2 e) z,  e = 2 (snr |z| / |s|)^2
 * x <- x + lambda A^+ (y + sigma A z - A x)
 * predictor: x' = x + (sigma^2 - sigma'^2) s(x, sigma) + sqrt(sigma^2 - sigma'^2) z
 * ```
 * For one coil this is the paper's blend of k-space, lambda P(Lambda) y_t + (1 - lambda) P(Lambda) A x,
 * with the rest kept. For several coils A^+ is `A^H (A A^H + rho)^-1` with rho = sigma_y^2 / sigma^2 by
 * conjugate gradients, so that data are not followed below their noise. lambda is 1 / `weight`, at most
 * 1. The last predictor adds no noise.
 *
 * Published (VE, sigma 128 to 0.01): 1000 levels, 1 corrector, snr 0.517 and lambda 1 for MRI, 2001
 * evaluations. Norms are of each image, where the official code takes the batch's mean.
 */
export const score: Sampler = defineSampler({
  name: "score",
  summary: "predictor and Langevin corrector, the data blended in at their noise level",
  citation:
    "Song et al., Solving inverse problems in medical imaging with score-based generative models, ICLR 2022",
  weightRole: "1 / lambda, divisor of the change towards the data; below 1 counts as 1",
  defaults: { steps: 30, weight: 1, snr: 0.3, correctors: 1, sigmaMax: 1, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 1, high: 5, log: true },
    snr: { low: 0.05, high: 0.6, log: true },
    correctors: { low: 0, high: 3, integer: true },
    ...LEVEL_RANGES,
  },
  stepKinds({ weight, snr, cg }) {
    const blended = ({ x, sigma, noise, data }: StepContext<never, never>): Tensor =>
      add(x, mul(towardsNoisyData(data, x, sigma, noise(), cg), Math.min(1 / weight, 1)));
    return {
      correct(context) {
        const z = context.noise();
        return { x: corrected({ ...context, x: blended(context) }, z, snr) };
      },
      predict(context) {
        const z = context.noise();
        return { x: predicted({ ...context, x: blended(context) }, z) };
      },
    };
  },
  schedule: (settings, stats) =>
    posteriorLevels(settings, stats).flatMap((sigma, i, levels) => [
      ...Array.from(
        { length: settings.correctors },
        (): ScheduledStep<"correct", never> => ({ kind: "correct", sigma, sigmaNext: sigma }),
      ),
      { kind: "predict" as const, sigma, sigmaNext: levels[i + 1] ?? 0 },
    ]),
});

/** Reverse diffusion: `x + (sigma^2 - sigma'^2) s + sqrt(sigma^2 - sigma'^2) z`, without noise at last. */
export function predicted(context: StepContext<never, never>, z: Tensor): Tensor {
  const { x, sigma, sigmaNext, denoise } = context;
  const variance = sub(mul(sigma, sigma), mul(sigmaNext, sigmaNext));
  const fresh = mul(mul(unlessLast(context), sqrt(variance)), z);
  return add(add(x, mul(variance, scoreOf(denoise(x, sigma), context))), fresh);
}

/** Langevin's step whose length is set by the ratio of score to noise (Song et al. 2021, algorithm 4). */
export function corrected(
  { x, sigma, denoise }: StepContext<never, never>,
  z: Tensor,
  snr: number,
): Tensor {
  const direction = scoreOf(denoise(x, sigma), { x, sigma });
  const ratio = div(squareOf(z), add(squareOf(direction), TINY));
  return langevin(x, direction, mul(ratio, 2 * snr ** 2), z);
}

const squareOf = (x: Tensor): Tensor => reshape(innerProduct(x, x), [x.shape[0], 1, 1, 1]);
