/** DDRM in the eigenbasis of the operator, against the algorithm written out with an SVD. */
import assert from "node:assert/strict";
import type { Runtime } from "../../src/graph/mod.ts";
import { InputError } from "../../src/errors.ts";
import { Rng } from "../../src/rng.ts";
import { ddnm } from "../../src/samplers/ddnm.ts";
import { ddrm } from "../../src/samplers/ddrm.ts";
import { compileSampler } from "../../src/samplers/core/run.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { assertClose } from "../classical/support.ts";
import { apply, transposed } from "./algebra.ts";
import { spectralProblem, type Svd, svd } from "./spectral.ts";
import { assertFollows, chain, falling, type TextbookStep, type Vector } from "./textbook.ts";
import { denseProblem, draw, gaussianPrior, mriProblem, type Problem } from "./support.ts";
import { runtime } from "../runtime.ts";

/** Kawar et al. 2022, eq. 7 and 8, coefficient by coefficient. */
function ddrmStep(
  { vt, s, y }: Svd,
  sigmaY: number,
  { eta, etaB }: Settings,
  { kind, x, sigma, sigmaNext, z: [z] }: TextbookStep,
  denoised: Vector,
): Vector {
  const [X, D, Z] = [apply(vt, x), apply(vt, denoised), apply(vt, z)];
  const next = X.map((_, i) => {
    const noise = s[i] === 0 ? Infinity : sigmaY / s[i];
    if (kind === "start") {
      return noise < sigma ? y[i] + Math.sqrt(sigma ** 2 - noise ** 2) * Z[i] : X[i];
    }
    const kept = Math.sqrt(1 - eta ** 2) * sigmaNext;
    if (s[i] === 0) return D[i] + kept * (X[i] - D[i]) / sigma + eta * sigmaNext * Z[i];
    if (sigmaNext < noise) return D[i] + kept * (y[i] - D[i]) / noise + eta * sigmaNext * Z[i];
    const left = Math.sqrt(sigmaNext ** 2 - (etaB * noise) ** 2);
    return (1 - etaB) * D[i] + etaB * y[i] + left * Z[i];
  });
  return apply(transposed(vt), next);
}

async function assertIsDdrm(runtime: Runtime, problem: Problem, given: Settings = {}) {
  const levels = { steps: 6, sigmaMax: 1, sigmaMin: 0.5 };
  const settings = { ...levels, weight: 1, eta: 0.85, etaB: 1, ...given };
  const known = svd(problem);
  await assertFollows(runtime, ddrm, problem, settings, {
    schedule: (sigmaY) => [
      { kind: "start", sigma: 1, sigmaNext: 1 },
      ...chain(falling(6, 1, 0.5 * sigmaY)),
    ],
    step: (input, dense) =>
      ddrmStep(known, dense.sigma, settings, input, dense.denoise(input.x, input.sigma)),
  });
}

Deno.test("ddrm equals the textbook on a dense random operator", async () => {
  const wide = spectralProblem(denseProblem(gaussianPrior([3, 3], "correlated"), 5));
  await assertIsDdrm(runtime, wide);
  await assertIsDdrm(runtime, wide, { eta: 0.6, etaB: 0.7 });
  await assertIsDdrm(runtime, spectralProblem(denseProblem(gaussianPrior([2, 3], "diagonal"), 8)));
});

Deno.test("ddrm equals the textbook on several coils with a mask of lines", async () => {
  await assertIsDdrm(runtime, mriProblem(gaussianPrior([4, 3], "correlated"), { coils: 2 }));
  await assertIsDdrm(runtime, mriProblem(gaussianPrior([7, 2], "diagonal"), { coils: 3 }));
  await assertIsDdrm(runtime, mriProblem(gaussianPrior([5, 4], "diagonal"), { sigma: 0.02 }));
});

Deno.test("ddrm equals the textbook on one coil, with lines and with a plane", async () => {
  for (const mask of ["lines", "plane"] as const) {
    for (const size of [[4, 3], [5, 5]] as const) {
      await assertIsDdrm(
        runtime,
        mriProblem(gaussianPrior(size, "correlated"), { coils: 1, mask }),
      );
    }
  }
});

Deno.test("ddrm refuses several coils with a mask of the plane, and says what to do", async () => {
  const problem = mriProblem(gaussianPrior([4, 3], "diagonal"), { coils: 2, mask: "plane" });
  await assert.rejects(
    draw(runtime, ddrm, problem, { count: 1 }),
    (error) =>
      error instanceof InputError && /2 coils and a mask of the plane/.test(error.message) &&
      /ddnm\+/.test(error.hint ?? ""),
  );
});

Deno.test("with eta 1 and no noise, ddnm is ddrm", async () => {
  const problem = mriProblem(gaussianPrior([5, 4], "correlated"), {
    coils: 1,
    mask: "plane",
    sigma: 1e-5,
  });
  const settings = { steps: 5, eta: 1, etaB: 1, sigmaMax: 3, sigmaMin: 5000, cg: 3, weight: 1 };
  // DDRM puts the data in before the first step, and ends with the denoiser alone.
  const between = (sampler: Sampler, first: number): Sampler => ({
    ...sampler,
    schedule: (settings, stats) => sampler.schedule(settings, stats).slice(first, -1),
  });
  const options = { count: 2, settings };
  assertClose(
    await draw(runtime, between(ddnm, 0), problem, options),
    await draw(runtime, between(ddrm, 1), problem, options),
    2e-3, // the ridge of 1e-4 that keeps A^+ finite, at every step
  );
});

Deno.test("ddrm reports how long the eigenbasis took, once for the same maps", async () => {
  const { prior: { denoise }, measurement, arrays } = mriProblem(
    gaussianPrior([4, 2], "diagonal"),
    { coils: 2 },
  );
  const task = { sampler: ddrm, settings: { steps: 2 }, measurement, denoise, samples: 1 };
  const compiled = await compileSampler(runtime, task);
  const stages: string[] = [], fractions: number[] = [];
  const control = {
    onStage: (stage: string, seconds: number) => {
      assert.ok(seconds >= 0);
      stages.push(stage);
    },
    onProgress: (fraction: number) => void fractions.push(fraction),
  };
  const first = await compiled.run(arrays, new Rng(2), control);
  const again = await compiled.run(arrays, new Rng(2), control);
  assert.deepEqual(again, first);
  assert.deepEqual(stages, ["eigenbasis"]);
  assert.deepEqual(fractions.slice(0, 2), [0.25, 0.5]);
  assert.equal(fractions.at(-1), 1);
});
