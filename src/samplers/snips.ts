/** SNIPS. @module */
import { add, greater, max, min, mul, sqrt, sub, where } from "../graph/mod.ts";
import { inSpectrum, together } from "./core/spectral.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { LEVEL_RANGES, posteriorSteps } from "./core/schedule.ts";

/**
 * Annealed Langevin dynamics in the eigenbasis of A^H A (coefficients with a bar, singular values s). The
 * noise of the iterate is taken to hold as much of the noise of the data as there is room for, so that
 * the score given the data is known for each coefficient. `inner` times at each level:
 * ```
 * y_bar = V^H A^H y / s^2,  v = sigma_y^2 / s^2,  r = sigma^2 / v    (r = 0 where s = 0)
 * r <= 1: drift = r (y_bar - x_bar) + (1 - r) (D_bar - x_bar),  step a = sigma^2 (1 - r)
 * r > 1:  drift = y_bar - x_bar,                                step a = sigma^2 - v
 * x_bar' = x_bar + c drift + sqrt(c (2 - c) a) z
 * ```
 * This is the paper's step c a times its score: |sigma_y^2 - s^2 sigma^2|^-1 s (y - s x_bar), plus the
 * prior's score where r < 1. The paper's noise, sqrt(2 c a) z, is the limit of small c; with the noise here
 * the variance about a fixed D stays that of the level for any c, without which a few long steps leave
 * noise that the denoiser takes for detail. The result is the denoised image of the last level. `weight`
 * is a factor on sigma_y^2; `epsilon` is c. Published: 500 levels from 90 to 0.01 with c 0.033 and 5 steps
 * each (2500 NFE; c is the code's 3.3e-6 over the smallest variance), from pure noise. Here the start is the
 * least-squares image with noise of the first level. (The code gives all coefficients the prior's score
 * where none is missing: `grad[-0:]`.)
 */
export const snips: Sampler = defineSampler({
  name: "snips",
  summary: "annealed Langevin dynamics in the operator's eigenbasis",
  citation:
    "Kawar, Vaksman and Elad, SNIPS: solving noisy inverse problems stochastically, NeurIPS 2021",
  weightRole: "the assumed noise variance of the data",
  defaults: {
    steps: 40,
    weight: 1,
    epsilon: 0.5,
    inner: 2,
    sigmaMax: 1,
    sigmaMin: 0.5,
    minEigenvalue: 1e-3,
  },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    epsilon: { low: 0.03, high: 1, log: true },
    ...LEVEL_RANGES,
  },
  spectral: true,
  stepKinds: ({ weight, epsilon, minEigenvalue }) => ({
    step({ x, sigma, noise, data, denoise }) {
      const { analyse, synthesise, mean, variance, precision } = inSpectrum(data, {
        weight,
        minEigenvalue,
      });
      const [X, D, Z] = together(analyse, [x, denoise(x, sigma), noise()]);
      const level = mul(sigma, sigma);
      const r = mul(level, precision);
      const seen = min(r, 1);
      const drift = add(mul(seen, sub(mean, X)), mul(sub(1, seen), sub(D, X)));
      const a = where(greater(r, 1), sub(level, variance), mul(level, sub(1, seen)));
      const fresh = mul(sqrt(mul(max(a, 0), epsilon * (2 - epsilon))), Z);
      return { x: synthesise(add(add(X, mul(drift, epsilon)), fresh)) };
    },
    last: ({ x, sigma, denoise }) => ({ x: denoise(x, sigma) }),
  }),
  schedule(settings, stats) {
    const levels = posteriorSteps(settings, stats);
    const steps = levels.flatMap((step) =>
      Array.from({ length: settings.inner }, () => ({ ...step, sigmaNext: step.sigma }))
    );
    return [...steps, { ...levels.at(-1)!, kind: "last" }];
  },
});
