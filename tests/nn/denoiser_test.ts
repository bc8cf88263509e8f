import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  add,
  div,
  encodeModel,
  exp as expOf,
  input,
  mul,
  reciprocal,
  reshape,
  sqrt,
  sub,
  type Tensor,
} from "../../src/graph/mod.ts";
import {
  decodeSafetensors,
  edmCoefficients,
  edmDenoiser,
  loadDenoiser,
  timestepInput,
  vpSigmas,
} from "../../src/nn/mod.ts";
import { ROOT } from "../tools.ts";
import { evaluate, filled, randomArray, relativeError, withFolder, writeModel } from "./support.ts";

const F32 = 2e-5;
/** The time step is interpolated in float32: about 1e-4 of a step off, times the network. */
const PYTORCH = 1e-4;
const SIGMA_DATA = 0.4;

const coefficients = async (sigma: number) => {
  const pick = (name: "skip" | "out" | "in" | "noise") =>
    evaluate(
      { sigma: filled([1, 1, 1, 1], sigma) },
      (x) => edmCoefficients(x.sigma, SIGMA_DATA)[name],
    );
  const [skip, out, scale, noise] = await Promise.all([
    pick("skip"),
    pick("out"),
    pick("in"),
    pick("noise"),
  ]);
  return [skip, out, scale, noise].map(({ data }) => data[0]);
};

Deno.test("edmCoefficients() keep the image at low noise and drop it at high noise", async () => {
  const [skip, out, scale, noise] = await coefficients(1e-3);
  assert.ok(Math.abs(skip - 1) < 1e-5 && Math.abs(out - 1e-3) < 1e-6);
  assert.ok(Math.abs(scale - 1 / SIGMA_DATA) < 1e-4 && Math.abs(noise - Math.log(1e-3) / 4) < 1e-6);
  const [skipHigh, outHigh, scaleHigh] = await coefficients(1e3);
  assert.ok(
    skipHigh < 1e-6 && Math.abs(outHigh - SIGMA_DATA) < 1e-5 && Math.abs(scaleHigh - 1e-3) < 1e-8,
  );
});

Deno.test("edmDenoiser() with a network of zeros is the best linear denoiser of white data", async () => {
  const x = randomArray([2, 2, 4, 6], 1);
  const sigma = 0.3;
  const result = await evaluate(
    { x, sigma: filled([2, 1, 1, 1], sigma) },
    (t) => edmDenoiser((image) => mul(image, 0), SIGMA_DATA)(t.x, t.sigma),
  );
  const gain = SIGMA_DATA ** 2 / (SIGMA_DATA ** 2 + sigma ** 2);
  assert.ok(relativeError(result, x.data.map((value) => value * gain)) < F32);
});

/** E[x0 | x] of white Gaussian data of standard deviation s. */
const gaussian = (x: Tensor, sigma: Tensor, s: number) =>
  mul(x, div(s * s, add(mul(sigma, sigma), s * s)));

type Case = {
  readonly parameterisation: string;
  readonly network: (x: Tensor, sigma: Tensor, s: number) => Tensor;
};

/** What a perfect network of each kind predicts for white Gaussian data, told sigma itself. */
const CASES: readonly Case[] = [
  { parameterisation: "x0", network: gaussian },
  {
    parameterisation: "ve-score",
    network: (x, sigma, s) => mul(-1, div(x, add(mul(sigma, sigma), s * s))),
  },
  {
    parameterisation: "vp-epsilon",
    network: (xt, sigma, s) => {
      const x = mul(xt, sqrt(add(mul(sigma, sigma), 1)));
      return div(sub(x, gaussian(x, sigma, s)), sigma);
    },
  },
  {
    parameterisation: "vp-v",
    network: (xt, sigma, s) => {
      const root = sqrt(add(mul(sigma, sigma), 1));
      const x = mul(xt, root), clean = gaussian(x, sigma, s);
      return sub(div(div(sub(x, clean), sigma), root), mul(div(sigma, root), clean));
    },
  },
  {
    parameterisation: "flow",
    network: (xt, sigma, s) => {
      const x = mul(xt, add(sigma, 1)), clean = gaussian(x, sigma, s);
      return sub(div(sub(x, clean), sigma), clean);
    },
  },
  {
    parameterisation: "edm",
    network: (scaled, sigma, s) => {
      const c = edmCoefficients(sigma, SIGMA_DATA);
      const x = mul(scaled, reciprocal(c.in));
      return div(sub(gaussian(x, sigma, s), mul(c.skip, x)), c.out);
    },
  },
];

const DATA = 0.7;

