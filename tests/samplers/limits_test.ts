/** Where the projecting samplers are exact, and what they are known to miss. */
import { Runtime } from "../../src/graph/mod.ts";
import type { Sampler, Settings } from "../../src/samplers/core/contract.ts";
import { ddnm } from "../../src/samplers/ddnm.ts";
import { dds } from "../../src/samplers/dds.ts";
import { repaint } from "../../src/samplers/repaint.ts";
import { sdedit } from "../../src/samplers/sdedit.ts";
import { affineMoments } from "./affine.ts";
import {
  assertBetween,
  type Distance,
  distance,
  gaussianPrior,
  isotropicPrior,
  mriProblem,
  type Problem,
} from "./support.ts";
import { runtime } from "../runtime.ts";

const VARIANCE = 0.3;
const SIZE = [3, 2] as const;

/** One coil without noise: A A^H is the identity on what is measured, and one step of CG inverts it. */
const separable = (): Problem =>
  mriProblem(isotropicPrior(SIZE, VARIANCE), { coils: 1, mask: "plane", sigma: 1e-3 });

const fromNoise = (sampler: Sampler): Sampler => ({
  ...sampler,
  start: { around: "zero", addNoise: true },
});

async function distances(
  runtime: Runtime,
  sampler: Sampler,
  problem: Problem,
  settings: Settings,
  counts: readonly number[],
): Promise<Distance[]> {
  const found: Distance[] = [];
  for (const steps of counts) {
    const moments = await affineMoments(runtime, sampler, problem, { ...settings, steps });
    found.push(distance(moments, problem.posterior));
  }
  return found;
}

Deno.test("without noise and correlations, ddnm with eta 0 and repaint converge at order 1", async () => {
  const problem = separable();
  const shared = { sigmaMax: 20, sigmaMin: 10, weight: 0, cg: 1, repeats: 1, jump: 1 };
  for (const [sampler, eta] of [[ddnm, 0], [repaint, 0]] as const) {
    const settings = { ...shared, eta };
    const found = await distances(runtime, fromNoise(sampler), problem, settings, [40, 80]);
    const [coarse, fine] = found.map(({ covariance }) => covariance);
    assertBetween(coarse / fine, 1.6, 2.5, `${sampler.name}: ratio of errors`);
    assertBetween(fine, 0, 0.1, `${sampler.name}: error of the covariance`);
    assertBetween(found[1].mean, 0, 0.1, `${sampler.name}: error of the mean`);
  }
});

Deno.test("ddnm with its published eta keeps three quarters of the variance at best", async () => {
  const settings = { sigmaMax: 20, sigmaMin: 10, weight: 0, cg: 1, eta: 0.85 };
  const [few, many] = await distances(runtime, fromNoise(ddnm), separable(), settings, [10, 120]);
  // At a level the iteration settles where V = a^2 V + eta^2 sigma^2; as sigma falls, V / v tends to
  const limit = 0.85 ** 2 / (2 * (1 - Math.sqrt(1 - 0.85 ** 2)));
  assertBetween(few.variance / limit, 0.5, 0.8, "variance of 10 steps");
  assertBetween(many.variance / limit, 0.93, 1, "variance of 120 steps");
});

Deno.test("dds is overconfident: part of the variance, a mean within a standard deviation", async () => {
  const problem = mriProblem(gaussianPrior([4, 3], "correlated"));
  const settings = { sigmaMax: 20, sigmaMin: 0.1, cg: 12, weight: 1, power: 1, eta: 0.85 };
  const [found] = await distances(runtime, fromNoise(dds), problem, settings, [20]);
  assertBetween(found.variance, 0.2, 0.6, "variance");
  assertBetween(found.mean, 0.1, 0.8, "mean");
});

Deno.test("sdedit from little noise keeps the SENSE image, from much forgets it", async () => {
  const problem = mriProblem(gaussianPrior(SIZE, "diagonal"));
  const settings = { steps: 80, sigmaMin: 0.01 };
  const near = await affineMoments(runtime, sdedit, problem, { ...settings, sigmaMax: 0.01 });
  const far = await affineMoments(runtime, sdedit, problem, { ...settings, sigmaMax: 50 });
  assertBetween(distance(near, problem.posterior).variance, 0, 0.02, "variance from little noise");
  const prior = distance(far, problem.prior);
  assertBetween(prior.mean, 0, 0.05, "mean from much noise, against the prior's");
  assertBetween(prior.variance, 0.8, 1.05, "variance from much noise, against the prior's");
});
