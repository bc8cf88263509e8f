/** RePaint. @module */
import { defineSampler, type Sampler } from "./core/contract.ts";
import { noiseRidge, replaceMeasured } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorLevels, stepsWithJumps } from "./core/schedule.ts";
import { ddpmStep, noisier } from "./core/steppers.ts";

/**
 * An unconditional step, then what is measured is replaced; jumps back make both agree:
 * ```
 * x'  = ancestral step of DDPM from denoise(x, sigma)
 * x'' = x' + A^+ (y + A n - A x'),  n of variance sigma'^2 - sigma_y^2
 * after every `jump` levels: back up as many, `repeats - 1` times
 * ```
 * The paper's mask becomes A^+ A, by conjugate gradients with a ridge (`noiseRidge`); its data have
 * no noise, ours have some of the noise they need already.
 * Published: 250 steps, jumps of 10, 10 repeats (4570 evaluations).
 */
export const repaint: Sampler = defineSampler({
  name: "repaint",
  summary: "unconditional steps, the measured part replaced by re-noised data, with jumps back",
  citation:
    "Lugmayr et al., RePaint: inpainting using denoising diffusion probabilistic models, CVPR 2022",
  weightRole: "the ridge below which directions count as not measured",
  defaults: { steps: 20, weight: 1, jump: 5, repeats: 2, sigmaMax: 1, sigmaMin: 0.5, cg: 8 },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    repeats: { low: 1, high: 4, integer: true },
    ...LEVEL_RANGES,
  },
  stepKinds: ({ weight, steps, cg }) => ({
    step(context) {
      const free = ddpmStep(context);
      const { sigmaNext, data } = context;
      const ridge = noiseRidge(data, { weight, steps });
      return { x: replaceMeasured(free, data, { sigmaNext, z: context.noise(), ridge, cg }) };
    },
    back: (context) => ({ x: noisier(context) }),
  }),
  schedule: (settings, stats) => stepsWithJumps(posteriorLevels(settings, stats), settings),
});
