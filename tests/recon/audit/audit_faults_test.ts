/** Verdicts: the rules on constructed figures, and one small example of each fault. */
import assert from "node:assert/strict";
import { makeMask, parseMaskSpec } from "../../../src/mri/sampling/masks.ts";
import { Preparation } from "../../../src/recon/prepare.ts";
import type { Method, Problem, SamplingGeometry } from "../../../src/method/problem.ts";
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import { type Audit, type SliceAudit, volumeAudit } from "../../../src/recon/audit/audit.ts";
import {
  dataInconsistency,
  type JudgedBand,
  modelError,
  type SliceConsistency,
} from "../../../src/recon/audit/figures.ts";
import {
  type Causes,
  judge,
  LIMITS,
  type Limits,
  verdictOf,
} from "../../../src/recon/audit/verdict.ts";
import { Auditor } from "../../../src/recon/audit/auditor.ts";
import { simulatedBrain } from "../../../src/recon/example.ts";
import { findMethod } from "../../../src/recon/methods.ts";
import { kspaceFromArray, reconstruct } from "../../../mod.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";

const BAND: JudgedBand = {
  from: 0,
  to: 1,
  chiSquare: 1,
  unexplained: 1,
  dataDistance: 0.5,
  count: 10_000,
  residualFraction: 0.8,
  fitFraction: 0.2,
  snr: 10,
};
const GOOD: SliceConsistency = {
  chiSquare: 1,
  unexplained: 1,
  dataDistance: 0.5,
  bands: [BAND],
  noise: 1,
  coilRatio: 1.1,
  correlation: 0.05,
};
const PREDICTION = { held: 0.05, error: 1.2, sense: 1.3, tv: null, expected: null };

const of = (change: Partial<SliceConsistency>) => judge({ ...GOOD, ...change }, PREDICTION);
const bands = (change: Partial<JudgedBand>) => of({ bands: [{ ...BAND, ...change }] });

Deno.test("each figure beyond its limits makes suspicious, then inconsistent, with its reason", () => {
  assert.deepEqual(of({}), []);
  for (const kind of ["coilRatio", "correlation", "noise"] as const) {
    const { suspicious, inconsistent } = LIMITS[kind];
    assert.deepEqual(of({ [kind]: suspicious * 0.999 }), [], kind);
    const [reason] = of({ [kind]: suspicious * 1.001 });
    assert.deepEqual([reason.kind, reason.verdict, reason.about], [kind, "suspicious", "data"]);
    assert.equal(verdictOf(of({ [kind]: inconsistent * 1.001 })), "inconsistent", kind);
  }
  assert.equal(of({ noise: 1 / (1.001 * LIMITS.noise.suspicious) })[0].kind, "noise");
  assert.deepEqual(of({ noise: null }), [], "one coil");
});

Deno.test("errors of the model and departures are relative to the signal, and must be significant", () => {
  // A model error e adds (e snr)^2 to the power of each sample, residualFraction of it to what is left over.
  for (const error of [0.025, 0.04, 0.06, 0.16, 0.3]) {
    const power = (10 * error) ** 2;
    const left = { ...GOOD, bands: [{ ...BAND, unexplained: 1 + power / 0.8 }] };
    const away = { ...GOOD, bands: [{ ...BAND, dataDistance: 1 + power / 0.2 }] };
    assert.ok(Math.abs(modelError(left) - error) < 1e-9 && modelError(away) === 0);
    assert.ok(Math.abs(dataInconsistency(away) - error) < 1e-9 && dataInconsistency(left) === 0);
    const expected = ({ suspicious, inconsistent }: Limits) =>
      error > inconsistent ? "inconsistent" : error > suspicious ? "suspicious" : "consistent";
    assert.equal(verdictOf(judge(left), "data"), expected(LIMITS.modelError));
    assert.equal(verdictOf(judge(left), "image"), "consistent");
    assert.equal(verdictOf(judge(away), "image"), expected(LIMITS.dataInconsistency));
  }
  assert.deepEqual(bands({ unexplained: 1.04, snr: 0.1 }), [], "a twentieth of the noise is none");
  assert.deepEqual(bands({ unexplained: 2, count: 30, snr: 1 }), [], "too few samples to tell");
});

Deno.test("predictions worse than those of sense, or of tv beside a network, are reasons", () => {
  const [reason] = judge(GOOD, {
    ...PREDICTION,
    error: 1.3 * LIMITS.prediction.suspicious * 1.001,
  });
  assert.deepEqual([reason.kind, reason.about], ["prediction", "image"]);
  assert.match(reason.text, /held back .* sense/);
  const network = (error: number, tv: number) =>
    judge(GOOD, { ...PREDICTION, sense: 3, error, tv });
  assert.equal(network(1.4, 1.2)[0].kind, "prior", "twice the error of tv beyond the noise");
  assert.deepEqual(network(1.44, 1.4), [], "1.1 times");
  assert.deepEqual(network(1.035, 1.01), [], "within the noise");
});

