import assert from "node:assert/strict";
import { InputError, UsageError } from "../../../src/errors.ts";
import { haarpsi } from "../../../src/mri/metrics/haarpsi.ts";
import { measure } from "../../../src/mri/metrics/metrics.ts";
import type { Method, MethodOptions } from "../../../src/method/problem.ts";
import { ndarray, zeros } from "../../../src/ndarray.ts";
import { comparedMetrics, NO_METRICS } from "../../../src/report/compare/metrics.ts";
import { requireMemory, sweptMasks, variantsOf } from "../../../src/report/compare/plan.ts";
import type { ComparedMetrics, ComparisonRun } from "../../../src/report/comparison.ts";
import { pairedDifferences } from "../../../src/report/compare/paired_differences.ts";
import { runKey, RunStore } from "../../../src/report/compare/run_store.ts";
import { inFolder } from "../../io/support.ts";
import { images } from "../../mri/metrics/metrics_support.ts";

function method(name: string, options: Partial<Method> = {}): Method {
  const prepare = () => Promise.reject(new Error("not to be run"));
  return { name, summary: "", citation: "", needsMaps: true, prepare, ...options };
}

const metrics = (psnr: number | null): ComparedMetrics => ({
  psnr,
  ssim: 0.5,
  nmse: 0.1,
  haarpsi: 0.5,
});

function run(changes: Partial<ComparisonRun>): ComparisonRun {
  return {
    key: "key",
    input: 0,
    mask: "m",
    acceleration: 2,
    method: "a",
    model: null,
    seed: 0,
    steps: 1,
    samples: 1,
    nfe: 0,
    seconds: 1,
    peakMemory: null,
    ...NO_METRICS,
    audit: null,
    error: null,
    files: {},
    ...changes,
  };
}

Deno.test("sweptMasks() changes R and nothing else", () => {
  assert.deepEqual(
    sweptMasks("random:R=4,acs=24,seed=1", [2, 2.5]),
    ["random:R=2,acs=24,seed=1", "random:R=2.5,acs=24,seed=1"],
  );
  assert.deepEqual(sweptMasks("equispaced:acs=8,R=4", [10]), ["equispaced:acs=8,R=10"]);
  assert.throws(() => sweptMasks("partial:fraction=0.75", [2]), UsageError);
  assert.throws(() => sweptMasks("mask.npy", [2]), UsageError);
});

/** Options without those that are undefined. */
const stated = (options: MethodOptions) => JSON.parse(JSON.stringify(options));

Deno.test("variantsOf() tells each method what it can be told", () => {
  const weightRole = "rho";
  const fixed = method("fixed", { fixedSteps: true }), steps = method("steps", { weightRole });
  const sampler = method("sampler", { samples: true, defaultModel: "p", weightRole });
  const told = { sweep: [2, 3], samples: 4, model: "q", weight: 2 };
  const named = (method: Method) => ({ name: method.name, method });
  const found = variantsOf([fixed, steps, sampler].map(named), told);
  assert.deepEqual(
    found.map(({ method: { name }, options }) => [name, stated(options)]),
    [
      ["fixed", {}], // it has no weight
      ["steps", { weight: 2, steps: 2 }],
      ["steps", { weight: 2, steps: 3 }],
      ["sampler", { weight: 2, samples: 4, model: "q", steps: 2 }],
      ["sampler", { weight: 2, samples: 4, model: "q", steps: 3 }],
    ],
  );
  const both = variantsOf([fixed, steps].map(named), { steps: 7 });
  assert.deepEqual(both.map(({ options }) => stated(options)), [{}, { steps: 7 }]);
  const own = { ...named(sampler), options: { steps: 9, model: "mine" } };
  const [mine, ...more] = variantsOf([own], told);
  assert.deepEqual(stated(mine.options), { weight: 2, samples: 4, model: "mine", steps: 9 });
  assert.deepEqual(more, []);
});

Deno.test("requireMemory() refuses what cannot be held, with the numbers and a way out", () => {
  const demand = { path: "k.h5", slices: 200, needed: 24e9 };
  requireMemory({ ...demand, free: 25e9 });
  requireMemory({ ...demand, free: undefined });
  assert.throws(
    () => requireMemory({ ...demand, free: 8e9 }),
    (error) =>
      error instanceof InputError && /200 slices.*24\.0 GB.*8\.0 GB/.test(error.message) &&
      /--slices/.test(error.hint ?? ""),
  );
});

