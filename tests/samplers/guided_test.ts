import { ald } from "../../src/samplers/ald.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { daps } from "../../src/samplers/daps.ts";
import { dmps } from "../../src/samplers/dmps.ts";
import { dps } from "../../src/samplers/dps.ts";
import { mcg } from "../../src/samplers/mcg.ts";
import { mmps } from "../../src/samplers/mmps.ts";
import { pigdm } from "../../src/samplers/pigdm.ts";
import { score } from "../../src/samplers/score.ts";
import { scoreMri } from "../../src/samplers/score_mri.ts";
import { dot } from "./algebra.ts";
import {
  assertFollows,
  axpy,
  chain,
  type Dense,
  falling,
  renoised,
  type Textbook,
  type TextbookStep,
  type Vector,
} from "./textbook.ts";
import { denseProblem, gaussianPrior, mriProblem, type Problem } from "./support.ts";
import { runtime } from "../runtime.ts";

/** Conjugate gradient steps by which these problems have converged. */
const MANY = 14;
/** Odd, even and prime sides; lines, plane and no structure at all. */
const problems: readonly (() => Problem)[] = [
  () => mriProblem(gaussianPrior([3, 2], "correlated")),
  () => mriProblem(gaussianPrior([5, 1], "diagonal"), { mask: "plane", coils: 1 }),
  () => denseProblem(gaussianPrior([2, 2], "correlated"), 3),
];

const scaled = (v: Vector, factor: number): Vector => v.map((value) => factor * value);

/** r^2 for images of standard deviation s. */
const variance = (sigma: number, s: number) => sigma ** 2 * s ** 2 / (sigma ** 2 + s ** 2);

function ancestralFrom(clean: Vector, input: TextbookStep): Vector {
  return renoised(input, clean, 1 - (input.sigmaNext / input.sigma) ** 2, input.z[0]);
}

function dpsStep(input: TextbookStep, dense: Dense, weight: number, s: number): Vector {
  const { x, sigma } = input;
  const D = dense.denoise(x, sigma);
  const zeta = weight * sigma ** 2 / (dense.sigma ** 2 + variance(sigma, s));
  return ancestralFrom(axpy(D, zeta, dense.pulled(dense.residual(D), sigma)), input);
}

/** A^H (A A^H + rho)^-1 (y + sigma A z - A x) */
function towardsData(x: Vector, sigma: number, z: Vector, dense: Dense): Vector {
  const rho = dense.sigma ** 2 / Math.max(sigma ** 2, 1e-8);
  return dense.pseudoInverse(dense.residual(axpy(x, -sigma, z)), Math.max(rho, 1e-4));
}

/** Runs a textbook, by default from level to level, on all problems. */
async function follows(
  sampler: Sampler,
  settings: Settings,
  textbook: Pick<Textbook, "step"> & Partial<Textbook>,
): Promise<void> {
  const schedule = (sigmaY: number) => chain(levelsOf(sigmaY));
  for (const make of problems) {
    const all = { ...LEVELS, cg: MANY, ...settings };
    await assertFollows(runtime, sampler, make(), all, { schedule, ...textbook });
  }
}

const LEVELS = { steps: 4, sigmaMax: 0.9, sigmaMin: 0.5 };
const levelsOf = (sigmaY: number) => falling(4, 0.9, 0.5 * sigmaY);

Deno.test("dps follows its textbook", () =>
  follows(dps, { weight: 1.25, sigmaData: 0.6 }, {
    step: (input, dense) => dpsStep(input, dense, 0.8, 0.6),
  }));

Deno.test("mcg is dps and a projection onto the data at their noise level", () =>
  follows(mcg, { weight: 1.25, sigmaData: 0.6 }, {
    step(input, dense) {
      const x = dpsStep(input, dense, 0.8, 0.6);
      return axpy(x, 1, towardsData(x, input.sigmaNext, input.z[1], dense));
    },
  }));

for (const weight of [1 / 0.9, 0.8]) {
  Deno.test(`pigdm of weight ${weight.toFixed(1)} follows its textbook`, () =>
    follows(pigdm, { weight, sigmaData: 0.6, eta: 0.7 }, {
      step(input, dense) {
        const { x, sigma, sigmaNext, z: [z] } = input;
        const D = dense.denoise(x, sigma);
        const r2 = variance(sigma, 0.6);
        const change = dense.pseudoInverse(dense.residual(D), dense.sigma ** 2 / r2);
        const length = 1 - sigmaNext / sigma;
        // A weight below 1 goes towards 1 where the step is longer than 0.35, but for the last.
        const isLong = weight < 1 && sigmaNext > 0 && length > 0.35;
        const own = isLong ? Math.min(1, weight * length / 0.35) : weight;
        const guided = axpy(D, sigma ** 2 / r2 / own, dense.pulled(change, sigma));
        return renoised(input, guided, 0.49 * (1 - (sigmaNext / sigma) ** 2), z);
      },
    }));
}

Deno.test("mmps follows its textbook", () =>
  follows(mmps, { weight: 1 / 0.9, eta: 0.7, ridge: 0.1 }, {
    step(input, dense) {
      const { x, sigma, sigmaNext, z: [z] } = input;
      const D = dense.denoise(x, sigma);
      const guided = axpy(D, 0.9 * sigma ** 2, dense.likelihoodScore(D, sigma, 0.1));
      return renoised(input, guided, 0.49 * (1 - (sigmaNext / sigma) ** 2), z);
    },
  }));

