/** The audit against closed form: what the truth, least squares and known images must give. */
import assert from "node:assert/strict";
import { sense } from "../../../src/classical/mod.ts";
import { runtime } from "../../runtime.ts";
import { compileConsistency } from "../../../src/recon/audit/consistency.ts";
import { makeMask, parseMaskSpec, type SamplingMask } from "../../../src/mri/sampling/masks.ts";
import { constant, mul } from "../../../src/graph/mod.ts";
import { dftW } from "../../../src/mri/physics/dft.ts";
import type { Method } from "../../../src/method/problem.ts";
import { type NdArray, ndarray } from "../../../src/ndarray.ts";
import {
  consistencyFigures,
  dataInconsistency,
  type SliceConsistency,
} from "../../../src/recon/audit/figures.ts";
import { compilePrediction, holdOut, samplesOf } from "../../../src/recon/audit/prediction.ts";
import { spreadFigures } from "../../../src/recon/audit/spread.ts";
import {
  allLines,
  assertClose,
  everyOtherLine,
  type Example,
  example,
  forward,
  randomPlane,
} from "../../classical/support.ts";

const SIGMA = 0.05;

/** Standard errors that a chi-square may be away from what is expected. */
const SURE = 4;

const truthOf = ({ truth, geometry: { height, width } }: Example): NdArray =>
  ndarray(Float32Array.from(truth), [2, height, width]);

async function figures(found: Example, image: NdArray): Promise<SliceConsistency> {
  const measure = await compileConsistency(runtime, found.geometry);
  return consistencyFigures(await measure(found.problem, image), SIGMA);
}

/** Real numbers that were measured. */
function measured({ geometry: { coils, mask } }: Example): number {
  const kept = mask.values.reduce((sum, value) => sum + value, 0);
  return 2 * coils * kept * (mask.isLines ? mask.width : 1);
}

function assertNear(actual: number, expected: number, count: number) {
  const allowed = SURE * Math.sqrt(2 / count);
  assert.ok(Math.abs(actual / expected - 1) < allowed, `${actual}, ${expected} +- ${allowed}`);
}

const cases: [string, number, SamplingMask][] = [
  ["8 coils, every other of 24 lines", 8, everyOtherLine(24, 17)],
  ["5 coils, a plane of 19 x 13", 5, randomPlane(19, 13)],
  ["3 coils, all of 17 lines", 3, allLines(17, 16)],
];

Deno.test("columns of zeros count as no data, and lower no figure", async () => {
  const mask = allLines(17, 16).with({ columns: [4, 13] });
  const found = example(3, mask, SIGMA);
  const { y } = found.problem;
  const box = Float32Array.from({ length: 16 }, (_, x) => x >= 4 && x < 13 ? 1 : 0);
  const program = await runtime.build({ y: y.shape }, ({ y }) => ({
    padded: dftW(mul(dftW(y, "forward"), constant({ data: box, shape: [16] })), "inverse"),
  }));
  const { padded } = await program.run({ y });
  const problem = { ...found.problem, y: padded };
  const { chiSquare, unexplained } = await figures({ ...found, problem }, truthOf(found));
  const count = measured(found) * 9 / 16;
  assertNear(chiSquare, 1, count);
  assert.ok(unexplained! > 0.7 && unexplained! < 1.3, `${unexplained}`);
});

