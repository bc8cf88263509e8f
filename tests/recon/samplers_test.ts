/** Every sampler through the whole pipeline, with a foreign network and nothing but its model.yaml. */
import assert from "node:assert/strict";
import { InputError, reconstruct, type ReconstructOptions, simulatedBrain } from "../../mod.ts";
import { Runtime } from "../../src/graph/mod.ts";
import { samplers } from "../../src/samplers/mod.ts";

/** A small network that PyTorch exported: it predicts epsilon. */
const MODEL = new URL("../nn/fixtures/torch-epsilon", import.meta.url).pathname;
const QUICK = { model: MODEL, steps: 2, samples: 1 } as const;

async function brain(coils: number, options: ReconstructOptions) {
  using kspace = await simulatedBrain({ size: 40, coils });
  return await reconstruct(kspace, { ...QUICK, ...options });
}

Deno.test("every sampler reconstructs one coil and four, with line and plane masks, or says why not", async () => {
  await using device = await Runtime.open("cpu");
  const cases: [number, string][] = [
    [1, "equispaced:R=2,acs=8"],
    [4, "equispaced:R=2,acs=8"],
    [4, "poisson:R=2,acs=8"],
  ];
  for (const { name } of samplers) {
    for (const [coils, mask] of cases) {
      const run = brain(coils, { method: name, mask, device });
      if (name === "ddrm" && mask.startsWith("poisson")) {
        await assert.rejects(
          run,
          (error: Error) =>
            error instanceof InputError && /dds|ddnm/.test(`${error.message} ${error.hint}`),
        );
        continue;
      }
      const { magnitude, nfe, drawn } = await run;
      assert.ok(magnitude.data.every(Number.isFinite), `${name} ${coils} ${mask}`);
      assert.ok(nfe >= 1 && drawn === 1, name);
    }
  }
});

Deno.test("a seed gives the same image bit for bit, another seed another one", async () => {
  await using device = await Runtime.open("cpu");
  const image = async (seed: number) =>
    (await brain(3, { method: "diffpir", mask: "equispaced:R=2,acs=8", device, seed })).magnitude;
  const [first, again, other] = [await image(1), await image(1), await image(2)];
  assert.deepEqual(first.data, again.data);
  assert.notDeepEqual(first.data, other.data);
});

Deno.test("the image is the mean of the samples, std their deviation, samples come on request", async () => {
  const { samples, std, complex, magnitude, drawn, nfe } = await brain(2, {
    method: "dds",
    mask: "equispaced:R=2,acs=8",
    device: "cpu",
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
  const { metrics } = await brain(4, { method: "diffpir", mask: "full", device: "cpu", steps: 4 });
  assert.ok(metrics!.head.psnr! > 25, `${metrics!.head.psnr}`);
});
