/** SNIPS in the eigenbasis of the operator, against the algorithm written out with an SVD. */
import { snips } from "../../src/samplers/snips.ts";
import { apply, transposed } from "./algebra.ts";
import { spectralProblem, type Svd, svd } from "./spectral.ts";
import { assertFollows, falling, type TextbookStep, type Vector } from "./textbook.ts";
import {
  assertBetween,
  denseProblem,
  distance,
  drawnMoments,
  gaussianPrior,
  mriProblem,
  type Problem,
} from "./support.ts";
import { runtime } from "../runtime.ts";

/** Kawar et al. 2021, theorem 1 and algorithm 1, by coefficients; noise that keeps the variance for any c. */
function snipsStep(
  { vt, s, y }: Svd,
  sigmaY: number,
  c: number,
  { x, sigma, z: [z] }: TextbookStep,
  denoised: Vector,
): Vector {
  const [X, D, Z] = [apply(vt, x), apply(vt, denoised), apply(vt, z)];
  const next = X.map((_, i) => {
    const prior = (D[i] - X[i]) / sigma ** 2;
    const datum = (y[i] - X[i]) * s[i] ** 2 / Math.abs(sigmaY ** 2 - (s[i] * sigma) ** 2);
    let [alpha, score] = [sigma ** 2, prior];
    if (s[i] * sigma > sigmaY) {
      [alpha, score] = [sigma ** 2 - (sigmaY / s[i]) ** 2, datum];
    } else if (s[i] > 0) {
      [alpha, score] = [sigma ** 2 * (1 - (s[i] * sigma / sigmaY) ** 2), datum + prior];
    }
    return X[i] + c * alpha * score + Math.sqrt(c * (2 - c) * alpha) * Z[i];
  });
  return apply(transposed(vt), next);
}

async function assertIsSnips(problem: Problem) {
  const settings = { steps: 5, inner: 2, epsilon: 0.15, sigmaMax: 1, sigmaMin: 0.5, weight: 1 };
  const known = svd(problem);
  await assertFollows(runtime, snips, problem, settings, {
    schedule: (sigmaY) => [
      ...falling(5, 1, 0.5 * sigmaY).flatMap((sigma) => [sigma, sigma]).map((sigma) => ({
        sigma,
        sigmaNext: sigma,
      })),
      { kind: "last", sigma: 0.5 * sigmaY, sigmaNext: 0 },
    ],
    step(input, dense) {
      const D = dense.denoise(input.x, input.sigma);
      return input.kind === "last" ? D : snipsStep(known, dense.sigma, 0.15, input, D);
    },
  });
}

Deno.test("snips equals the textbook on a dense random operator", async () => {
  await assertIsSnips(spectralProblem(denseProblem(gaussianPrior([3, 3], "correlated"), 5)));
  await assertIsSnips(spectralProblem(denseProblem(gaussianPrior([2, 3], "diagonal"), 8)));
});

Deno.test("snips equals the textbook on several coils and on one", async () => {
  await assertIsSnips(mriProblem(gaussianPrior([4, 3], "correlated"), { coils: 2 }));
  await assertIsSnips(mriProblem(gaussianPrior([5, 4], "diagonal"), { coils: 3, sigma: 0.02 }));
  await assertIsSnips(mriProblem(gaussianPrior([4, 3], "correlated"), { coils: 1, mask: "plane" }));
});

Deno.test("with many levels and steps snips draws from the posterior", async () => {
  const problem = mriProblem(gaussianPrior([3, 2], "correlated"), { coils: 2 });
  const settings = { steps: 40, inner: 8, epsilon: 0.2, sigmaMax: 2, sigmaMin: 0.3 };
  const found = await drawnMoments(runtime, snips, problem, { count: 600, settings });
  const { mean, covariance, variance } = distance(found, problem.posterior);
  assertBetween(mean, 0, 0.12, "mean"); // 0.08, of which 0.04 are the number of samples
  assertBetween(covariance, 0, 0.18, "covariance");
  assertBetween(variance, 0.8, 1.1, "variance"); // 0.87: steps are not small
});