Deno.test("comparedMetrics() are those of recon, and of each slice in the range of the volume", () => {
  const { image, reference } = images([3, 31, 37]);
  const found = comparedMetrics(image, reference);
  const { whole, head } = measure(image, reference);
  assert.deepEqual(found.whole, { ...whole, haarpsi: haarpsi(image, reference) });
  const { haarpsi: perceptual, ...rest } = found.head!;
  assert.deepEqual(rest, head);
  assert.ok(perceptual < 1);
  assert.equal(found.perSlice.length, 3);
  // The squared error of the volume is the sum over its slices, whatever the number of pixels.
  const size = 31 * 37;
  const range = Math.max(...reference.data);
  const slice = ndarray(reference.data.slice(0, size), [31, 37]);
  const alone = measure(ndarray(image.data.slice(0, size), [31, 37]), slice).head.psnr!;
  const shift = 20 * Math.log10(range / Math.max(...slice.data));
  assert.ok(Math.abs(found.perSlice[0].psnr! - alone - shift) < 1e-9);
  assert.equal(comparedMetrics(image, undefined), NO_METRICS);
  assert.equal(comparedMetrics(zeros([1, 6, 9]), zeros([1, 6, 9])), NO_METRICS);
  const padded = zeros([2, 31, 37]);
  padded.data.set(slice.data);
  assert.equal(comparedMetrics(padded, padded).perSlice.length, 1, "a slice of zeros has no head");
});

Deno.test("pairedDifferences() pair what belongs together", () => {
  const over = (name: string, input: number, psnr: number | null) =>
    run({ method: name, input, head: metrics(psnr), whole: metrics(psnr) });
  const files = [over("a", 0, 30), over("b", 0, 31), over("a", 1, 20), over("b", 1, 23)];
  const failed = run({ method: "c", error: "diverged" });
  const found = pairedDifferences([...files, failed], 2);
  assert.deepEqual(found.map(({ metric }) => metric), ["psnr", "ssim", "nmse", "haarpsi"]);
  const [psnr, ssim] = found;
  assert.deepEqual(psnr.interval, [-3, -1], "two values: the interval is their range");
  assert.deepEqual([psnr.a, psnr.b, psnr.over, psnr.count, psnr.mean], ["a", "b", "files", 2, -2]);
  assert.ok(Math.abs(psnr.std - Math.SQRT2) < 1e-12);
  assert.deepEqual([ssim.mean, ssim.std, ssim.interval], [0, 0, [0, 0]]);
  const exact = pairedDifferences([...files, over("b", 2, null), over("a", 2, 30)], 3);
  assert.equal(exact[0].count, 2, "an infinite PSNR has no difference");
  const slices = (name: string, values: number[]) =>
    run({ method: name, head: metrics(1), perSlice: values.map(metrics) });
  const [bySlice] = pairedDifferences([slices("a", [1, 2, 3]), slices("b", [1, 1, 1])], 1);
  assert.deepEqual([bySlice.over, bySlice.count, bySlice.mean], ["slices", 3, 1]);
  assert.deepEqual(pairedDifferences([slices("a", [1]), slices("b", [2])], 1), []);
});

Deno.test("RunStore gives back what was saved with the same settings, and only whole runs", async () => {
  await inFolder(async (at) => {
    const store = new RunStore(at("out"));
    const settings = { method: "a", seed: 0 };
    const key = runKey(["brain 7", "equispaced:R=4,acs=24", "bart:l2"], settings);
    assert.match(key, /^brain_7-equispaced_R_4_acs_24-bart_l2-[0-9a-f]{10}$/);
    assert.notEqual(key, runKey(["brain 7", "equispaced:R=4,acs=24", "bart:l2"], { seed: 1 }));
    const recon = ndarray(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3]);
    const saved = await store.save(run({ key }), settings, recon, { std: recon });
    assert.deepEqual(Object.keys(saved.files), ["recon", "std"]);
    assert.deepEqual(await store.load(key, settings), saved);
    assert.deepEqual(store.readArray(saved.files.std), recon);
    assert.equal(await store.load(key, { ...settings, seed: 1 }), undefined);
    assert.equal(await store.load("other", settings), undefined);
    await Deno.remove(at(`out/${saved.files.std}`));
    assert.equal(await store.load(key, settings), undefined);
  });
});
