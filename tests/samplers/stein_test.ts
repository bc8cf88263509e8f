/** Kernel Stein discrepancy and variance of samples whose posterior is known. */
import assert from "node:assert/strict";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { compileSteinFigures, type SteinFigures } from "../../src/samplers/core/stein.ts";
import { runtime } from "../runtime.ts";
import { apply, transposed } from "./algebra.ts";
import { assertBetween, gaussianPrior, mriProblem } from "./support.ts";

const COUNT = 60;
const problem = mriProblem(gaussianPrior([5, 4], "correlated"));

/** Exact samples of the posterior, their deviation from the mean times `spread`, moved by `shift`. */
function samples(spread: number, shift = 0) {
  const { prior, matrix, arrays, posterior } = problem;
  const { mean, covariance } = posterior;
  const rng = new Rng(3);
  const drawn = Array.from({ length: COUNT }, (_, n) => {
    const z = rng.split(n, 0).normals(mean.length).map((v, i) => v / Math.sqrt(prior.variances[i]));
    const e = rng.split(n, 1).normals(matrix.length).map((v) => v / arrays.sigma);
    const [fromPrior, fromData] = [apply(transposed(prior.basis), z), apply(transposed(matrix), e)];
    const off = apply(covariance, fromPrior.map((v, i) => v + fromData[i]));
    return [...mean].map((m, i) => m + shift * Math.sqrt(covariance[i][i]) + spread * off[i]);
  });
  return ndarray(Float32Array.from(drawn.flat()), [COUNT, 2, ...prior.image]);
}

async function figures(spread: number, shift?: number): Promise<SteinFigures> {
  const { measurement, prior: { denoise }, arrays } = problem;
  const judge = await compileSteinFigures(runtime, { measurement, denoise, sigma: 0.05 });
  return await judge(arrays, samples(spread, shift), new Rng(1));
}

Deno.test("Stein figures accept exact samples of the posterior", async () => {
  const { discrepancy, p, variance } = await figures(1);
  assertBetween(discrepancy, -0.02, 0.02, "discrepancy");
  assertBetween(p, 0.05, 1, "p");
  assertBetween(variance, 0.9, 1.1, "variance");
});

Deno.test("they tell samples of half and twice the spread, and of another mean", async () => {
  const { discrepancy } = await figures(1);
  const [half, twice, moved] = [await figures(0.5), await figures(2), await figures(1, 0.5)];
  for (const found of [half, twice, moved]) {
    assert.ok(found.discrepancy > 5 * Math.abs(discrepancy), `${found.discrepancy}`);
    assert.ok(found.p < 0.01, `p ${found.p}`);
  }
  assertBetween(half.variance, 0.2, 0.35, "variance of half the spread");
  assertBetween(twice.variance, 3.4, 4.4, "variance of twice the spread");
  assertBetween(moved.variance, 0.9, 1.1, "variance with another mean");
});

Deno.test("one sample shows no spread", async () => {
  const { measurement, prior: { denoise, image }, arrays } = problem;
  const judge = await compileSteinFigures(runtime, { measurement, denoise, sigma: 0.05 });
  const one = ndarray(new Float32Array(40), [1, 2, ...image]);
  await assert.rejects(judge(arrays, one, new Rng(1)), /at least 2 are required/);
});
