/** RED-diff. @module */
import { add, div, mul, pow, sqrt, sub, type Tensor } from "../graph/mod.ts";
import type { Sampler, State } from "./core/contract.ts";
import { residualImage } from "./core/data_term.ts";
import { posteriorLevels } from "./core/plans.ts";

/** Decay of the mean and of the square of the gradient, as in the official code. */
const BETA = { mean: 0.9, square: 0.99 };
/** Added to the root of the square (Kingma and Ba 2015). */
const EPSILON = 1e-8;

/**
 * Variational inference with a point mu, by Adam on data and denoising residual:
 * ```
 * x  = mu + sigma z
 * g  = A^H (A mu - y) + lambda (sigma_y / sigma)^power (mu - denoise(x, sigma))
 * mu = Adam(mu, g), rate falling to 0
 * ```
 * The paper's gradient lambda w (eps(x) - z) with w = 1 / SNR = sigma is lambda (mu - D) here: power 0,
 * whatever the noise of the data. Power 2 is the gradient of the log-posterior. Published: lambda 0.25
 * relative to means over samples and pixels, rate 0.1 (constant), 1000 steps from sigma 157 to 0.01.
 * Its result is near the posterior's mode: samples differ less than those of the posterior.
 */
export const redDiff = {
  name: "red-diff",
  summary: "variational: Adam on data term and denoising residual",
  citation:
    "Mardani et al., A variational perspective on solving inverse problems with diffusion models, ICLR 2024",
  defaults: { steps: 60, weight: 1, power: 1, rate: 0.05, sigmaMax: 1, sigmaMin: 0.5 },
  ranges: {
    weight: { low: 0.03, high: 10, log: true },
    power: { low: 0, high: 2 },
    rate: { low: 0.01, high: 0.3, log: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 2, log: true },
  },
  start: "sense-image",
  variables: ["mean", "square"],
  moves: ({ weight, power, rate, steps }) => ({
    step: {
      nfe: 1,
      noises: 1,
      step({ x: mu, state, sigma, parameter: index, noise: [z], data, denoise }) {
        const residual = sub(mu, denoise(add(mu, mul(sigma, z)), sigma));
        const lambda = mul(pow(div(data.sigma, sigma), power), weight);
        const gradient = sub(mul(lambda, residual), residualImage(data, mu));
        const left = sub(1, mul(index, 1 / steps));
        return adam(state, gradient, { count: add(index, 1), rate: mul(left, rate) });
      },
    },
  }),
  plan: (settings, known) =>
    posteriorLevels(settings, known).map((move, i) => ({ ...move, parameter: i })),
} satisfies Sampler;

/** One step of Adam (Kingma and Ba 2015, algorithm 1). */
function adam(
  { x, mean: m, square: v }: State,
  gradient: Tensor,
  { count, rate }: { count: Tensor; rate: Tensor },
): State {
  const mean = add(mul(m, BETA.mean), mul(gradient, 1 - BETA.mean));
  const square = add(mul(v, BETA.square), mul(mul(gradient, gradient), 1 - BETA.square));
  const unbiased = (average: Tensor, beta: number) => div(average, sub(1, pow(beta, count)));
  const size = add(sqrt(unbiased(square, BETA.square)), EPSILON);
  return { x: sub(x, mul(rate, div(unbiased(mean, BETA.mean), size))), mean, square };
}
