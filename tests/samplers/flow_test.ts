/** Flow matching and stochastic interpolants, and networks trained for the velocity. */
import { add, mul, pow, sub } from "../../src/graph/mod.ts";
import { ndarray, scalar } from "../../src/ndarray.ts";
import { flowDenoiser } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { flow, interpolant } from "../../src/samplers/flow.ts";
import { assertClose } from "../classical/support.ts";
import {
  assertBetween,
  distance,
  drawnMoments,
  gaussianPrior,
  isotropicPrior,
  mriProblem,
} from "./support.ts";
import { assertFollows, axpy, chain, renoised, type Vector } from "./textbook.ts";
import { runtime } from "../runtime.ts";

const SETTINGS = { steps: 6, weight: 0.7, sigmaMax: 1, sigmaMin: 0.5, cg: 30 };

/** Levels even in t = sigma / (1 + sigma). */
function levels(sigmaY: number): number[] {
  const [first, last] = [1, 0.5 * sigmaY].map((sigma) => sigma / (1 + sigma));
  return Array.from({ length: 6 }, (_, i) => first + i / 5 * (last - first)).map((t) =>
    t / (1 - t)
  );
}

Deno.test("flow equals Euler's steps along the straight path", async () => {
  const problem = mriProblem(gaussianPrior([4, 3], "correlated"), { coils: 2 });
  await assertFollows(runtime, flow, problem, SETTINGS, {
    schedule: (sigmaY) => chain(levels(sigmaY)),
    step({ x, sigma, sigmaNext }, dense) {
      // Pokle et al. 2024, algorithm 1, on the path x_t = (1 - t) x.
      const [t, next] = [sigma / (1 + sigma), sigmaNext / (1 + sigmaNext)];
      const onPath = x.map((value) => (1 - t) * value);
      const D = dense.denoise(x, sigma);
      const r2 = t ** 2 / (t ** 2 + (1 - t) ** 2);
      const inverse = dense.pseudoInverse(dense.residual(D), dense.sigma ** 2 / r2);
      const g = dense.pulled(inverse.map((value) => value / r2) as Vector, sigma);
      const velocity = axpy(axpy(onPath, -1, D), -(t ** 2) / (1 - t) ** 2 / SETTINGS.weight, g)
        .map((value) => value / t);
      return axpy(onPath, next - t, velocity).map((value) => value / (1 - next));
    },
  });
});

Deno.test("interpolant renews the noise that epsilon says, and with 0 is flow", async () => {
  const problem = mriProblem(gaussianPrior([4, 3], "correlated"), { coils: 2 });
  for (const epsilon of [0, 0.5]) {
    await assertFollows(runtime, interpolant, problem, { ...SETTINGS, epsilon }, {
      schedule: (sigmaY) => chain(levels(sigmaY)),
      step(input, dense) {
        const { x, sigma, sigmaNext, z: [z] } = input;
        const D = dense.denoise(x, sigma);
        const r2 = sigma ** 2 / (1 + sigma ** 2);
        const inverse = dense.pseudoInverse(dense.residual(D), dense.sigma ** 2 / r2);
        const change = dense.pulled(inverse as Vector, sigma);
        const clean = axpy(D, sigma ** 2 / r2 / SETTINGS.weight, change);
        return renoised(input, clean, 1 - (sigmaNext / sigma) ** (2 * epsilon), z);
      },
    });
  }
});

Deno.test("of a prior of unit variance flow and interpolant draw from the posterior", async () => {
  const prior = isotropicPrior([3, 2], 1);
  const problem = mriProblem(prior, { coils: 2 });
  for (const sampler of [flow, interpolant]) {
    const settings = { steps: 60, weight: 1, sigmaMax: 20, sigmaMin: 0.1, cg: 6 };
    const found = await drawnMoments(runtime, sampler, problem, { count: 400, settings });
    const { mean, variance } = distance(found, problem.posterior);
    assertBetween(mean, 0, 0.2, `mean of ${sampler.name}`);
    assertBetween(variance, 0.85, 1.15, `variance of ${sampler.name}`);
  }
});

Deno.test("the velocity of a normal prior, in closed form, makes the denoiser of theory", async () => {
  const { mean, variances, denoise } = gaussianPrior([3, 2], "diagonal");
  // E[n - x0 | x_t] = -m + (t - (1 - t) v) / ((1 - t)^2 v + t^2) (x_t - (1 - t) m)
  const shape = [1, 2, 3, 2];
  const [m, v] = [mean, variances].map((values) => ndarray(Float32Array.from(values), shape));
  const program = await runtime.build(
    { x: shape, sigma: [1, 1, 1, 1], m: shape, v: shape },
    ({ x, sigma, m, v }) => {
      const wrapped = flowDenoiser((onPath, t) => {
        const keep = sub(1, t);
        const spread = add(mul(mul(keep, keep), v), mul(t, t));
        const slope = mul(sub(t, mul(keep, v)), pow(spread, -1));
        return sub(mul(slope, sub(onPath, mul(keep, m))), m);
      });
      return { found: wrapped(x, sigma), exact: denoise(x, sigma) };
    },
  );
  for (const sigma of [0.02, 0.3, 5]) {
    const x = ndarray(new Rng(2).normals(12), shape);
    const { found, exact } = await program.run({ x, sigma: scalar(sigma), m, v });
    assertClose(found.data, exact.data, 1e-4);
  }
});
