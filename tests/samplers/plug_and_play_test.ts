/** Deterministic plug-and-play and RED-diff: their textbooks and their fixed points. */
import { Runtime } from "../../src/graph/mod.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { dpir, pnpAdmm, red } from "../../src/samplers/plug_and_play.ts";
import { redDiff } from "../../src/samplers/red_diff.ts";
import { assertClose, relativeError } from "../classical/support.ts";
import { plus, posteriorOf } from "./algebra.ts";
import {
  assertBetween,
  denseProblem,
  draw,
  gaussianPrior,
  mriProblem,
  type Problem,
} from "./support.ts";
import {
  assertFollows,
  axpy,
  chain,
  Dense,
  falling,
  identity,
  type Textbook,
  type TextbookStep,
  type Vector,
} from "./textbook.ts";
import { runtime } from "../runtime.ts";

const CG = 14;

const problems: readonly (() => Problem)[] = [
  () => mriProblem(gaussianPrior([4, 3], "correlated")),
  () => mriProblem(gaussianPrior([5, 2], "diagonal"), { mask: "plane" }),
  () => denseProblem(gaussianPrior([2, 3], "correlated"), 5),
];

/** e^(i angle) x: real parts first, then imaginary parts. */
function rotated(x: Vector, angle: number): Vector {
  const half = x.length / 2, [c, s] = [Math.cos(angle), Math.sin(angle)];
  return x.map((value, i) => i < half ? c * value - s * x[i + half] : c * value + s * x[i - half]);
}

/** Angle from step to step: the golden angle. */
const GOLDEN = Math.PI * (3 - Math.sqrt(5));

/** The denoiser at the phase of a step. */
function denoiseAt(dense: Dense, { index = 0, sigma }: TextbookStep, x: Vector): Vector {
  return rotated(dense.denoise(rotated(x, GOLDEN * index), sigma), -GOLDEN * index);
}

const LEVELS = { steps: 8, sigmaMax: 0.4, sigmaMin: 0.5 };
const levelsOf = (sigmaY: number) => falling(8, 0.4, 0.5 * sigmaY);

async function follows(sampler: Sampler, settings: Settings, textbook: Partial<Textbook>) {
  for (const make of problems) {
    const all = { ...LEVELS, cg: CG, phaseRotation: 1, ...settings };
    await assertFollows(runtime, sampler, make(), all, {
      schedule: (sigmaY) => chain(levelsOf(sigmaY)),
      noisy: false,
      step: (_, dense) => dense.adjoint,
      ...textbook,
    });
  }
}

Deno.test("dpir follows its textbook", () =>
  follows(dpir, { weight: 0.23 }, {
    step(input, dense) {
      const rho = 0.23 * (dense.sigma / input.sigma) ** 2;
      return denoiseAt(dense, input, dense.proximal(input.x, rho));
    },
  }));

const admm = (relaxation: number) =>
  follows(pnpAdmm, { weight: 0.8, average: 0.25, relaxation }, {
    schedule(sigmaY) {
      const steps = chain(levelsOf(sigmaY));
      const gather = { kind: "gather", sigma: 1, sigmaNext: 1 };
      return [...steps.slice(0, 7), gather, steps[7], gather, { ...gather, kind: "finish" }];
    },
    step(input, dense) {
      const { kind, x, state, sigma, sigmaNext } = input;
      if (kind === "finish") return state.sum.map((value) => value / 2);
      if (kind === "gather") {
        state.sum = axpy(x, 1, state.sum ?? x.map(() => 0));
        return x;
      }
      const u = state.u ?? x.map(() => 0);
      const solved = dense.proximal(axpy(x, -1, u), 0.8 * (dense.sigma / sigma) ** 2);
      const v = axpy(x, relaxation, axpy(solved, -1, x)); // x + relaxation (v - x)
      const next = denoiseAt(dense, input, axpy(v, 1, u));
      const dual = axpy(axpy(u, 1, v), -1, next);
      state.u = dual.map((value) => value * (sigmaNext / sigma) ** 2);
      return next;
    },
  });

Deno.test("pnp-admm follows its textbook: a dual variable that is rescaled, the mean of the last images", () =>
  admm(1));

Deno.test("pnp-admm follows its textbook with over-relaxation", () => admm(1.7));

Deno.test("pnp-admm with average 1/3 gives the mean of the images of the last third of its steps", async () => {
  const problem = problems[0]();
  const result = async (steps: number, average: number) => {
    // A constant level: a shorter run is the beginning of a longer one.
    const settings = { ...constant(problem), phaseRotation: 1, steps, average };
    return await draw(runtime, pnpAdmm, problem, { count: 1, settings });
  };
  const [fifth, sixth, mean] = [await result(5, 0), await result(6, 0), await result(6, 1 / 3)];
  const expected = Float64Array.from(fifth, (value, i) => (value + sixth[i]) / 2);
  assertClose(mean, expected, 1e-5);
});

