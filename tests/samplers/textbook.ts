/**
 * Samplers written once more in dense float64 algebra, from their papers, and run with the same
 * noise: what the graphs are compared with, number by number.
 */
import type { Runtime } from "../../src/graph/mod.ts";
import { Rng } from "../../src/rng.ts";
import type { PlannedMove, Sampler, Settings } from "../../src/samplers/core/contract.ts";
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

  /** The least-squares image that samplers start around. */
  start(): Vector {
    return this.proximal(this.adjoint.map(() => 0), 0.5 * this.sigma + 1e-3);
  }
}

/** What a textbook step knows. */
export interface TextbookStep extends PlannedMove {
  readonly x: Vector;
  /** Other variables. */
  readonly state: Record<string, Vector>;
  /** Standard normal arrays of this step. */
  readonly z: readonly Vector[];
  /** Standard normal arrays of the samples' shape. */
  readonly e: readonly Vector[];
}

/** Runs a textbook algorithm with the noise that the driver gives sample 0 of seed 1. */
export function textbook(
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
  step: (input: TextbookStep, dense: Dense) => Vector,
): Vector {
  const dense = new Dense(problem);
  const size = dense.adjoint.length;
  const normals = (path: number[], of = size) =>
    Float64Array.from(new Rng(1).split(0, ...path).normals(of));
  const plan = sampler.plan(settings, { sigma: dense.sigma });
  const moves = sampler.moves(settings);
  let x = sampler.start === "noise" ? new Float64Array(size) : dense.start();
  if (sampler.start !== "sense-image") x = axpy(x, plan[0].sigma, normals([0, 0]));
  const state: Record<string, Vector> = {};
  plan.forEach((planned, i) => {
    const { noises, dataNoises = 0 } = moves[planned.move];
    const z = Array.from({ length: noises }, (_, k) => normals([i + 1, k]));
    const rows = problem.matrix.length;
    const e = Array.from({ length: dataNoises }, (_, k) => normals([i + 1, noises + k], rows));
    x = step({ ...planned, x, state, z, e }, dense);
  });
  return x;
}

/** Asserts that a sampler does what the textbook says. */
export async function assertFollows(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  given: Settings,
  step: (input: TextbookStep, dense: Dense) => Vector,
  tolerance = 2e-4,
): Promise<void> {
  const settings = { ...sampler.defaults, ...given };
  const found = await draw(runtime, sampler, problem, { count: 1, seed: 1, settings });
  assertClose(found, textbook(sampler, problem, settings, step), tolerance);
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
