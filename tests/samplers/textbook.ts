/**
 * Samplers written once more in dense float64 algebra, from their papers, and run with the same
 * noise: what the graphs are compared with, number by number. A textbook has its own schedule and
 * starts from zero: nothing but the name of the settings comes from the sampler under test.
 */
import type { Runtime } from "../../src/graph/mod.ts";
import { Rng } from "../../src/rng.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { assertClose } from "../classical/support.ts";
import { apply, inverse, type Matrix, matrixOf, plus, times, transposed } from "./algebra.ts";
import { draw, type Problem } from "./support.ts";

/** A vector of stacked real and imaginary parts. */
export type Vector = Float64Array;

/** a + factor b */
export const axpy = (a: Vector, factor: number, b: ArrayLike<number>): Vector =>
  a.map((value, i) => value + factor * b[i]);

/** (A + shift I)^-1 */
export const shiftedInverse = (a: Matrix, shift: number): Matrix =>
  inverse(plus(a, identity(a.length), shift));

export const identity = (size: number): Matrix => matrixOf(size, size, (i, j) => i === j ? 1 : 0);

/** The prior and the data as dense algebra. */
export class Dense {
  readonly #problem: Problem;
  /** A^H A */
  readonly normal: Matrix;
  /** A^H y */
  readonly adjoint: Vector;
  /** sigma_y */
  readonly sigma: number;

  constructor(problem: Problem, matrix: Matrix = problem.matrix) {
    this.#problem = problem;
    this.normal = times(transposed(matrix), matrix);
    this.adjoint = apply(transposed(matrix), problem.arrays.y.data);
    this.sigma = problem.arrays.sigma;
  }

  /** E[x0 | x] */
  denoise(x: Vector, sigma: number): Vector {
    const { mean, basis, variances } = this.#problem.prior;
    const inBasis = apply(basis, axpy(x, -1, mean));
    const shrunk = inBasis.map((value, i) => value * variances[i] / (variances[i] + sigma ** 2));
    return axpy(mean, 1, apply(transposed(basis), shrunk));
  }

  /** (dD/dx)^T v, the same everywhere. */
  pulled(v: Vector, sigma: number): Vector {
    return axpy(this.denoise(v, sigma), -1, this.denoise(v.map(() => 0), sigma));
  }

  /** J (sigma^2 A^H A J + sigma_y^2 + ridge sigma^2)^-1 A^H (y - A D), J = dD/dx */
  likelihoodScore(D: Vector, sigma: number, ridge: number): Vector {
    const columns = identity(D.length).map((axis) => this.pulled(axis, sigma));
    const covariance = transposed(columns).map((row) => row.map((value) => sigma ** 2 * value));
    const inverted = shiftedInverse(
      times(this.normal, covariance),
      this.sigma ** 2 + ridge * sigma ** 2,
    );
    return this.pulled(apply(inverted, this.residual(D)), sigma);
  }

  /** A^H e */
  back(e: Vector): Vector {
    return apply(transposed(this.#problem.matrix), e);
  }

  /** A^H (y - A x) */
  residual(x: Vector): Vector {
    return axpy(this.adjoint, -1, apply(this.normal, x));
  }

  /** argmin |A x - y|^2 + rho |x - centre|^2 */
  proximal(centre: Vector, rho: number): Vector {
    return apply(shiftedInverse(this.normal, rho), axpy(this.adjoint, rho, centre));
  }

  /** (A^H A + ridge)^-1 b */
  pseudoInverse(b: Vector, ridge: number): Vector {
    return apply(shiftedInverse(this.normal, ridge), b);
  }
}

/** One step of a textbook's schedule. */
export interface Planned {
  /** Kind of step, where there are several. */
  readonly kind?: string;
  readonly sigma: number;
  readonly sigmaNext: number;
  /** Number of the step, from 0, where the textbook counts them. */
  readonly index?: number;
}

/** What a textbook step is given. */
export interface TextbookStep extends Planned {
  readonly x: Vector;
  /** Other variables. */
  readonly state: Record<string, Vector>;
  /** Standard normal arrays of this step, in the order in which they are drawn. */
  readonly z: readonly Vector[];
  /** The same with the size of the samples. */
  readonly e: readonly Vector[];
}

/** An algorithm, written from its paper. */
export interface Textbook {
  /** Its steps for data with noise sigma_y. */
  schedule(sigmaY: number): readonly Planned[];
  /** Whether x starts from noise of the first sigma, or from zero. Default true. */
  readonly noisy?: boolean;
  step(input: TextbookStep, dense: Dense): Vector;
}

/** n levels that fall by a constant factor. */
export const falling = (n: number, max: number, min: number): number[] =>
  Array.from({ length: n }, (_, i) => max * (min / max) ** (i / (n - 1)));

/** From each level to the next, the last to 0. */
export const chain = (levels: readonly number[]): Planned[] =>
  levels.map((sigma, index) => ({ sigma, sigmaNext: levels[index + 1] ?? 0, index }));

/** Noise arrays of a step that a textbook may use. */
const ARRAYS = [0, 1, 2];

/** Runs a textbook algorithm with the noise that the loop gives sample 0 of seed 1. */
function run({ schedule, noisy = true, step }: Textbook, problem: Problem): Vector {
  const dense = new Dense(problem);
  const size = dense.adjoint.length;
  const normals = (path: number[], of = size) =>
    Float64Array.from(new Rng(1).split(0, ...path).normals(of));
  const plan = schedule(dense.sigma);
  let x: Vector = new Float64Array(size);
  if (noisy) x = axpy(x, plan[0].sigma, normals([0, 0]));
  const state: Record<string, Vector> = {};
  plan.forEach((planned, i) => {
    const z = ARRAYS.map((k) => normals([i + 1, k]));
    const e = ARRAYS.map((k) => normals([i + 1, k], problem.matrix.length));
    x = step({ ...planned, x, state, z, e }, dense);
  });
  return x;
}

/** Asserts that a sampler with these settings does what the textbook says. */
export async function assertFollows(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
  textbook: Textbook,
  tolerance = 2e-4,
): Promise<void> {
  const start = { around: "zero", addNoise: textbook.noisy ?? true } as const;
  const options = { count: 1, seed: 1, settings };
  const found = await draw(runtime, { ...sampler, start }, problem, options);
  assertClose(found, run(textbook, problem), tolerance);
}

/** D + sigma' (sqrt(1 - share) (x - found) / sigma + sqrt(share) z) */
export function renoised(
  { x, sigma, sigmaNext }: TextbookStep,
  clean: Vector,
  share: number,
  z: Vector,
  found: Vector = clean,
): Vector {
  const kept = axpy(clean, sigmaNext * Math.sqrt(1 - share) / sigma, axpy(x, -1, found));
  return axpy(kept, sigmaNext * Math.sqrt(share), z);
}