Deno.test("reasons name only causes that a method can have", () => {
  const departed = { ...GOOD, bands: [{ ...BAND, dataDistance: 1 + 100 }] };
  const bad = { ...PREDICTION, error: 3 };
  const said = (method: Causes) => judge(departed, bad, method).map(({ text }) => text).join();
  assert.doesNotMatch(said({}), /prior|weight|network/);
  assert.doesNotMatch(said({ weightRole: "lambda" }), /prior|network/);
  assert.match(said({ weightRole: "lambda" }), /weight too large/);
  assert.match(said({ defaultModel: "net" }), /wrong prior .*wrong prior/);
});

Deno.test("the audit of a volume has means, the worst slice, and reasons with their slices", () => {
  const slice = (number: number, change: Partial<SliceConsistency>): SliceAudit => ({
    slice: number,
    consistency: { ...GOOD, ...change },
    prediction: { ...PREDICTION, expected: number },
  });
  const audit = volumeAudit([
    slice(4, {}),
    slice(5, { chiSquare: 3, bands: [{ ...BAND, unexplained: 6 }] }),
    slice(6, { chiSquare: 2, unexplained: null, bands: [{ ...BAND, unexplained: 1.6 }] }),
  ]);
  assert.deepEqual([audit.verdict, audit.data, audit.image], [
    ...["inconsistent", "inconsistent", "consistent"],
  ]);
  assert.equal(audit.consistency.chiSquare, 2);
  assert.equal(audit.consistency.unexplained, 1);
  assert.deepEqual(audit.consistency.worst, { slice: 5, chiSquare: 3 });
  assert.equal(audit.reasons.length, 1);
  assert.deepEqual(audit.dataReasons, audit.reasons);
  assert.match(audit.reasons[0], /20 % .*\(slice 5, 6; the figures are those of slice 5\)$/);
  assert.equal(audit.prediction!.expected, 5);
  assert.equal(audit.spread, null);
  assert.deepEqual(JSON.parse(JSON.stringify(audit)), audit, "survives JSON");
});

/** Standard deviation of what one k-space has beyond another. */
function deviation(noisy: NdArray, clean: NdArray): number {
  const sum = noisy.data.reduce((total, v, i) => total + (v - clean.data[i]) ** 2, 0);
  return Math.sqrt(sum / noisy.data.length);
}

/**
 * A small brain, prepared, with its true noise (the estimate is a sixth too high on an image as small
 * and sharp as this) and a change of the problem.
 */
async function audited(
  change: (problem: Problem) => Problem = (problem) => problem,
  { method = findMethod("tv"), moved = false }: { method?: Method; moved?: boolean } = {},
): Promise<Audit> {
  using file = await simulatedBrain({ size: 64, coils: 6, noise: 0.02 });
  using noiseless = await simulatedBrain({ size: 64, coils: 6, noise: 0 });
  const spec = parseMaskSpec("equispaced:R=2,acs=16");
  assert.ok(spec.kind !== "file");
  const mask = makeMask(spec, file.height, file.width);
  const geometry: SamplingGeometry = { coils: 6, height: 64, width: 64, mask };
  const preparation = new Preparation(runtime, { coils: 6, mask, full: true });
  const kspace = await file.readSlice(0);
  const { problem, scale } = await preparation.slice(moved ? halfMoved(kspace) : kspace, {
    kind: "espirit",
  });
  const sigma = deviation(kspace, await noiseless.readSlice(0)) / scale;
  const changed = change({ ...problem, sigma });
  const image = await (await method.prepare(runtime, geometry)).solve(changed);
  const auditor = new Auditor(runtime, { method, options: {}, level: "prediction", seed: 0 });
  return volumeAudit([
    await auditor.slice({ index: 0, key: "", geometry, problem: changed, image }, {}),
  ]);
}

/** Every other pair of lines is that of an object moved by 3 pixels along the readout. */
function halfMoved({ data, shape }: NdArray): NdArray {
  const [, , height, width] = shape, plane = height * width;
  const out = data.slice();
  for (let i = 0; i < data.length; i++) {
    const line = Math.floor(i / width) % height;
    if (Math.floor(i / plane) % 2 === 1 || line % 4 < 2) continue;
    const angle = -2 * Math.PI * 3 * (i % width - Math.floor(width / 2)) / width;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    out[i] = c * data[i] - s * data[i + plane];
    out[i + plane] = s * data[i] + c * data[i + plane];
  }
  return ndarray(out, shape);
}

Deno.test("a faithful run is consistent, and its chi-square lies between least squares and the truth", async () => {
  const audit = await audited();
  assert.deepEqual([audit.verdict, audit.reasons], ["consistent", []]);
  const { chiSquare, unexplained, dataDistance } = audit.consistency;
  assert.ok(Math.abs(unexplained! - 1) < 0.1, `${unexplained}`);
  assert.ok(dataDistance < 1, `${dataDistance}`);
  assert.ok(chiSquare > 0.5 && chiSquare < 1.05, `${chiSquare}`);
});

