/** Score-MRI (Chung and Ye 2022). @module */
import { add, mul, type Tensor } from "../graph/mod.ts";
import { defineSampler, type Sampler, type StepContext } from "./core/contract.ts";
import { residualImage } from "./core/data_term.ts";
import { LEVEL_RANGES, posteriorLevels } from "./core/schedule.ts";
import { corrected, predicted, score } from "./score.ts";

/** lambda of the first and the last level (official code). */
const [FIRST, LAST] = [1, 0.2];

/**
 * Predictor and corrector with the measured k-space replaced after each:
 * ```
 * predictor: x' = x + (sigma^2 - sigma'^2) s(x, sigma) + sqrt(sigma^2 - sigma'^2) z
 * x' <- x' + lambda A^H (y - A x')
 * corrector: x' <- x' + e s(x', sigma') + sqrt(2 e) z,  e = 2 (snr |z| / |s|)^2
 * x' <- x' + lambda A^H (y - A x'),  lambda from 1 to 0.2
 * ```
 * With unit-norm maps the replacement of every coil's k-space, combined by the maps, is exactly that
 * step. lambda falls over the steps of the run; in the official code over 2000, whatever their number.
 * The paper treats each coil's real and imaginary part as an image of its own (30000 evaluations for 15
 * coils); here the prior is one of complex images. `weight` divides lambda. The last step has no
 * corrector. Published: sigma 378 to 0.01, 2000 levels (500 multi-coil), snr 0.16.
 */
export const scoreMri: Sampler = defineSampler({
  name: "score-mri",
  summary: "predictor and Langevin corrector, the measured k-space replaced after each",
  citation: "Chung and Ye, Score-based diffusion models for accelerated MRI, Med. Image Anal. 2022",
  weightRole: "divisor of lambda, the step to the measured k-space",
  defaults: { steps: 30, weight: 1, snr: 0.16, sigmaMax: 1, sigmaMin: 0.5 },
  ranges: { weight: { low: 0.67, high: 5, log: true }, snr: score.ranges.snr, ...LEVEL_RANGES },
  scalars: ["lambda"],
  stepKinds({ weight, snr }) {
    const replaced = (x: Tensor, { data, scalars: { lambda } }: StepContext<never, "lambda">) => ({
      x: add(x, mul(mul(lambda, 1 / weight), residualImage(data, x))),
    });
    return {
      predict: (context) => replaced(predicted(context, context.noise()), context),
      correct: (context) => replaced(corrected(context, context.noise(), snr), context),
    };
  },
  schedule: (settings, stats) =>
    posteriorLevels(settings, stats).flatMap((sigma, i, levels) => {
      const sigmaNext = levels[i + 1] ?? 0;
      const lambda = FIRST + (LAST - FIRST) * i / Math.max(levels.length - 1, 1);
      const predict = { kind: "predict" as const, sigma, sigmaNext, scalars: { lambda } };
      if (sigmaNext === 0) return [predict];
      return [predict, { ...predict, kind: "correct" as const, sigma: sigmaNext }];
    }),
});