for (const { parameterisation, network } of CASES) {
  Deno.test(`loadDenoiser() of a ${parameterisation} model gives the Gaussian posterior mean`, () =>
    withFolder(async (folder) => {
      const image = input("x", [1, 2, 8, 8]), noise = input("noise", [1, 1, 1, 1]);
      // An EDM network is told ln(sigma) / 4 only; here the others are told sigma.
      const told = parameterisation === "edm" ? expOf(mul(noise, 4)) : noise;
      const shape = ["N", 2, "H", "W"];
      const shapes = { x: shape, noise: ["N", 1, 1, 1], y: shape };
      const outputs = { y: network(image, told, DATA) };
      const model = encodeModel({ x: image, noise }, outputs, { shapes });
      const options = parameterisation === "edm" ? {} : { noise_input: "sigma" };
      await writeModel(folder, model, {
        parameterisation,
        sigma_data: SIGMA_DATA,
        size: { multiple: 8 },
        ...options,
      });
      const { denoise } = await loadDenoiser(folder);
      const x = randomArray([3, 2, 10, 22], 4);
      const sigmas = [0.05, 0.6, 4];
      const sigma = { data: Float32Array.from(sigmas), shape: [3, 1, 1, 1] };
      const result = await evaluate({ x, sigma }, (t) => denoise(t.x, t.sigma));
      const size = x.data.length / 3;
      const expected = x.data.map((value, i) =>
        value * DATA ** 2 / (DATA ** 2 + sigmas[Math.floor(i / size)] ** 2)
      );
      assert.ok(relativeError(result, expected) < F32);
    }));
}

Deno.test("loadDenoiser() runs a one-channel model in its own scale on each part by itself", () =>
  withFolder(async (folder) => {
    // Images of this network are 2 x + 0.5, and its noise input is a vector of a batch of two.
    const image = input("img", [2, 1, 8, 8]), noise = input("t", [2]);
    const clean = gaussian(sub(image, 0.5), reshape(noise, [2, 1, 1, 1]), 2 * DATA);
    const bytes = encodeModel({ img: image, t: noise }, { out: add(clean, 0.5) });
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await writeModel(folder, bytes, {
      network: { sha256, image: "img", noise: "t", output: "out" },
      channels: 1,
      data: { scale: 2, offset: 0.5 },
    });
    const { denoise } = await loadDenoiser(folder);
    const x = randomArray([1, 2, 8, 8], 3);
    const sigma = filled([1, 1, 1, 1], 0.3);
    const result = await evaluate({ x, sigma }, (t) => denoise(t.x, t.sigma));
    const gain = DATA ** 2 / (DATA ** 2 + 0.3 ** 2);
    assert.ok(relativeError(result, x.data.map((value) => value * gain)) < F32);
  }));

Deno.test("timestepInput() inverts the noise schedules at whole steps and between them", async () => {
  const linear = vpSigmas({ kind: "linear", first: 1e-4, last: 0.02 }, 1000);
  const cosine = vpSigmas({ kind: "cosine" }, 400);
  // sqrt((1 - alpha-bar) / alpha-bar) of the published schedules at their ends, from their betas.
  assert.ok(Math.abs(linear[0] - Math.sqrt(1e-4 / (1 - 1e-4))) < 1e-12);
  assert.ok(Math.abs(linear[999] - 157.4) < 0.1);
  for (const sigmas of [linear, cosine]) {
    const told = await evaluate(
      { sigma: filled([1, 1, 1, 1], sigmas[100]) },
      (t) => timestepInput(sigmas)(t.sigma),
    );
    assert.ok(Math.abs(told.data[0] - 100) < 1e-2);
    const half = Math.sqrt(sigmas[50] * sigmas[51]);
    const between = await evaluate(
      { sigma: filled([1, 1, 1, 1], half) },
      (t) => timestepInput(sigmas)(t.sigma),
    );
    assert.ok(Math.abs(between.data[0] - 50.5) < 1e-2);
  }
});

Deno.test("loadDenoiser() of a PyTorch export gives what PyTorch gives, at another size and batch", async () => {
  const folder = `${ROOT}/tests/nn/fixtures/torch-epsilon`;
  const { denoise } = await loadDenoiser(folder);
  const bytes = Deno.readFileSync(`${folder}/reference.safetensors`);
  const { x, sigma, denoised } = decodeSafetensors(bytes, "reference").tensors;
  const result = await evaluate({ x, sigma }, (t) => denoise(t.x, t.sigma));
  assert.ok(relativeError(result, denoised.data) < PYTORCH);
});
