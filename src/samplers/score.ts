/** Predictor-corrector sampling with data consistency (Song et al. 2022). @module */
import { add, div, mul, reshape, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { innerProduct } from "../mri/physics/operator.ts";
import type { Move, PlannedMove, Sampler, StepInput } from "./core/contract.ts";
import { towardsNoisyData } from "./core/guidance.ts";
import { levelsAbove } from "./core/plans.ts";
import { langevin, scoreOf, type Transition, unlessLast } from "./core/transition.ts";

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
 * conjugate gradients, so that data are not followed below their noise. `weight` is lambda, at most 1.
 * The last predictor adds no noise.
 *
 * Published (VE, sigma 128 to 0.01): 1000 levels, 1 corrector, snr 0.517 and lambda 1 for MRI, 2001
 * evaluations. Norms are of each image, where the official code takes the batch's mean.
 */
export const score = {
  name: "score",
  summary: "predictor and Langevin corrector, the data blended in at their noise level",
  citation:
    "Song et al., Solving inverse problems in medical imaging with score-based generative models, ICLR 2022",
  defaults: {
    steps: 30,
    weight: 1,
    snr: 0.3,
    correctors: 1,
    sigmaMax: 1,
    sigmaMin: 0.5,
    cg: 8,
  },
  ranges: {
    weight: { low: 0.2, high: 1 },
    snr: { low: 0.05, high: 0.6, log: true },
    correctors: { low: 0, high: 3, integer: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  moves({ weight, snr, cg }) {
    const blended = ({ x, sigma, noise: [, z], data }: StepInput): Tensor => {
      const change = towardsNoisyData(data, x, sigma, z, cg);
      return add(x, mul(change, Math.min(weight, 1)));
    };
    return {
      correct: move((input) => corrected({ ...input, x: blended(input) }, snr)),
      predict: move((input) => predicted({ ...input, x: blended(input) })),
    };
  },
  plan: (settings, known) =>
    levelsAbove(settings, known).flatMap((sigma, i, levels): PlannedMove[] => [
      ...Array.from(
        { length: settings.correctors },
        () => ({ move: "correct", sigma, sigmaNext: sigma }),
      ),
      { move: "predict", sigma, sigmaNext: levels[i + 1] ?? 0 },
    ]),
} satisfies Sampler;

/** A step with one evaluation, noise for itself and noise for the data. */
const move = (step: (input: StepInput) => Tensor): Move => ({
  nfe: 1,
  noises: 2,
  step: (input) => ({ x: step(input) }),
});

/** Reverse diffusion: `x + (sigma^2 - sigma'^2) s + sqrt(sigma^2 - sigma'^2) z`, without noise at last. */
export function predicted({ x, sigma, sigmaNext, noise: [z], denoise }: StepInput): Tensor {
  const at: Transition = { x, sigma, sigmaNext };
  const variance = sub(mul(sigma, sigma), mul(sigmaNext, sigmaNext));
  const fresh = mul(mul(unlessLast(at), sqrt(variance)), z);
  return add(add(x, mul(variance, scoreOf(denoise(x, sigma), at))), fresh);
}

/** Langevin's step whose length is set by the ratio of score to noise (Song et al. 2021, algorithm 4). */
export function corrected(
  { x, sigma, noise: [z], denoise }: StepInput,
  snr: number,
): Tensor {
  const direction = scoreOf(denoise(x, sigma), { x, sigma });
  const ratio = div(squareOf(z), add(squareOf(direction), TINY));
  return langevin(x, direction, mul(ratio, 2 * snr ** 2), z);
}

const squareOf = (x: Tensor): Tensor => reshape(innerProduct(x, x), [x.shape[0], 1, 1, 1]);