for (const [name, coils, mask] of cases) {
  Deno.test(`the truth has a chi-square of 1 in all its parts: ${name}`, async () => {
    const found = example(coils, mask, SIGMA);
    const { chiSquare, unexplained, dataDistance, bands } = await figures(
      found,
      truthOf(found),
    );
    const count = measured(found), unknowns = 2 * mask.height * mask.width;
    assertNear(chiSquare, 1, count);
    assertNear(unexplained!, 1, (count - unknowns) / 2); // its expectation is a draw as well
    assertNear(dataDistance, 1, unknowns / 2);
    for (const band of bands) assert.ok(band.chiSquare > 0.5 && band.chiSquare < 1.6);
    assert.deepEqual([bands[0].from, bands[bands.length - 1].to], [0, 1]);
  });

  Deno.test(`least squares leaves n - p degrees of freedom: ${name}`, async () => {
    const found = example(coils, mask, SIGMA);
    const solver = await sense.prepare(runtime, found.geometry, { steps: 80, weight: 1e-6 });
    const { chiSquare, dataDistance } = await figures(
      found,
      await solver.solve(found.problem),
    );
    const count = measured(found), unknowns = 2 * mask.height * mask.width;
    assertNear(chiSquare, (count - unknowns) / count, count - unknowns); // the overfit shows
    assert.ok(dataDistance < 0.05, `${dataDistance}`);
  });
}

Deno.test("one coil explains everything: only the dataDistance is left to judge by", async () => {
  const found = example(1, everyOtherLine(24, 31), SIGMA);
  const of = async (image: NdArray) => await figures(found, image);
  const truth = await of(truthOf(found));
  assert.equal(truth.unexplained, null);
  assert.equal(truth.noise, null);
  assertNear(truth.dataDistance, 1, measured(found) / 2);
  assertNear(truth.chiSquare, 1, measured(found));
  const nothing = await of(ndarray(new Float32Array(2 * 24 * 31), [2, 24, 31]));
  assert.ok(
    nothing.dataDistance > 20 && dataInconsistency(nothing) > 0.9 &&
      dataInconsistency(nothing) < 1.1,
  );
});

Deno.test("an image that is wrong by a known amount has a chi-square that grows by as much", async () => {
  const found = example(6, everyOtherLine(24, 15), SIGMA);
  const wrong = truthOf(found);
  for (let i = 0; i < wrong.data.length; i++) wrong.data[i] *= 1.2;
  const { chiSquare, dataDistance } = await figures(found, wrong);
  const energy = forward(found.matrix, found.truth).reduce((sum, v) => sum + (0.2 * v) ** 2, 0);
  const count = measured(found), unknowns = 2 * 24 * 15;
  assertNear(chiSquare, 1 + energy / count / SIGMA ** 2, count / 2);
  assertNear(dataDistance, 1 + energy / unknowns / SIGMA ** 2, unknowns / 4);
});

Deno.test("noise twice as large, in one coil, and shared by coils is told apart", async () => {
  const mask = everyOtherLine(24, 31);
  const found = example(6, mask, SIGMA);
  const clean = forward(found.matrix, found.truth);
  const plane = clean.length / 6;
  const noisy = (noise: (i: number, original: Float64Array) => number): Example => {
    const original = Float64Array.from(found.problem.y.data, (v, i) => v - clean[i]);
    const data = Float32Array.from(clean, (v, i) => v + noise(i, original));
    return {
      ...found,
      problem: { ...found.problem, y: ndarray(data, found.problem.y.shape) },
    };
  };
  const of = async (changed: Example) => await figures(changed, truthOf(found));
  const white = await of(noisy((i, original) => original[i]));
  assert.ok(white.coilRatio < 1.5 && white.correlation < 0.2, JSON.stringify(white));
  const twice = await of(noisy((i, original) => 2 * original[i]));
  assert.ok(twice.noise! > 3.2 && twice.noise! < 4.8);
  const loud = await of(noisy((i, original) => (i < plane ? 2 : 1) * original[i]));
  assert.ok(loud.coilRatio > 2.5, `${loud.coilRatio}`);
  const shared = await of(
    noisy((i, original) => i < plane ? 0.6 * original[i] + 0.8 * original[i + plane] : original[i]),
  );
  assert.ok(shared.correlation > 0.5 && shared.correlation < 1, `${shared.correlation}`);
});