Deno.test("dmps follows its textbook", () =>
  follows(dmps, { weight: 1 / 1.3 }, {
    step(input, dense) {
      const { x, sigma } = input;
      const change = dense.pseudoInverse(dense.residual(x), dense.sigma ** 2 / sigma ** 2);
      return ancestralFrom(axpy(dense.denoise(x, sigma), 1.3, change), input);
    },
  }));

Deno.test("daps follows its textbook", () =>
  follows(daps, { weight: 0.5, flow: 2 }, {
    schedule: (sigmaY) =>
      chain(levelsOf(sigmaY)).flatMap(({ sigma, sigmaNext }) => [
        // Two Euler steps: the flow ends at a twentieth of its start before it goes to 0.
        { kind: "flow", sigma, sigmaNext: 0.05 * sigma },
        { kind: "flow", sigma: 0.05 * sigma, sigmaNext: 0 },
        { kind: "draw", sigma, sigmaNext },
      ]),
    step(input, dense) {
      const { kind, x, sigma, sigmaNext, z: [z, fresh], e: [, , e] } = input;
      if (kind === "flow") return renoised(input, dense.denoise(x, sigma), 0, x);
      const [r2, drawn] = [sigma ** 2 / 0.5, sigmaNext > 0 ? 1 : 0];
      const centre = axpy(x, drawn * Math.sqrt(r2), z);
      const perturbed = axpy(dense.residual(centre), drawn * dense.sigma, dense.back(e));
      const x0 = axpy(centre, 1, dense.pseudoInverse(perturbed, dense.sigma ** 2 / r2));
      return axpy(x0, sigmaNext, fresh);
    },
  }));

Deno.test("ald follows its textbook", () =>
  follows(ald, { weight: 0.5, epsilon: 0.7, inner: 2 }, {
    schedule(sigmaY) {
      const levels = levelsOf(sigmaY);
      const steps = levels.flatMap((sigma) =>
        [sigma, sigma].map((s) => ({ sigma: s, sigmaNext: s }))
      );
      return [...steps, { kind: "last", sigma: levels[3], sigmaNext: 0 }];
    },
    step(input, dense) {
      const { kind, x, sigma, z: [z] } = input;
      const prior = scaled(axpy(dense.denoise(x, sigma), -1, x), 1 / sigma ** 2);
      const annealed = dense.sigma ** 2 + sigma ** 2 / 2;
      const likelihood = scaled(dense.residual(x), 1 / annealed);
      const curvature = 1 / sigma ** 2 + 1 / annealed;
      if (kind === "last") return axpy(axpy(x, sigma ** 2, prior), 1 / curvature, likelihood);
      const eta = 0.7 / curvature;
      return axpy(axpy(x, eta, axpy(prior, 1, likelihood)), Math.sqrt(2 * eta), z);
    },
  }));

function predicted({ x, sigma, sigmaNext, z: [z] }: TextbookStep, dense: Dense): Vector {
  const change = sigma ** 2 - sigmaNext ** 2;
  const mean = axpy(x, change / sigma ** 2, axpy(dense.denoise(x, sigma), -1, x));
  return sigmaNext === 0 ? mean : axpy(mean, Math.sqrt(change), z);
}

function corrected({ x, sigma, z: [z] }: TextbookStep, dense: Dense, snr: number): Vector {
  const s = scaled(axpy(dense.denoise(x, sigma), -1, x), 1 / sigma ** 2);
  const length = 2 * snr ** 2 * dot(z, z) / dot(s, s);
  return axpy(axpy(x, length, s), Math.sqrt(2 * length), z);
}

Deno.test("score blends the data in before predictor and corrector", () =>
  follows(score, { weight: 1 / 0.7, snr: 0.2, correctors: 1 }, {
    schedule: (sigmaY) =>
      chain(levelsOf(sigmaY)).flatMap(({ sigma, sigmaNext }) => [
        { kind: "correct", sigma, sigmaNext: sigma },
        { kind: "predict", sigma, sigmaNext },
      ]),
    step(input, dense) {
      const { kind, sigma, z: [, z] } = input;
      const x = axpy(input.x, 0.7, towardsData(input.x, sigma, z, dense));
      return kind === "predict"
        ? predicted({ ...input, x }, dense)
        : corrected({ ...input, x }, dense, 0.2);
    },
  }));

Deno.test("score-mri replaces k-space after predictor and corrector, lambda from 1 to 0.2", () =>
  follows(scoreMri, { weight: 1, snr: 0.2 }, {
    schedule: (sigmaY) =>
      chain(levelsOf(sigmaY)).flatMap(({ sigma, sigmaNext, index }) =>
        [
          { kind: "predict", sigma, sigmaNext, index },
          { kind: "correct", sigma: sigmaNext, sigmaNext, index },
        ].slice(0, sigmaNext > 0 ? 2 : 1)
      ),
    step(input, dense) {
      const x = input.kind === "predict" ? predicted(input, dense) : corrected(input, dense, 0.2);
      return axpy(x, 1 - 0.8 * input.index! / 3, dense.residual(x));
    },
  }));
