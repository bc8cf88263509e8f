/** Dirac diffusion. @module */
import { add, div, max, mul, sqrt, sub, type Tensor } from "../graph/mod.ts";
import { defineSampler, type Sampler, type StepContext } from "./core/contract.ts";
import { residualGradient } from "./core/data_term.ts";
import { ancestralShare, renoise } from "./core/steppers.ts";

/** A degradation that grows with its severity t, from 0 (none) to 1, with noise. */
export interface DegradationPath {
  /** Severity of the data. */
  readonly start: number;
  /** A_t x; t is `[1, 1, 1, 1]`. */
  degrade(x: Tensor, t: Tensor): Tensor;
  /** Standard deviation of the noise at severity t. */
  noise(t: Tensor): Tensor;
}

/**
 * Steps back along the degradation itself, to which noise is added, instead of along noise alone. R is a
 * network that gives the clean image of severity t, and the iterate is y_t = A_t x0 + sigma_t n:
 * ```
 * X   = R(y_t, t)
 * y_t' = A_t' X + sigma_t' (sqrt(1 - q) (y_t - A_t X) / sigma_t + sqrt(q) z),  q = 1 - sigma_t'^2 / sigma_t^2
 *        - (sigma_t^2 - sigma_t'^2) grad_y |y - A X|^2 / (4 sigma_1^2 weight)
 * ```
 * from the data to the severity `stop` times theirs, where X is the result: 1 is one evaluation, the
 * conditional mean (least distortion), 0 goes all the way (a sample, best to look at). In the terms
 * of the paper: the step ahead of the degradation (incremental reconstruction, "look ahead"), denoising by
 * the score (A_t X - y_t) / sigma_t^2, and new noise, whose variance is that of the ancestral step (the
 * paper's, sigma_t^2 - sigma_t'^2, is its limit of small steps). Published: 50 steps, guidance 0.5 (weight
 * 1), stop 0.25 for perception and 1 for distortion of faces. (The official code adds the gradient of
 * the data term, where descent subtracts it.)
 */
export function diracSampler({ start, degrade, noise: level }: DegradationPath): Sampler {
  return defineSampler({
    name: "dirac",
    summary: "steps back along the blur itself (deblur:gaussian); has a network of its own",
    citation: "Fabian, Tinaz and Soltanolkotabi, DiracDiffusion: denoising and incremental " +
      "reconstruction with assured data-consistency, ICML 2024",
    weightRole: "divisor of the gradient of the residual",
    defaults: { steps: 20, weight: 1, stop: 0.25 },
    ranges: { weight: { low: 0.25, high: 8, log: true }, stop: { low: 0, high: 1 } },
    start: { around: "given", addNoise: false },
    stepKinds: ({ weight }) => ({
      /** As much noise as the severity of the data has. */
      start({ x, sigma: t, data, noise }) {
        const missing = sub(mul(level(t), level(t)), mul(data.sigma, data.sigma));
        return { x: add(x, mul(sqrt(max(missing, 0)), noise())) };
      },
      step({ x, sigma: t, sigmaNext: next, data, denoise: restore, noise }) {
        const X = restore(x, t);
        const levels = { sigma: level(t), sigmaNext: level(next) };
        const moved = { x, noise, ...levels } satisfies Partial<StepContext>;
        const share = ancestralShare(levels);
        const back = renoise(moved, degrade(X, next), share, degrade(X, t));
        const fall = sub(mul(levels.sigma, levels.sigma), mul(levels.sigmaNext, levels.sigmaNext));
        const largest = level(mul(add(mul(t, 0), 1), start));
        const size = div(mul(fall, GUIDANCE / weight), mul(largest, largest));
        return { x: sub(back, mul(size, residualGradient(data, X, x))) };
      },
      last: ({ x, sigma: t, denoise: restore }) => ({ x: restore(x, t) }),
    }),
    schedule({ steps, stop }) {
      const count = stop < 1 ? steps : 0;
      const at = (i: number) => start * (1 - (1 - stop) * i / Math.max(steps, 1));
      const [first, end] = [at(0), at(count)];
      return [
        { kind: "start", sigma: first, sigmaNext: first },
        ...Array.from(
          { length: count },
          (_, i) => ({ kind: "step" as const, sigma: at(i), sigmaNext: at(i + 1) }),
        ),
        { kind: "last", sigma: end, sigmaNext: end },
      ];
    },
  });
}

/** The published step size of the data term, relative to the largest noise. */
const GUIDANCE = 0.5;
