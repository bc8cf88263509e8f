/** ILVR. @module */
import { InputError } from "../errors.ts";
import { type DataTerm, defineSampler, type Sampler } from "./core/contract.ts";
import { noiseRidge, replaceMeasured } from "./core/data_term.ts";
import { LEVEL_RANGES } from "./core/schedule.ts";
import { ddpmStep } from "./core/steppers.ts";

/**
 * An unconditional step, then its low frequencies are replaced by those of the data:
 * ```
 * x'  = ancestral step of DDPM from denoise(x, sigma)
 * x'' = x' + A_c^+ (y_c + A_c n - A_c x'),  n of variance sigma'^2 - sigma_y^2
 * ```
 * with A_c and y_c the operator and the data of the calibration region: the paper's low-pass filter of
 * width N. A^+ by conjugate gradients with a ridge (`noiseRidge`). Nothing else of the data is used, so the result is an image of the prior with these low
 * frequencies. Published: 250 steps.
 */
export const ilvr: Sampler = defineSampler({
  name: "ilvr",
  summary: "unconditional steps, the calibration region replaced by re-noised data",
  citation:
    "Choi et al., ILVR: conditioning method for denoising diffusion probabilistic models, ICCV 2021",
  weightRole: "the ridge below which directions count as not measured",
  defaults: { steps: 30, weight: 1, sigmaMax: 1, sigmaMin: 0.5, cg: 8 },
  ranges: { weight: { low: 0.1, high: 10, log: true }, ...LEVEL_RANGES },
  stepKinds: ({ weight, steps, cg }) => ({
    step(context) {
      const free = ddpmStep(context);
      const data = lowFrequencies(context.data);
      const ridge = noiseRidge(data, { weight, steps });
      const { sigmaNext } = context;
      return { x: replaceMeasured(free, data, { sigmaNext, z: context.noise(), ridge, cg }) };
    },
  }),
});

/**
 * The data of the calibration region alone.
 * @throws {InputError} when there is none
 */
function lowFrequencies(data: DataTerm): DataTerm {
  const { operator, lowPass } = data;
  if (lowPass === undefined) {
    throw new InputError(
      "Cannot sample with ilvr: calibration lines (low frequencies) are required, found none",
    );
  }
  const adjoint: typeof operator.adjoint = (y) => operator.adjoint(lowPass(y));
  return {
    ...data,
    operator: {
      ...operator,
      forward: (x) => lowPass(operator.forward(x)),
      adjoint,
      normal: (x) => adjoint(operator.forward(x)),
    },
    y: lowPass(data.y),
    adjoint: adjoint(data.y),
  };
}
