/** SDEdit. @module */
import { defineSampler, type Sampler } from "./core/contract.ts";
import { posteriorSteps } from "./core/schedule.ts";
import { ddpmStep } from "./core/steppers.ts";

/**
 * Noise the least-squares image, then sample as if there were no data:
 * ```
 * x  = SENSE image + sigma_0 n
 * x' = ancestral step of DDPM from denoise(x, sigma), down to 0
 * ```
 * sigma_0 is `weight` sigmaMax: large enough to hide aliasing, small enough to keep the anatomy.
 * Published: t0 = 0.3 to 0.6 of the schedule (of a VP process with linear beta: sigma 0.6 to 2.6).
 */
export const sdedit: Sampler = defineSampler({
  name: "sdedit",
  summary: "noise the SENSE image, then sample the prior from there",
  citation:
    "Meng et al., SDEdit: guided image synthesis and editing with stochastic differential equations, ICLR 2022",
  weightRole: "the noise that is added to the SENSE image",
  defaults: { steps: 20, weight: 1, sigmaMax: 0.15, sigmaMin: 0.5 },
  ranges: {
    sigmaMax: { low: 0.03, high: 1, log: true },
    sigmaMin: { low: 0.1, high: 1, log: true },
  },
  stepKinds: () => ({ step: (context) => ({ x: ddpmStep(context) }) }),
  schedule: (settings, stats) =>
    posteriorSteps({ ...settings, sigmaMax: settings.sigmaMax * settings.weight }, stats),
});
