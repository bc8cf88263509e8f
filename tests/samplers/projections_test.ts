/** Samplers that project or step to the data, against their textbooks and the exact posterior. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { proximal } from "../../src/samplers/core/data_term.ts";
import { defineSampler, type Sampler, type Settings } from "../../src/samplers/core/contract.ts";
import { Rng } from "../../src/rng.ts";
import { ddnm, ddnmPlus } from "../../src/samplers/ddnm.ts";
import { dds } from "../../src/samplers/dds.ts";
import { diffpir } from "../../src/samplers/diffpir.ts";
import { ilvr } from "../../src/samplers/ilvr.ts";
import { repaint } from "../../src/samplers/repaint.ts";
import { sdedit } from "../../src/samplers/sdedit.ts";
import { assertClose } from "../classical/support.ts";
import {
  assertFollows,
  axpy,
  chain,
  Dense,
  falling,
  renoised,
  type Textbook,
  type TextbookStep,
  type Vector,
} from "./textbook.ts";
import { denseProblem, draw, gaussianPrior, mriProblem, type Problem } from "./support.ts";
import { apply, type Matrix } from "./algebra.ts";
import { runtime } from "../runtime.ts";

/** Conjugate gradient steps by which these problems have converged. */
const MANY = 14;
/** Odd, even and prime sides; lines, plane and no structure at all. */
const problems: readonly (readonly [string, () => Problem])[] = [
  ["lines 4x3", () => mriProblem(gaussianPrior([4, 3], "correlated"))],
  ["plane 5x2", () => mriProblem(gaussianPrior([5, 2], "diagonal"), { mask: "plane" })],
  ["dense 2x3", () => denseProblem(gaussianPrior([2, 3], "correlated"), 4)],
];

/** RePaint's unconditional step: ancestral sampling. */
function ancestral(input: TextbookStep, dense: Dense): Vector {
  const { x, sigma, sigmaNext, z: [z] } = input;
  return renoised(input, dense.denoise(x, sigma), 1 - (sigmaNext / sigma) ** 2, z);
}

/** The ridge of methods whose papers have no noise: weight steps sigma_y, here for 6 in all. */
const ridge = ({ sigma }: Dense) => 6 * sigma + 1e-4;

const LEVELS = { steps: 6, sigmaMax: 1, sigmaMin: 0.5 };
const levelsOf = (sigmaY: number) => falling(6, 1, 0.5 * sigmaY);
const plain = (sigmaY: number) => chain(levelsOf(sigmaY));

/** Steps between levels that are visited in this order, then to 0; `back` where they rise. */
function visits(levels: readonly number[], order: readonly number[]) {
  return chain(order.map((i) => levels[i])).map((step) => ({
    ...step,
    kind: step.sigmaNext > step.sigma ? "back" : "step",
  }));
}

const backUp = ({ x, sigma, sigmaNext, z: [z] }: TextbookStep): Vector =>
  axpy(x, Math.sqrt(sigmaNext ** 2 - sigma ** 2), z);

function replaced(
  x: Vector,
  dense: Dense,
  { sigmaNext, z: [, z] }: TextbookStep,
): Vector {
  const missing = Math.sqrt(Math.max(sigmaNext ** 2 - dense.sigma ** 2, 0));
  const residual = dense.residual(axpy(x, -missing, z));
  return axpy(x, 1, dense.pseudoInverse(residual, ridge(dense)));
}

Deno.test("the proximal step of diffpir and dds equals a dense solve", async () => {
  for (const [, make] of problems) {
    const problem = make();
    const dense = new Dense(problem);
    const { measurement, arrays, prior } = problem;
    const shape = [1, 2, ...prior.image];
    const program = await runtime.build<string, string>(
      {
        centre: shape,
        rho: [1, 1, 1, 1],
        y: measurement.y,
        ...measurement.inputs,
      },
      ({ centre, rho, y, ...inputs }) => {
        const operator = measurement.operator(inputs, 1);
        const data = { operator, adjoint: operator.adjoint(y) };
        return { x: proximal(data, centre, rho, MANY) };
      },
    );
    for (const rho of [0.01, 1]) {
      const { x } = await program.run({
        centre: { data: Float32Array.from(prior.mean), shape },
        rho: { data: Float32Array.of(rho), shape: [1, 1, 1, 1] },
        y: arrays.y,
        ...arrays.inputs,
      });
      assertClose(x.data, dense.proximal(prior.mean, rho), 1e-4);
    }
  }
});

async function follows(sampler: Sampler, settings: Settings, textbook: Textbook): Promise<void> {
  for (const [, make] of problems) {
    const all = { ...LEVELS, cg: MANY, ...settings };
    await assertFollows(runtime, sampler, make(), all, textbook);
  }
}

for (const power of [0, 2]) {
  Deno.test(`dds follows its textbook, power ${power}`, () =>
    follows(dds, { power, weight: 1 / 0.7, eta: 0.8 }, {
      schedule: plain,
      step(input, dense) {
        const D = dense.denoise(input.x, input.sigma);
        const gamma = 0.7 * (input.sigma / dense.sigma) ** power;
        return renoised(input, dense.proximal(D, 1 / gamma), 0.8 ** 2, input.z[0], D);
      },
    }));
}