for (const spec of ["equispaced:R=3,acs=8", "random:R=3,acs=7,seed=2", "poisson:R=4,acs=9"]) {
  Deno.test(`what is held back lies outside the calibration region, spread and seeded: ${spec}`, () => {
    const parsed = parseMaskSpec(spec);
    assert.ok(parsed.kind !== "file");
    const mask = makeMask(parsed, 81, 60);
    const { kept, held, part } = holdOut(mask, 3)!;
    const count = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0);
    mask.values.forEach((value, i) => assert.equal(kept.values[i] + held.values[i], value));
    assert.equal(part, count(held.values) / count(mask.values));
    assert.ok(part > 0.02 && part < 0.1, `${part}`);
    assert.equal(kept.acs, mask.acs);
    const inside = (i: number, size: number) => Math.abs(i - Math.floor(size / 2)) <= 3;
    held.values.forEach((value, i) => {
      const centre = mask.isLines
        ? inside(i, 81)
        : inside(Math.floor(i / 60), 81) && inside(i % 60, 60);
      if (value === 1) assert.ok(!centre, `${i}`);
    });
    if (!mask.isLines) {
      const half = held.values.length / 2;
      assert.ok(Math.abs(count(held.values.subarray(0, half)) / count(held.values) - 0.5) < 0.1);
    }
    assert.deepEqual(holdOut(mask, 3), holdOut(mask, 3));
    assert.notDeepEqual(holdOut(mask, 3)!.held, holdOut(mask, 4)!.held);
  });
}

Deno.test("nothing can be held back where all lines are calibration lines", () => {
  assert.equal(holdOut(allLines(8, 4), 0), undefined);
});

/** A method that always gives the same images. */
const constantly = (image: NdArray, samples?: NdArray): Method => ({
  name: "constant",
  summary: "",
  citation: "",
  needsMaps: true,
  prepare: () =>
    Promise.resolve({
      nfe: 0,
      steps: 1,
      solve: () => Promise.resolve(image),
      ...(samples === undefined ? {} : { sample: () => Promise.resolve(samples) }),
    }),
});

for (const [name, coils, mask] of cases.slice(0, 2)) {
  Deno.test(`held-back samples of a known image are predicted as well as they should: ${name}`, async () => {
    const found = example(coils, mask.with({ acs: 0 }), SIGMA);
    const predict = async (method: Method) => {
      const options = { method, options: {}, seed: 1 };
      return await (await compilePrediction(runtime, found.geometry, options))!(found.problem);
    };
    const truth = truthOf(found);
    const { held } = holdOut(found.geometry.mask, 1)!;
    const heldCount = held.values.reduce((sum, v) => sum + v, 0) *
      (held.isLines ? held.width : 1) * 2 * coils;
    const right = await predict(constantly(truth));
    assertNear(right.error, 1, heldCount);
    assert.equal(right.expected, null);
    const zero = ndarray(new Float32Array(truth.data.length), truth.shape);
    const energyOf = (samples: NdArray) =>
      samplesOf(samples, found.geometry.mask, held).data.reduce((sum, v) => sum + v * v, 0) /
      heldCount / SIGMA ** 2;
    assertClose([(await predict(constantly(zero))).error], [energyOf(found.problem.y)], 1e-4);
    // Two samples, the truth and 0: mean half of the truth, deviations half of it, (1 + 1/2) over S - 1.
    const both = ndarray(Float32Array.from([...truth.data, ...zero.data]), [2, ...truth.shape]);
    const { expected } = await predict(constantly(zero, both));
    const half = Float32Array.from(forward(found.matrix, found.truth), (v) => v / 2);
    const spread = energyOf(ndarray(half, found.problem.y.shape));
    assertClose([expected!], [1 + 1.5 * 2 * spread], 1e-4);
  });
}

Deno.test("the prediction of sense is that of sense", async () => {
  const found = example(6, everyOtherLine(20, 11).with({ acs: 0 }), SIGMA);
  const options = { method: sense, options: {}, seed: 0 };
  const { error, sense: other } = await (await compilePrediction(
    runtime,
    found.geometry,
    options,
  ))!(found.problem);
  assert.equal(error, other);
  assert.ok(error > 0.8 && error < 5, `${error}`);
});

