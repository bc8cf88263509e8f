/** Samplers and methods, from outside. */
import assert from "node:assert/strict";
import {
  type Method,
  type NdArray,
  ndarray,
  openReconstruction,
  reconstruct,
  Rng,
  simulatedBrain,
  sizeOf,
  UsageError,
} from "@larmor/larmor";
import { add, div, mul, Runtime, scalar } from "@larmor/larmor/graph";
import { inpainting, mriOperator } from "@larmor/larmor/mri";
import type { Denoiser } from "@larmor/larmor/nn";
import {
  compileSampler,
  compileSteinFigures,
  defineSampler,
  diffpir,
  linearMeasurement,
  mmps,
  proximal,
  renoise,
  rho,
  samplers,
  type SamplerSettings,
} from "@larmor/larmor/samplers";

const MASK = "equispaced:R=2,acs=12";
/** The exact denoiser of white images of variance 1/4. */
const gaussian: Denoiser = (x, sigma) => div(x, add(mul(mul(sigma, sigma), 4), 1));

/** DiffPIR in its simplest form. */
const mine = defineSampler({
  name: "mine",
  defaults: { steps: 3, weight: 0.5, share: 1, sigmaMax: 0.4, sigmaMin: 0.5 },
  stepKinds: ({ weight, share }) => ({
    step(context) {
      const { x, sigma, data, denoise } = context;
      const clean = proximal(data, denoise(x, sigma), rho(data, sigma, { weight }), 4);
      return { x: renoise(context, clean, share) };
    },
  }),
});

Deno.test("a sampler of one's own reconstructs, its settings checked in the types and at run time", async () => {
  using kspace = await simulatedBrain({ size: 32, coils: 4 });
  const options = { mask: MASK, model: gaussian, samples: 2, device: "cpu" } as const;
  const result = await reconstruct(kspace, { ...options, method: mine, settings: { share: 0.5 } });
  assert.equal(result.method, "mine");
  assert.equal(result.nfe, 2 * 3);
  assert.deepEqual(result.settings, { ...mine.defaults, share: 0.5 });
  assert.ok(result.metrics!.head.psnr! > 15, `${result.metrics!.head.psnr}`);
  assert.throws(
    // @ts-expect-error: the sampler has no such setting
    () => openReconstruction(kspace, { ...options, method: mine, settings: { shair: 0.5 } }),
    (error) => error instanceof UsageError && error.hint === "Did you mean share?",
  );
  assert.throws(
    // @ts-expect-error: no sampler of Larmor has such a setting
    () => openReconstruction(kspace, { ...options, method: "diffpir", settings: { zetta: 0.5 } }),
    (error) => error instanceof UsageError && error.hint === "Did you mean zeta?",
  );
});

Deno.test("a sampler by name and as an object give the same image", async () => {
  using kspace = await simulatedBrain({ size: 32, coils: 2 });
  const options = { mask: MASK, model: gaussian, steps: 2, device: "cpu" } as const;
  const named = await reconstruct(kspace, { ...options, method: "diffpir" });
  const given = await reconstruct(kspace, { ...options, method: diffpir });
  assert.deepEqual(given.magnitude, named.magnitude);
});

Deno.test("SamplerSettings names every setting of every sampler, and no other", () => {
  const all: Record<keyof SamplerSettings, true> = {
    ...{ steps: true, weight: true, sigmaMax: true, sigmaMin: true, cg: true, eta: true },
    ...{ etaB: true, zeta: true, sigmaData: true, power: true, snr: true, correctors: true },
    ...{ epsilon: true, inner: true, flow: true, jump: true, repeats: true, minEigenvalue: true },
    ...{ phaseRotation: true, average: true, relaxation: true, rate: true, ridge: true },
  };
  const found = new Set(samplers.flatMap(({ defaults }) => Object.keys(defaults)));
  assert.deepEqual([...found].sort(), Object.keys(all).sort());
});

/** Gradient descent on |A x - y|^2: a method that is neither a sampler nor one of Larmor's. */
const descent: Method = {
  name: "descent",
  summary: "gradient descent",
  citation: "",
  needsMaps: true,
  settings: { iterations: 20 },
  async prepare(runtime, { coils, height, width, mask }, options = {}) {
    const iterations = options.settings?.iterations ?? 20;
    const shapes = { maps: [1, coils, 2, height, width], y: mask.yShape(coils) };
    const program = await runtime.build(shapes, ({ maps, y }) => {
      const operator = mriOperator(maps, mask);
      const b = operator.adjoint(y);
      let x = mul(b, 0);
      for (let i = 0; i < iterations; i++) x = add(x, add(b, mul(operator.normal(x), scalar(-1))));
      return { x };
    });
    return {
      nfe: 0,
      steps: iterations,
      async solve({ y, inputs: { maps } }): Promise<NdArray> {
        const { x } = await program.run({ y, maps });
        return ndarray(x.data, x.shape.slice(1));
      },
    };
  },
};

Deno.test("a method of one's own goes through the whole pipeline", async () => {
  using kspace = await simulatedBrain({ size: 32, coils: 4 });
  await using device = await Runtime.open("cpu");
  const psnr = async (method: string | Method) => {
    const result = await reconstruct(kspace, { method, mask: MASK, device });
    assert.ok(result.audit);
    assert.equal(sizeOf(result.magnitude.shape), 32 * 32);
    return result.metrics!.head.psnr!;
  };
  assert.ok(await psnr(descent) > await psnr("zero-filled") + 3);
  const { steps } = await reconstruct(kspace, {
    method: descent as Method,
    settings: { iterations: 2 } as Record<string, number>,
    mask: MASK,
    device,
  });
  assert.equal(steps, 2);
});

Deno.test("samples of mmps are of the posterior, as the Stein figures see without the truth", async () => {
  const size: [number, number] = [12, 12];
  const kept = new Uint8Array(144).map((_, i) => (7 * i % 10) < 6 ? 1 : 0);
  const measurement = linearMeasurement(size, (batch) => inpainting([batch, 2, ...size], kept));
  await using runtime = await Runtime.open("cpu", { threads: 1 });
  const task = { sampler: mmps, measurement, denoise: gaussian, samples: 16 };
  const compiled = await compileSampler(runtime, {
    ...task,
    settings: { steps: 60, sigmaMax: 20, sigmaMin: 0.1, ridge: 0 },
  });
  const y = ndarray(new Float32Array(288).map((_, i) => kept[i % 144]), [1, 2, ...size]);
  const problem = { y, inputs: {}, sigma: 0.3 };
  const samples = await compiled.run(problem, new Rng(1));
  const judge = await compileSteinFigures(runtime, { measurement, denoise: gaussian, sigma: 0.1 });
  const { variance } = await judge(problem, samples, new Rng(2));
  assert.ok(Math.abs(variance - 1) < 0.15, `${variance}`);
  const narrow = ndarray(samples.data.map((value) => value / 2), samples.shape);
  assert.ok((await judge(problem, narrow, new Rng(2))).variance < 0.5);
});