/** What is wrong, and what the reason must say. */
const FAULTS: Readonly<Record<string, readonly [reason: RegExp, run: () => Promise<Audit>]>> = {
  "noise assumed twice too high": [
    /of the noise variance/,
    () => audited((problem) => ({ ...problem, sigma: 2 * problem.sigma })),
  ],
  "noise assumed half as high": [
    /times the noise variance/,
    () => audited((problem) => ({ ...problem, sigma: problem.sigma / 2 })),
  ],
  "maps of other coils": [/coil maps/, () =>
    audited((problem) => {
      const { data, shape } = problem.inputs.maps;
      const coil = data.length / shape[1];
      const turned = Float32Array.from(data, (_, i) => data[(i + coil) % data.length]);
      return { ...problem, inputs: { maps: ndarray(turned, shape) } };
    })],
  "lines of an object that moved": [/motion/, () => audited(undefined, { moved: true })],
  "an image that the method made up": [/departs from the acquired data/, () => {
    const tv = findMethod("tv");
    const prepare: Method["prepare"] = async (runtime, geometry, options) => {
      const solver = await tv.prepare(runtime, geometry, options);
      return {
        ...solver,
        solve: async (problem, control) => {
          const { data, shape } = await solver.solve(problem, control);
          const row = (i: number) => Math.floor(i / 64) % 64;
          return ndarray(data.map((v, i) => v + (row(i) % 8 < 3 ? 0.3 * v : 0)), shape);
        },
      };
    };
    return audited(undefined, { method: { ...tv, prepare } });
  }],
};

for (const [name, [reason, run]] of Object.entries(FAULTS)) {
  Deno.test(`the audit flags ${name}`, async () => {
    const audit = await run();
    assert.notEqual(audit.verdict, "consistent");
    assert.ok(audit.reasons.some((text) => reason.test(text)), audit.reasons.join("\n"));
  });
}

Deno.test("absolute limits: noise of the image, its growth, too few numbers, nothing predicted", () => {
  const kinds = (change: Partial<SliceConsistency>, prediction?: Parameters<typeof judge>[1]) =>
    judge({ ...GOOD, ...change }, prediction).map(({ kind }) => kind);
  assert.deepEqual(kinds({ imageNoise: 0.15, amplification: 3.8, undetermined: 0.4 }), []);
  assert.deepEqual(kinds({ imageNoise: 0.35, amplification: 0.7 }), ["imageNoise"]);
  assert.deepEqual(kinds({ imageNoise: 0.1, amplification: 5 }), ["amplification"]);
  assert.deepEqual(kinds({ imageNoise: 0.03, amplification: 30 }), [], "texture");
  assert.deepEqual(kinds({ undetermined: 2 }), ["undetermined"]);
  const empty = { ...PREDICTION, error: 5, sense: 5, signal: 5 };
  assert.deepEqual(kinds({}, empty), ["unpredicted"]);
  assert.deepEqual(kinds({}, { ...empty, error: 2 }), []);
  assert.deepEqual(
    kinds({}, { ...empty, error: 1.3, sense: 1.3, signal: 1.3 }),
    [],
    "little signal",
  );
  assert.deepEqual(kinds({ undetermined: 0.5 }, empty), [], "sense does not fill in");
});

for (
  const [title, method, options, kind] of [
    ["a weight that lets the noise grow", "tv", { weight: 0.001 }, "amplification"],
    ["one virtual coil", "sense", { compress: 1 }, "undetermined"],
  ] as const
) {
  Deno.test(`an image that is bad by itself is flagged: ${title}`, async () => {
    using file = await simulatedBrain({ size: 96, coils: 8, noise: 0.03 });
    const run = async (more: object) => {
      const mask = "equispaced:R=4,acs=16";
      const { audit } = await reconstruct(file, { method, mask, device: runtime, ...more });
      return audit!;
    };
    assert.equal((await run({})).image, "consistent");
    const bad = await run(options);
    assert.notEqual(bad.image, "consistent", kind);
  });
}

Deno.test("an image of pure noise is inconsistent, and rss of a few lines warns", async () => {
  const shape = [6, 2, 64, 60];
  const data = new Rng(4).normals(6 * 2 * 64 * 60);
  using file = kspaceFromArray({ data: Float32Array.from(data), shape });
  const mask = "equispaced:R=4,acs=16";
  const { audit } = await reconstruct(file, { method: "tv", mask, device: runtime });
  assert.equal(audit!.image, "inconsistent", JSON.stringify(audit!.reasons));
  const { warnings } = await reconstruct(file, { method: "rss", mask, device: runtime });
  assert.deepEqual(warnings.map(({ code }) => code), ["missing-samples"]);
});
