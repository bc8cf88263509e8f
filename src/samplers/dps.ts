/** DPS. @module */
import { add, div, mul, sub, type Tensor } from "../graph/mod.ts";
import type { Sampler, StepInput } from "./core/contract.ts";
import { posteriorVariance, residualGradient } from "./core/guidance.ts";
import { posteriorLevels } from "./core/plans.ts";
import { ancestralShare, renoise } from "./core/transition.ts";

/**
 * Diffusion posterior sampling: an unconditional ancestral step, minus the gradient of the residual,
 * which goes through the denoiser:
 * ```
 * D  = denoise(x, sigma)
 * x' = ancestral step of DDPM from D - (1 - sigma'^2 / sigma^2) zeta grad_x |y - A D|^2 / 2
 * zeta = weight sigma^2 / (sigma_y^2 + r^2),  r^2 = sigma^2 s^2 / (sigma^2 + s^2)
 * ```
 * This is the squared norm of the paper's algorithm. There and in the official code (which takes the
 * norm) the step is 0.3 to 1 over the norm that is found, 1000 times; here it is over the variance that
 * is expected and as long as the step in sigma, so that one weight serves all sizes, coils, noises and
 * numbers of steps. Weight 1 is PiGDM with A A^H taken for 1. VP is entered at
 * alpha-bar = 1 / (1 + sigma^2); the step with the ancestral variance is the same in both.
 *
 * The forward model need not be linear.
 */
export const dps = {
  name: "dps",
  summary: "ancestral steps guided by the gradient of the residual through the network",
  citation:
    "Chung et al., Diffusion posterior sampling for general noisy inverse problems, ICLR 2023",
  defaults: { steps: 50, weight: 4, sigmaData: 0.35, sigmaMax: 0.4, sigmaMin: 0.5 },
  ranges: {
    weight: { low: 0.1, high: 8, log: true },
    sigmaData: { low: 0.05, high: 1, log: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  moves: ({ weight, sigmaData }) => ({
    step: { nfe: 1, noises: 1, step: (input) => ({ x: dpsStep(input, { weight, sigmaData }) }) },
  }),
  plan: posteriorLevels,
} satisfies Sampler;

/** The next iterate of DPS. */
export function dpsStep(
  { x, sigma, sigmaNext, noise: [z], data, denoise }: StepInput,
  { weight, sigmaData }: { readonly weight: number; readonly sigmaData: number },
): Tensor {
  const at = { x, sigma, sigmaNext };
  const clean = denoise(x, sigma);
  const variance = add(mul(data.sigma, data.sigma), posteriorVariance(sigma, sigmaData));
  const zeta = mul(div(mul(sigma, sigma), variance), weight);
  const guided = sub(clean, mul(zeta, residualGradient(data, clean, x)));
  return renoise(at, guided, ancestralShare(at), z);
}