Deno.test("spread: mean and regions above the local contrast, in closed form", () => {
  const [rows, columns] = [30, 40];
  const size = rows * columns;
  const inside = (i: number) =>
    Math.abs(Math.floor(i / columns) - 15) < 12 && Math.abs(i % columns - 20) < 16;
  // A checkerboard of 1 +- 0.1 has a local contrast of about 0.1 (49 pixels: 25 of one, 24 of the other).
  const board = (i: number) =>
    1 + 0.1 * ((Math.floor(i / columns) + i % columns) % 2 === 0 ? 1 : -1);
  const magnitude = Float32Array.from({ length: size }, (_, i) => inside(i) ? board(i) : 0);
  const wide = (i: number) =>
    Math.floor(i / columns) >= 14 && Math.floor(i / columns) < 18 &&
    i % columns >= 10 && i % columns < 15;
  const std = Float32Array.from({ length: size }, (_, i) => wide(i) ? 0.2 : 0.05);
  const spread = spreadFigures(
    ndarray(magnitude, [1, rows, columns]),
    ndarray(std, [1, rows, columns]),
    7,
  );
  const pixels = 23 * 31;
  assertClose([spread.mean], [(0.05 * pixels + 0.15 * 20) / pixels], 1e-3);
  assertClose([spread.above], [20 / pixels], 1e-6);
  assert.deepEqual(spread.regions, [
    { slice: 7, row: 14, column: 10, rows: 4, columns: 5, pixels: 20 },
  ]);
});

Deno.test("a coil that holds nothing counts in no figure, and figures are never infinite", async () => {
  const mask = everyOtherLine(24, 31);
  const whole = example(6, mask, SIGMA);
  const plane = whole.problem.y.data.length / 6;
  const y = whole.problem.y.data.map((v, i) => i < plane ? 0 : v);
  const maps = whole.problem.inputs.maps;
  const coil = maps.data.length / 6;
  const silent = ndarray(maps.data.map((v, i) => i < coil ? 0 : v), maps.shape);
  const found: Example = {
    ...whole,
    problem: { ...whole.problem, y: ndarray(y, whole.problem.y.shape), inputs: { maps: silent } },
  };
  const image = truthOf(found);
  const { chiSquare, unexplained, coilRatio, correlation } = await figures(found, image);
  const count = measured(found) * 5 / 6, unknowns = 2 * 24 * 31;
  assertNear(chiSquare, 1, count);
  assertNear(unexplained!, 1, (count - unknowns) / 2);
  assert.ok(coilRatio < 1.6 && correlation < 0.3, `${coilRatio}, ${correlation}`);
  const options = { method: constantly(image), options: {}, seed: 1 };
  const predict = await compilePrediction(runtime, found.geometry, options);
  assertNear((await predict!(found.problem)).error, 1, 2 * 5 * 31);
});

Deno.test("data without noise are clean though maps that err leave a little in the outer k-space", () => {
  // 1000 numbers of 3 coils, of which no image explains `left` times the square of 1e-4.
  const found = (left: number, sigma: number) => {
    const count = 1000, unexplained = left * 1e-8 * count;
    const band = { from: 0.5, to: 1, count, signal: count * 1e-4, residual: unexplained };
    const noise = { unexplainedNoise: count, fitted: 0, fittedNoise: count };
    const energies = { bands: [{ ...band, unexplained, ...noise }], coilNoise: [1, 1, 4] };
    const { coilRatio, ...figures } = consistencyFigures({ ...energies, correlation: 0.9 }, sigma);
    return [figures.noise, coilRatio, figures.correlation];
  };
  assert.deepEqual(found(0.5, 1e-6), [1, 1, 0]);
  assert.deepEqual(found(2, 1e-6), [1, 1, 0]);
  const [noise, ...ofCoils] = found(20, 1e-6);
  assertClose([noise!], [20], 1e-9);
  assert.deepEqual(ofCoils, [4, 0.9], "too much for data without noise");
  assert.deepEqual(found(2, 1e-4).slice(1), [4, 0.9], "the noise is known");
});