Deno.test("dds with the exact weight, many steps of CG and fresh noise is diffpir", async () => {
  const problem = problems[0][1]();
  const shared = { steps: 8, weight: 1, sigmaMax: 1, sigmaMin: 0.5, cg: MANY };
  const options = { count: 3, seed: 4 };
  const one = { ...options, settings: { ...dds.defaults, ...shared, power: 2, eta: 1 } };
  const other = { ...options, settings: { ...diffpir.defaults, ...shared, zeta: 1 } };
  assertClose(
    await draw(runtime, dds, problem, one),
    await draw(runtime, diffpir, problem, other),
    1e-5,
  );
});

Deno.test("ddnm follows its textbook, with time travel", () =>
  follows(ddnm, { steps: 5, weight: 1.2, eta: 0.85, jump: 2, repeats: 2 }, {
    // Back by two from the third level and from the last.
    schedule: (sigmaY) => visits(falling(5, 1, 0.5 * sigmaY), [0, 1, 2, 0, 1, 2, 3, 4, 2, 3, 4]),
    step(input, dense) {
      if (input.kind === "back") return backUp(input);
      const D = dense.denoise(input.x, input.sigma);
      const change = dense.pseudoInverse(dense.residual(D), ridge(dense));
      return renoised(input, axpy(D, 1, change), 0.85 ** 2, input.z[0], D);
    },
  }));

Deno.test("ddnm+ follows its textbook above and below the noise of the data", () =>
  follows(ddnmPlus, { eta: 0.6, weight: 1, jump: 1, repeats: 1, sigmaMin: 0.3 }, {
    schedule: (sigmaY) => chain(falling(6, 1, 0.3 * sigmaY)),
    step(input, dense) {
      const { x, sigma, sigmaNext, z: [z] } = input;
      const D = dense.denoise(x, sigma);
      const lambda = Math.min(1, sigmaNext / dense.sigma);
      const gamma = Math.sqrt(Math.max(sigmaNext ** 2 - (lambda * dense.sigma) ** 2, 0));
      const u = axpy(z.map((value) => 0.6 * value), 0.8 / sigma, axpy(x, -1, D));
      const weakest = sigmaNext > dense.sigma ? dense.sigma / sigmaNext : 1;
      const damped = weakest ** 2 / 4 + 1e-4;
      const inRange = (v: Vector) => dense.pseudoInverse(apply(dense.normal, v), damped);
      const data = dense.pseudoInverse(dense.residual(D), damped);
      const noise = axpy(u.map((value) => sigmaNext * value), gamma - sigmaNext, inRange(u));
      return axpy(axpy(D, lambda, data), 1, noise);
    },
  }));

Deno.test("repaint follows its textbook, with jumps", () =>
  follows(repaint, { weight: 1, jump: 2, repeats: 3 }, {
    schedule: (sigmaY) =>
      visits(levelsOf(sigmaY), [0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 3, 4, 5, 3, 4, 5]),
    step: (input, dense) =>
      input.kind === "back" ? backUp(input) : replaced(ancestral(input, dense), dense, input),
  }));

/** The rows of A for calibration lines: of lines 0, 2, 3, 4, 6 of 7, lines 2 to 4. */
function calibrationRows(matrix: Matrix, width: number): Matrix {
  const lines = 5;
  return matrix.map((row, i) => {
    const line = Math.floor(i / width) % lines;
    return line >= 1 && line <= 3 ? row : row.map(() => 0);
  });
}

Deno.test("ilvr follows its textbook and uses the calibration lines only", async () => {
  const mask = maskFromLines([1, 0, 1, 1, 1, 0, 1], 2);
  const problem = mriProblem(gaussianPrior([7, 2], "correlated"), { mask });
  const low = new Dense(problem, calibrationRows(problem.matrix, 2));
  const settings = { ...LEVELS, weight: 1, cg: MANY };
  await assertFollows(runtime, ilvr, problem, settings, {
    schedule: plain,
    step: (input, dense) => replaced(ancestral(input, dense), low, input),
  });
});

Deno.test("ilvr refuses data without calibration lines", async () => {
  const problem = denseProblem(gaussianPrior([2, 2], "diagonal"), 3);
  await assert.rejects(draw(runtime, ilvr, problem, { count: 1 }), InputError);
});

Deno.test("sdedit follows its textbook", () =>
  follows(sdedit, { weight: 2, sigmaMax: 0.5 }, { schedule: plain, step: ancestral }));

Deno.test("samplers start around the regularised least-squares image, with noise of the first level", async () => {
  const [, make] = problems[0];
  const problem = make();
  const still = defineSampler({
    name: "still",
    defaults: { steps: 1 },
    stepKinds: () => ({ step: ({ x }) => ({ x }) }),
    schedule: () => [{ kind: "step", sigma: 0.3, sigmaNext: 0 }],
  });
  const found = await draw(runtime, still, problem, { count: 1 });
  const dense = new Dense(problem);
  const sense = dense.proximal(dense.adjoint.map(() => 0), 0.5 * dense.sigma + 1e-3);
  assertClose(found, axpy(sense, 0.3, new Rng(1).split(0, 0, 0).normals(sense.length)), 1e-4);
});
