/** Every sampler through the whole pipeline: what it reaches with a simple prior, seeds, samples, masks. */
import assert from "node:assert/strict";
import { InputError, reconstruct, type ReconstructOptions, simulatedBrain } from "../../mod.ts";
import { add, constantOf, conv, div, mul, sub } from "../../src/graph/mod.ts";
import type { Denoiser } from "../../src/nn/mod.ts";
import { samplers } from "../../src/samplers/mod.ts";
import { runtime as device } from "../runtime.ts";

/** A small network that PyTorch exported: it predicts epsilon. */
const MODEL = new URL("../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const QUICK = { model: MODEL, steps: 2, samples: 1 } as const;

async function brain(coils: number, options: ReconstructOptions) {
  using kspace = await simulatedBrain({ size: 40, coils });
  return await reconstruct(kspace, { ...QUICK, device, ...options });
}

/** Variance of images about their local mean. */
const VARIANCE = 0.02;

/** Wiener's filter about the mean of 3 x 3 pixels. */
const localWiener: Denoiser = (x, sigma) => {
  const weights = Float32Array.from(
    { length: 36 },
    (_, i) => Math.floor(i / 9) % 3 === 0 ? 1 / 9 : 0,
  );
  const mean = conv(x, constantOf(weights, [2, 2, 3, 3]), undefined, { padding: 1 });
  const share = div(VARIANCE, add(mul(sigma, sigma), VARIANCE));
  return add(mean, mul(sub(x, mean), share));
};

/**
 * PSNR over the head that 8 steps with that prior reached, one sample, dB; zero filling reaches 20.2 and
 * 22.0. (ilvr and sdedit do not use most of the data.)
 */
const REACHED: Record<string, { readonly lines: number; readonly plane?: number }> = {
  diffpir: { lines: 29.2, plane: 24.7 },
  score: { lines: 20.2, plane: 19.8 },
  "score-mri": { lines: 22.2, plane: 21.1 },
  ald: { lines: 23.2, plane: 20.0 },
  dps: { lines: 28.1, plane: 24.2 },
  mcg: { lines: 29.5, plane: 24.6 },
  pigdm: { lines: 28.4, plane: 23.4 },
  mmps: { lines: 27.4, plane: 21.7 },
  dmps: { lines: 29.0, plane: 24.0 },
  daps: { lines: 22.8, plane: 19.7 },
  ddnm: { lines: 30.4, plane: 25.1 },
  "ddnm+": { lines: 29.9, plane: 25.0 },
  ddrm: { lines: 26.5 },
  dds: { lines: 29.3, plane: 25.0 },
  ilvr: { lines: 14.2, plane: 13.4 },
  dpir: { lines: 30.7, plane: 25.9 },
  "pnp-admm": { lines: 29.8, plane: 24.8 },
  red: { lines: 30.2, plane: 25.3 },
  "red-diff": { lines: 27.0, plane: 24.5 },
  repaint: { lines: 30.7, plane: 24.9 },
  sdedit: { lines: 18.1, plane: 17.9 },
  snips: { lines: 27.9 },
  flow: { lines: 30.2, plane: 23.4 },
  interpolant: { lines: 30.2, plane: 23.7 },
};
/** How far below that a change of defaults may bring one sample of a small image, dB. */
const SLACK = 1;

Deno.test("every sampler reaches its PSNR with four coils, with line and plane masks, or says why not", async () => {
  using kspace = await simulatedBrain({ size: 40, coils: 4 });
  for (const { name, random } of samplers) {
    for (
      const [kind, mask] of [["lines", "equispaced:R=2,acs=8"], ["plane", "poisson:R=2,acs=8"]]
    ) {
      const samples = random === false ? undefined : 1;
      const options = { method: name, mask, model: localWiener, steps: 8, samples, device };
      const run = reconstruct(kspace, options);
      const bound = REACHED[name][kind as "lines" | "plane"];
      if (bound === undefined) {
        await assert.rejects(
          run,
          (error: Error) =>
            error instanceof InputError && /dds|ddnm/.test(`${error.message} ${error.hint}`),
        );
        continue;
      }
      const { metrics, drawn } = await run;
      const psnr = metrics!.head.psnr!;
      assert.ok(psnr > bound - SLACK, `${name}, ${kind}: ${bound} dB expected, found ${psnr}`);
      assert.equal(drawn, 1, name);
    }
  }
});

Deno.test("samplers take one coil, and a foreign network with nothing but its model.yaml", async () => {
  for (const method of ["diffpir", "dps", "ddrm", "pnp-admm"]) {
    const samples = method === "pnp-admm" ? undefined : 1;
    const { magnitude, nfe } = await brain(1, { method, mask: "equispaced:R=2,acs=8", samples });
    assert.ok(magnitude.data.every(Number.isFinite), method);
    assert.equal(nfe, 2, method);
  }
});

Deno.test("a seed gives the same image bit for bit, another seed another one", async () => {
  const image = async (seed: number) =>
    (await brain(3, { method: "diffpir", mask: "equispaced:R=2,acs=8", seed })).magnitude;
  const [first, again, other] = [await image(1), await image(1), await image(2)];
  assert.deepEqual(first.data, again.data);
  assert.notDeepEqual(first.data, other.data);
});

Deno.test("the image is the mean of the samples, std their deviation, samples come on request", async () => {
  const { samples, std, complex, magnitude, drawn, nfe } = await brain(2, {
    method: "dds",
    mask: "equispaced:R=2,acs=8",
    samples: 5,
    keepSamples: true,
  });
  assert.equal(drawn, 5);
  assert.equal(nfe, 10);
  assert.equal(samples!.length, 5);
  assert.deepEqual(samples![0].shape, magnitude.shape);
  for (let i = 0; i < magnitude.data.length; i += 37) {
    const values = samples!.map(({ data }) => data[i]);
    const mean = values.reduce((sum, value) => sum + value, 0) / 5;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4;
    assert.ok(Math.abs(std!.data[i] - Math.sqrt(variance)) < 1e-5 + 1e-4 * std!.data[i]);
  }
  const count = magnitude.data.length;
  assert.ok(
    Math.abs(Math.hypot(complex.data[5], complex.data[5 + count]) - magnitude.data[5]) < 1e-5,
  );
});

Deno.test("methods that draw no samples refuse several; numbers that make no sense are refused", async () => {
  await assert.rejects(
    brain(2, { method: "dds", model: "no-such-model" }),
    { name: "InputError" },
  );
  using kspace = await simulatedBrain({ size: 40, coils: 2 });
  await assert.rejects(
    reconstruct(kspace, { method: "sense", samples: 3, mask: "equispaced:R=2,acs=8" }),
    { name: "UsageError", message: /draws posterior samples/ },
  );
});

Deno.test("a mask with all lines gives the image itself", async () => {
  const { metrics } = await brain(4, { method: "diffpir", mask: "full", steps: 4 });
  assert.ok(metrics!.head.psnr! > 25, `${metrics!.head.psnr}`);
});
