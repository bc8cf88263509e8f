/**
 * Whether samples are of the posterior, without the truth: by its score and Stein's identity.
 * @module
 */
import { add, div, mul, type Program, type Runtime, sub } from "../../graph/mod.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { Problem } from "../../method/problem.ts";
import { type NdArray, ndarray, partOf, SCALAR, scalar } from "../../ndarray.ts";
import { type Denoiser, setwise } from "../../nn/mod.ts";
import type { Rng } from "../../rng.ts";
import { likelihoodScore } from "./data_term.ts";

/** How samples agree with a score; numbers without units. */
export interface SteinFigures {
  /**
   * Kernel Stein discrepancy, squared: 0 on average for samples of the density, and above it for others,
   * whether their mean, their spread or their shape is wrong. Unbiased, so it may be below 0.
   */
  readonly discrepancy: number;
  /** Part of discrepancies of the same size by chance that are as large (wild bootstrap). */
  readonly p: number;
  /**
   * Variance of the samples relative to what the score asks for, all components together: 1 on average for
   * samples of the density, 1/4 for normal ones whose spread is half.
   */
  readonly variance: number;
}

/** Random signs of the wild bootstrap. */
const DRAWS = 999;

/**
 * Stein's identity, E[s_i(x) f(x) + df/dx_i] = 0 for x of the density whose score is s, holds for
 * each component i and any smooth f. Its largest violation over the f of unit norm that an inverse
 * multiquadric kernel k(a, b) = (1 + (a - b)^2 / l^2)^(-1/2) of the component spans is the kernel Stein
 * discrepancy; l^2 is the mean squared difference of two samples. This is its mean over the components,
 * times l^2, from all pairs of samples. A kernel of whole images sees nothing at the 16 samples and
 * 10^4 components of an image, as they are all equally far from each other.
 *
 * Liu, Lee and Jordan, A kernelized Stein discrepancy for goodness-of-fit tests, ICML 2016; Chwialkowski,
 * Strathmann and Gretton, A kernel test of goodness of fit, ICML 2016 (also the bootstrap); Gorham and
 * Mackey, Measuring sample quality with kernels, ICML 2017 (the kernel); Singhal, Han, Lahlou and
 * Ranganath, Kernelized complete conditional Stein discrepancy, 2019 (component by component).
 * @param samples `[N, ...]`, N at least 2
 * @param scores gradient of the logarithm of the density at each, of the same shape
 */
export function steinFigures(samples: NdArray, scores: NdArray, rng: Rng): SteinFigures {
  const { data: x, shape: [count] } = samples;
  if (count < 2) throw new RangeError(`Cannot compare ${count} samples: at least 2 are required`);
  const size = x.length / count;
  const l = Math.sqrt(2 * covarianceOf(x, x, count));
  const pairs = new Float64Array(count * count);
  for (let n = 0; n < count; n++) {
    for (let m = 0; m < n; m++) {
      let sum = 0;
      for (let i = 0; i < size; i++) {
        const [a, b] = [n * size + i, m * size + i];
        sum += steinKernel((x[a] - x[b]) / l, l * scores.data[a], l * scores.data[b]);
      }
      pairs[n * count + m] = sum / (size * count * (count - 1) / 2);
    }
  }
  const total = (sign: (n: number) => number) =>
    pairs.reduce((sum, h, at) => sum + h * sign(Math.floor(at / count)) * sign(at % count), 0);
  const discrepancy = total(() => 1);
  let larger = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    const signs = Array.from({ length: count }, () => rng.uniform() < 0.5 ? -1 : 1);
    if (total((n) => signs[n]) >= discrepancy) larger++;
  }
  return {
    discrepancy,
    p: (1 + larger) / (1 + DRAWS),
    variance: -covarianceOf(x, scores.data, count),
  };
}

/** l^2 (s t k + s dk/db + t dk/da + d2k/da db), u = (a - b) / l, s and t the scores times l. */
function steinKernel(u: number, s: number, t: number): number {
  const k = 1 / Math.sqrt(1 + u * u);
  const cube = k ** 3;
  return s * t * k + (s - t) * u * cube + cube - 3 * u * u * cube * k * k;
}

/** Mean over the components of the covariance of two arrays `[N, ...]` over N. */
function covarianceOf(a: Float32Array, b: Float32Array, count: number): number {
  const size = a.length / count;
  let sum = 0;
  for (let i = 0; i < size; i++) {
    let mean = 0;
    for (let at = i; at < a.length; at += size) mean += a[at] / count;
    for (let at = i; at < a.length; at += size) sum += (a[at] - mean) * b[at];
  }
  return sum / (size * (count - 1));
}

/** A posterior whose samples are judged. */
export interface Posterior {
  /** What was measured. */
  readonly measurement: Measurement;
  /** The prior. */
  readonly denoise: Denoiser;
  /** Noise level, on the scale of the image, at which samples and posterior are compared. */
  readonly sigma: number;
}

/** Conjugate gradient steps of the likelihood's score: at a level below the noise of the data few serve. */
const ITERATIONS = 6;

/** Judges samples `[N, 2, H, W]` of a problem. */
export type JudgeSamples = (problem: Problem, samples: NdArray, rng: Rng) => Promise<SteinFigures>;

/**
 * Compiles the comparison of samples with the posterior of their problem. Noise of the level sigma is
 * added to them, as the score of the prior is known for noisy images only: (D(x, sigma) - x) / sigma^2.
 * That of the data is {@link likelihoodScore}, exact for normal priors. The smaller sigma is beside the
 * spread of the samples, the less the noise hides.
 */
export async function compileSteinFigures(
  runtime: Runtime,
  { measurement, denoise, sigma: level }: Posterior,
): Promise<JudgeSamples> {
  const { image, sets = 1, y, inputs } = measurement;
  const shape = [1, 2 * sets, ...image];
  const program: Program<string, "score"> = await runtime.build(
    { x: shape, y, sigma: SCALAR, sigmaY: SCALAR, ...inputs },
    ({ x, y, sigma, sigmaY, ...arrays }) => {
      const operator = measurement.operator(arrays, 1);
      const data = { operator, y, sigma: sigmaY };
      const D = setwise(denoise)(x, sigma);
      const prior = div(sub(D, x), mul(sigma, sigma));
      return {
        score: add(
          prior,
          likelihoodScore(data, D, { x, sigma }, {
            iterations: ITERATIONS,
          }),
        ),
      };
    },
  );
  return async ({ y, inputs, sigma }, samples, rng) => {
    const noise = rng.split(0).normals(samples.data.length);
    const noisy = samples.data.map((value, i) => value + level * noise[i]);
    const scores = new Float32Array(noisy.length);
    const fixed = { y, ...inputs, sigma: scalar(level), sigmaY: scalar(sigma) };
    for (let n = 0; n < samples.shape[0]; n++) {
      const x = partOf(ndarray(noisy, samples.shape), n);
      const { score } = await program.run({ ...fixed, x: ndarray(x.data, shape) });
      scores.set(score.data, n * score.data.length);
    }
    const [given, found] = [noisy, scores].map((data) => ndarray(data, samples.shape));
    return steinFigures(given, found, rng.split(1));
  };
}
