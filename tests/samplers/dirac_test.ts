/** Dirac diffusion on a normal prior, whose restorer is known in closed form. */
import { div, mul, sub, type Tensor } from "../../src/graph/mod.ts";
import { linearMeasurement } from "../../src/method/measurement.ts";
import { ndarray } from "../../src/ndarray.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { diracSampler } from "../../src/samplers/dirac.ts";
import { assertClose } from "../classical/support.ts";
import { plus, posteriorOf } from "./algebra.ts";
import { assertBetween, distance, draw, drawnMoments, gaussianPrior } from "./support.ts";
import { identity } from "./textbook.ts";
import { runtime } from "../runtime.ts";

const SIZE = [3, 2] as const, PIXELS = 12;
/** A_t = 1 - t / 2 and sigma_t = 0.4 t: of the data, 0.5 and 0.4. */
const NOISE = 0.4;
const path = {
  start: 1,
  degrade: (x: Tensor, t: Tensor) => mul(x, sub(1, mul(t, 0.5))),
  noise: (t: Tensor) => mul(t, NOISE),
};

/** Data of half the image, and its posterior. */
function problem() {
  const prior = gaussianPrior(SIZE, "correlated");
  const half = plus(identity(PIXELS), identity(PIXELS), -0.5);
  const samples = Float32Array.from(new Rng(5).normals(PIXELS), (v) => 0.3 + NOISE * v);
  const y = ndarray(samples, [1, 2, ...SIZE]);
  const measurement = {
    ...linearMeasurement(SIZE, (batch) => {
      const domain = [batch, 2, ...SIZE], halved = (x: Tensor) => mul(x, 0.5);
      return {
        domain,
        range: domain,
        forward: halved,
        adjoint: halved,
        normal: (x) => mul(x, 0.25),
      };
    }),
    inputs: { start: y.shape },
  };
  // y_t / A_t is the image with noise of sigma_t / A_t.
  const restore: Denoiser = (x, t) => {
    const left = sub(1, mul(t, 0.5));
    return prior.denoise(div(x, left), div(path.noise(t), left));
  };
  return {
    prior: { ...prior, denoise: restore },
    measurement,
    arrays: { y, inputs: { start: y }, sigma: NOISE },
    matrix: half,
    posterior: posteriorOf(prior, half, samples, NOISE),
  };
}

Deno.test("stopped at once, dirac gives the conditional mean, in one evaluation", async () => {
  const known = problem();
  const settings = { stop: 1 };
  const found = await draw(runtime, diracSampler(path), known, { count: 1, settings });
  assertClose(found, known.posterior.mean, 1e-5);
});

Deno.test("all the way and without guidance, dirac draws about the posterior's mean, stopped early less widely", async () => {
  const known = problem();
  const drawn = async (stop: number) => {
    const settings = { steps: 40, weight: 1e6, stop };
    const options = { count: 700, settings };
    return distance(
      await drawnMoments(runtime, diracSampler(path), known, options),
      known.posterior,
    );
  };
  const [whole, early] = [await drawn(0.02), await drawn(0.5)];
  assertBetween(whole.mean, 0, 0.12, "mean");
  // 0.72: the degradation is taken to lose what one conditional mean says, not what each image would.
  assertBetween(whole.variance, 0.6, 0.85, "variance");
  assertBetween(early.variance, 0.05, whole.variance - 0.1, "variance where it stopped early");
});
