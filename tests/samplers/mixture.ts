/** A prior of two normal distributions, and its exact posterior. */
import {
  add,
  constantOf,
  div,
  mul,
  reduceSum,
  sigmoid,
  sub,
  type Tensor,
} from "../../src/graph/mod.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { apply, dot, inverse, plus, posteriorOf, times, trace, transposed } from "./algebra.ts";
import { denseProblem, isotropicPrior, type Problem } from "./support.ts";

const SIZE = [2, 2] as const;
const VARIANCE = 0.04;
const NOISE = 0.3;
/** How far apart the modes are along what is not measured and what is. */
const [FREE, MEASURED] = [0.9, 0.4];

/** A problem with two modes. */
export interface MixtureProblem extends Pick<Problem, "measurement" | "arrays"> {
  readonly prior: { readonly denoise: Denoiser };
  readonly centre: Float64Array;
  /** Unit vector from the second to the first mode, not measured. */
  readonly axis: Float64Array;
  readonly modes: readonly {
    readonly weight: number;
    readonly mean: Float64Array;
    /** Root mean square deviation of a component. */
    readonly deviation: number;
  }[];
}

const unit = (v: Float64Array) => v.map((value) => value / Math.sqrt(dot(v, v)));

/** Modes at centre +- offset, equally likely before the data and not after. */
export function mixtureProblem(): MixtureProblem {
  const base = isotropicPrior(SIZE, VARIANCE);
  const { measurement, arrays, matrix: a, prior } = denseProblem(base, 2, NOISE);
  const at = transposed(a);
  const direction = Float64Array.from(prior.mean, (_, i) => Math.sin(3 * i + 1));
  const gram = inverse(times(a, at));
  const seen = apply(at, apply(gram, apply(a, direction)));
  const axis = unit(direction.map((value, i) => value - seen[i]));
  const offset = axis.map((value, i) => FREE * value + MEASURED * unit(seen)[i]);
  const centre = prior.mean;
  const means = [1, -1].map((sign) => centre.map((value, i) => value + sign * offset[i]));
  // y ~ N(A m_k, v A A^T + sigma_y^2) under mode k.
  const noise = times(a, at).map((row, i) => row.map((_, j) => i === j ? NOISE ** 2 : 0));
  const precision = inverse(plus(noise, times(a, at), VARIANCE));
  const logs = means.map((mean) => {
    const r = apply(a, mean).map((value, i) => arrays.y.data[i] - value);
    return -dot(r, apply(precision, r)) / 2;
  });
  const modes = means.map((mean, k) => {
    const posterior = posteriorOf({ ...prior, mean }, a, arrays.y.data, NOISE);
    return {
      weight: 1 / (1 + Math.exp(logs[1 - k] - logs[k])),
      mean: posterior.mean,
      deviation: Math.sqrt(trace(posterior.covariance) / centre.length),
    };
  });
  return { measurement, arrays, prior: { denoise: mixtureDenoiser(means) }, centre, axis, modes };
}

/** E[x0 | x] = sum_k w_k(x) (m_k + v / (v + sigma^2) (x - m_k)) */
function mixtureDenoiser(means: readonly Float64Array[]): Denoiser {
  const [first, second] = means.map((mean) => constantOf(Float32Array.from(mean), [1, 2, ...SIZE]));
  return (x, sigma) => {
    const total = add(mul(sigma, sigma), VARIANCE);
    const squared = (m: Tensor) =>
      reduceSum(mul(sub(x, m), sub(x, m)), [1, 2, 3], { keepDims: true });
    const share = sigmoid(div(sub(squared(second), squared(first)), mul(total, 2)));
    const mean = add(second, mul(share, sub(first, second)));
    return add(mean, mul(div(VARIANCE, total), sub(x, mean)));
  };
}
