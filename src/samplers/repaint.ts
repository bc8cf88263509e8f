/** RePaint. @module */
import type { Sampler } from "./core/contract.ts";
import { levelsAbove, withJumps } from "./core/plans.ts";
import { replaceMeasured } from "./core/replacement.ts";
import { ddpm } from "./core/steppers.ts";
import { noisier } from "./core/transition.ts";

/**
 * An unconditional step, then what is measured is replaced; jumps back make both agree:
 * ```
 * x'  = ancestral step of DDPM from denoise(x, sigma)
 * x'' = x' + A^+ (y + A n - A x'),  n of variance sigma'^2 - sigma_y^2
 * after every `jump` levels: back up as many, `repeats - 1` times
 * ```
 * The paper's mask becomes A^+ A, by conjugate gradients with a ridge of `weight` sigma_y times the steps; its data
 * have no noise, ours have some of the noise they need already. Published: 250 steps, jumps of 10,
 * 10 repeats (4570 evaluations).
 */
export const repaint = {
  name: "repaint",
  summary: "unconditional steps, the measured part replaced by re-noised data, with jumps back",
  citation:
    "Lugmayr et al., RePaint: inpainting using denoising diffusion probabilistic models, CVPR 2022",
  defaults: { steps: 20, weight: 1, jump: 5, repeats: 2, sigmaMax: 1, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    repeats: { low: 1, high: 4, integer: true },
    sigmaMax: { low: 0.1, high: 4, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  start: "sense",
  moves: ({ weight, steps, cg }) => ({
    step: {
      nfe: 1,
      noises: 2,
      step(input) {
        const { sigmaNext, noise: [, z], data } = input;
        const { x: free } = ddpm.moves.step.step(input);
        return { x: replaceMeasured(free, data, { sigmaNext, z }, { ridge: weight * steps, cg }) };
      },
    },
    back: {
      nfe: 0,
      noises: 1,
      step: ({ x, sigma, sigmaNext, noise: [z] }) => ({ x: noisier({ x, sigma, sigmaNext }, z) }),
    },
  }),
  plan: (settings, known) =>
    withJumps(levelsAbove(settings, known), { jump: settings.jump, repeats: settings.repeats }),
} satisfies Sampler;
