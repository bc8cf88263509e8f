/** DDRM. @module */
import { add, div, greater, max, mul, sqrt, sub, type Tensor, where } from "../graph/mod.ts";
import { defineSampler, type Sampler } from "./core/contract.ts";
import { LEVEL_RANGES, posteriorSteps } from "./core/schedule.ts";
import { inSpectrum, together } from "./core/spectral.ts";

/** Smallest noise level that is divided by. */
const TINY = 1e-12;

/**
 * In the eigenbasis of A^H A (coefficients with a bar, singular values s), keep, blend or generate each
 * coefficient by comparing the noise of its datum, sigma_y / s, with the noise level:
 * ```
 * y_bar = V^H A^H y / s^2                     start: N(y_bar, sigma^2 - sigma_y^2 / s^2)
 * s = 0:                N(D_bar + sqrt(1 - eta^2) sigma' (x_bar - D_bar) / sigma, eta^2 sigma'^2)
 * sigma' < sigma_y / s: N(D_bar + sqrt(1 - eta^2) sigma' (y_bar - D_bar) s / sigma_y, eta^2 sigma'^2)
 * otherwise:            N((1 - eta_b) D_bar + eta_b y_bar, sigma'^2 - eta_b^2 sigma_y^2 / s^2)
 * ```
 * `weight` is a factor on sigma_y^2. The start, where a datum is noisier than the first level or there
 * is none, is that of the least-squares image (the paper starts these at 0, from a far larger sigma).
 * Published: eta 0.85, eta_b 1, 20 steps; s^2 below `minEigenvalue` counts as 0 (the official code: s below
 * 0.001), here singular values below 0.03, where maps that are not exact outweigh the datum.
 */
export const ddrm: Sampler = defineSampler({
  name: "ddrm",
  summary: "keep, blend or generate each coefficient of the operator's eigenbasis",
  citation: "Kawar, Elad, Ermon and Song, Denoising diffusion restoration models, NeurIPS 2022",
  weightRole: "the assumed noise variance of the data",
  defaults: {
    steps: 20,
    weight: 1,
    eta: 0.85,
    etaB: 1,
    sigmaMax: 1,
    sigmaMin: 0.5,
    minEigenvalue: 1e-3,
  },
  ranges: {
    weight: { low: 0.1, high: 10, log: true },
    eta: { low: 0.1, high: 1 },
    ...LEVEL_RANGES,
  },
  spectral: true,
  stepKinds: ({ weight, eta, etaB, minEigenvalue }) => ({
    start({ x, sigma, noise, data }) {
      const spectrum = inSpectrum(data, { weight, minEigenvalue });
      const { analyse, synthesise, isMeasured, mean, variance } = spectrum;
      const left = sub(mul(sigma, sigma), variance);
      const known = add(mean, mul(sqrt(max(left, 0)), analyse(noise())));
      const isKnown = greater(where(isMeasured, left, mul(left, 0)), 0);
      return { x: synthesise(where(isKnown, known, analyse(x))) };
    },
    step({ x, sigma, sigmaNext, noise, data, denoise }) {
      const spectrum = inSpectrum(data, { weight, minEigenvalue });
      const { analyse, synthesise, isMeasured, mean, variance } = spectrum;
      const [X, D, Z] = together(analyse, [x, denoise(x, sigma), noise()]);
      const fresh = mul(mul(sigmaNext, eta), Z);
      const kept = mul(sigmaNext, Math.sqrt(1 - eta ** 2));
      const toward = (target: Tensor, std: Tensor) =>
        add(add(D, mul(kept, div(sub(target, D), std))), fresh);
      const left = sub(mul(sigmaNext, sigmaNext), mul(variance, etaB ** 2));
      const blended = add(mul(D, 1 - etaB), mul(mean, etaB));
      const isClear = greater(mul(sigmaNext, sigmaNext), variance);
      const seen = where(
        isClear,
        add(blended, mul(sqrt(max(left, 0)), Z)),
        toward(mean, sqrt(max(variance, TINY))),
      );
      return { x: synthesise(where(isMeasured, seen, toward(X, sigma))) };
    },
  }),
  schedule(settings, stats) {
    const steps = posteriorSteps(settings, stats);
    const [{ sigma }] = steps;
    return [{ kind: "start", sigma, sigmaNext: sigma }, ...steps];
  },
});
