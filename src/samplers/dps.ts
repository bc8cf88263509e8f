/** DPS. @module */
import { add, div, mul, sub, type Tensor } from "../graph/mod.ts";
import { defineSampler, type Sampler, type StepContext } from "./core/contract.ts";
import { posteriorVariance, residualGradient } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { ancestralShare, renoise } from "./core/steppers.ts";

/**
 * Diffusion posterior sampling: an unconditional ancestral step, minus the gradient of the residual,
 * which goes through the denoiser:
 * ```
 * D  = denoise(x, sigma)
 * x' = ancestral step of DDPM from D - zeta grad_x |y - A D|^2 / 2
 * zeta = sigma^2 / (sigma_y^2 + r^2) / weight,  r^2 = sigma^2 s^2 / (sigma^2 + s^2)
 * ```
 * The gradient is that of the squared norm, as in the paper's algorithm. The paper and the official code
 * (which takes the norm) divide the step by the norm that is found, times 0.3 to 1, in 1000 steps. Here
 * the step is divided by the expected variance and is as long as the step in sigma: one weight serves all
 * sizes, coils, noise levels and numbers of steps. Weight 1 is PiGDM with A A^H = 1. VP is entered at
 * alpha-bar = 1 / (1 + sigma^2); the step with the ancestral variance is the same in both. `sigmaData`
 * is s, the standard deviation of images; the default is that of the model, where it states one.
 *
 * The forward model need not be linear.
 */
export const dps: Sampler = defineSampler({
  name: "dps",
  summary: "ancestral steps guided by the gradient of the residual through the network",
  citation:
    "Chung et al., Diffusion posterior sampling for general noisy inverse problems, ICLR 2023",
  weightRole: "divisor of the gradient of the residual",
  defaults: { steps: 50, weight: 0.25, sigmaData: 0.35, sigmaMax: 0.4, sigmaMin: 0.5 },
  ranges: {
    weight: { low: 0.125, high: 10, log: true },
    sigmaData: { low: 0.05, high: 1, log: true },
    ...LEVEL_RANGES,
  },
  stepKinds: (settings) => ({ step: (context) => ({ x: dpsStep(context, settings) }) }),
});

/** The next iterate of DPS. */
export function dpsStep(
  context: StepContext<never, never>,
  { weight, sigmaData }: { readonly weight: number; readonly sigmaData: number },
): Tensor {
  const { x, sigma, data, denoise } = context;
  const D = denoise(x, sigma);
  const variance = add(mul(data.sigma, data.sigma), posteriorVariance(sigma, sigmaData));
  const zeta = mul(div(mul(sigma, sigma), variance), 1 / weight);
  const guided = sub(D, mul(zeta, residualGradient(data, D, x)));
  return renoise(context, guided, ancestralShare(context));
}