Deno.test("red follows its textbook", () =>
  follows(red, { weight: 1 }, {
    step(input, dense) {
      const { x, sigma } = input;
      const rho = (dense.sigma / sigma) ** 2;
      const descent = axpy(dense.residual(x), rho, axpy(denoiseAt(dense, input, x), -1, x));
      return axpy(x, 1 / (1 + rho), descent);
    },
  }));

/** Constant sigma, for which there are fixed points in closed form, if the phase is left alone. */
const CONSTANT = 0.4;
const constant = (problem: Problem) => ({
  weight: 1,
  sigmaMax: CONSTANT,
  sigmaMin: CONSTANT / problem.arrays.sigma,
  cg: CG,
  phaseRotation: 0,
  average: 0,
});

async function errorsFrom(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  expected: Vector,
  counts: readonly number[],
): Promise<number[]> {
  const errors: number[] = [];
  for (const steps of counts) {
    const settings = { ...constant(problem), steps };
    errors.push(
      relativeError(await draw(runtime, sampler, problem, { count: 1, settings }), expected),
    );
  }
  return errors;
}

/** The posterior mean when the prior is smoothed by a variance. */
function smoothedMean({ prior, matrix, arrays }: Problem, variance: number): Vector {
  const smooth = plus(prior.covariance, identity(prior.mean.length), variance);
  const broad = { mean: prior.mean, covariance: smooth };
  return posteriorOf(broad, matrix, arrays.y.data, arrays.sigma).mean;
}

Deno.test("pnp-admm at a constant sigma converges to the posterior mean, by a factor a step", async () => {
  const problem = problems[0]();
  const [early, late, end] = await errorsFrom(
    runtime,
    pnpAdmm,
    problem,
    problem.posterior.mean,
    [10, 20, 60],
  );
  assertBetween(late / early, 0, 0.6, "error ratio over 10 steps");
  assertBetween(end, 0, 0.01, "error in the end");
});

Deno.test("red at a constant sigma converges to the posterior mean of the smoothed prior", async () => {
  const problem = problems[0]();
  const [end] = await errorsFrom(runtime, red, problem, smoothedMean(problem, CONSTANT ** 2), [
    400,
  ]);
  assertBetween(end, 0, 2e-3, "error in the end");
});

Deno.test("dpir at a constant sigma converges to that image, denoised", async () => {
  const problem = problems[0]();
  const image = smoothedMean(problem, CONSTANT ** 2);
  const expected = new Dense(problem).denoise(image, CONSTANT);
  const [end] = await errorsFrom(runtime, dpir, problem, expected, [60]);
  assertBetween(end, 0, 1e-3, "error in the end");
});

for (const power of [0, 2]) {
  Deno.test(`red-diff follows its textbook, power ${power}`, () =>
    follows(redDiff, { weight: 0.5, power, rate: 0.03 }, {
      step(input, dense) {
        const { x: mu, state, sigma, index = 0, z: [z] } = input;
        const D = dense.denoise(axpy(mu, sigma, z), sigma);
        const lambda = 0.5 * (dense.sigma / sigma) ** power;
        const g = axpy(dense.residual(mu).map((v) => -v), lambda, axpy(mu, -1, D));
        const zero = mu.map(() => 0);
        state.m = (state.m ?? zero).map((m, i) => 0.9 * m + 0.1 * g[i]);
        state.v = (state.v ?? zero).map((v, i) => 0.99 * v + 0.01 * g[i] ** 2);
        const rate = 0.03 * (1 - index / 8);
        return mu.map((value, i) => {
          const mean = state.m[i] / (1 - 0.9 ** (index + 1));
          const square = state.v[i] / (1 - 0.99 ** (index + 1));
          return value - rate * mean / (Math.sqrt(square) + 1e-8);
        });
      },
    }));
}

Deno.test("red-diff with the weight of the log-posterior ends where red does", async () => {
  const problem = problems[0]();
  const settings = { ...constant(problem), steps: 400, power: 2, rate: 0.02 };
  const found = await draw(runtime, redDiff, problem, { count: 1, settings });
  assertClose(found, smoothedMean(problem, CONSTANT ** 2), 0.05);
  // Which is not the posterior mean: the prior is smoothed by sigma.
  assertBetween(relativeError(found, problem.posterior.mean), 0.1, 0.3, "distance from the mean");
});
