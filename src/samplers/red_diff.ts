/** RED-diff. @module */
import { add, div, mul, pow, sub } from "../graph/mod.ts";
import { adam } from "../nn/adam.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { residualImage } from "./core/data_term.ts";
import { posteriorSteps } from "./core/schedule.ts";

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
export const redDiff: Sampler = defineSampler({
  name: "red-diff",
  summary: "variational: Adam on data term and denoising residual",
  citation:
    "Mardani et al., A variational perspective on solving inverse problems with diffusion models, ICLR 2024",
  weightRole: "lambda, the weight of the denoising residual",
  defaults: { steps: 60, weight: 1, power: 1, rate: 0.05, sigmaMax: 1, sigmaMin: 0.5 },
  ranges: {
    weight: { low: 0.03, high: 10, log: true },
    power: { low: 0, high: 2 },
    rate: { low: 0.01, high: 0.3, log: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 2, log: true },
  },
  start: { around: "sense", addNoise: false },
  variables: { mean: "zero", square: "zero" },
  scalars: ["index"],
  stepKinds: ({ weight, power, rate, steps }) => ({
    step({ x: mu, state, sigma, scalars: { index }, noise, data, denoise }) {
      const residual = sub(mu, denoise(add(mu, mul(sigma, noise())), sigma));
      const lambda = mul(pow(div(data.sigma, sigma), power), weight);
      const gradient = sub(mul(lambda, residual), residualImage(data, mu));
      const left = sub(1, mul(index, 1 / steps));
      const { mean, square } = state;
      return adam({ x: mu, mean, square }, gradient, {
        count: add(index, 1),
        rate: mul(left, rate),
      });
    },
  }),
  schedule: (settings, stats) =>
    posteriorSteps(settings, stats).map((step, index) => ({ ...step, scalars: { index } })),
});
