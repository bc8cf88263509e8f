import assert from "node:assert/strict";
import {
  beyond,
  calibrationText,
  type ErrorCalibration,
  readCalibrations,
  unlikeRun,
} from "../../../src/recon/error_bars/calibration.ts";
import { drawCases, personOf } from "../../../src/recon/error_bars/cases.ts";
import { logWidth, widthFactors } from "../../../src/recon/error_bars/conformal.ts";
import { featuresOf } from "../../../src/recon/error_bars/features.ts";
import { calibrated } from "../../../src/recon/error_bars/fit.ts";
import type { CaseErrors } from "../../../src/recon/error_bars/known_errors.ts";
import { fitSize } from "../../../src/recon/error_bars/score.ts";
import { Rng } from "../../../src/rng.ts";

const NAMES = featuresOf(1, true);

/** Powers of the law that the errors of these tests follow. */
const POWERS = [0.4, 0.25, 0, 0, 0.4, 0, 0, 0.3, 0, -0.2];

/** And of the means of a slice. */
const MEANS = [0.3, 0.6, 0, 0, 0.5, 0, 0, 0.3, 0, 0];

/** Normal errors whose size is a product of powers of the features and of their means, which are spread so far. */
function plantedCase(person: number, run: number, spread = 0): CaseErrors {
  const rng = new Rng(person, run);
  const means = NAMES.map(() => spread === 0 ? 0 : spread * rng.normal());
  const features: number[] = [], errors: number[] = [];
  for (let pixel = 0; pixel < 900; pixel++) {
    const row = NAMES.map(() => rng.normal());
    features.push(...row.map((value, i) => value + means[i]));
    const log = row.reduce((sum, value, i) => sum + POWERS[i] * value + MEANS[i] * means[i], -3);
    errors.push(Math.abs(rng.normal()) * Math.exp(log));
  }
  return {
    names: NAMES,
    features,
    errors,
    peaks: [1, 1],
    verdict: "consistent",
    acquired: { acceleration: 3 + run, noise: 0.01, coils: 8 },
    found: {
      person: `${person}`,
      volume: "",
      mask: "",
      acceleration: 4 + run,
      noise: 0.01,
      coils: 8,
      seed: 0,
    },
  };
}

const CASES = [...Array(9).keys()].flatMap((person) =>
  [0, 1, 2].map((run) => plantedCase(person, run))
);

const SOLVER = {
  model: { name: "prior", sha256: "ab" },
  steps: 30,
  samples: undefined,
  settings: { eta: 1 },
};

const calibration = (): ErrorCalibration =>
  calibrated(CASES, { method: "pnp-admm", solver: SOLVER });

Deno.test("fitSize() finds the powers of the features that errors follow, in a slice and between slices", () => {
  const slices = [...Array(100).keys()].map((person) => [plantedCase(person, 0, 1)]);
  const { constant, powers, means } = fitSize(slices, NAMES);
  NAMES.forEach((name, i) => {
    assert.ok(Math.abs(powers[name]! - POWERS[i]) < 0.04, name);
    assert.ok(Math.abs(means![name]! - MEANS[i]) < 0.06, `mean of ${name}`);
  });
  // The mean logarithm of the absolute value of a normal number is -0.635.
  assert.ok(Math.abs(constant - (-3 - 0.635)) < 0.05, `${constant}`);
});

Deno.test("widths cover 90 % of the pixels of people that were left out, in each bin of the width", () => {
  const { measured } = calibration();
  assert.ok(Math.abs(measured.coverage - 0.9) < 0.01, `${measured.coverage}`);
  for (const part of measured.byWidth) assert.ok(part > 0.86 && part < 0.94, `${part}`);
  assert.ok(measured.rankCorrelation > 0.5, `${measured.rankCorrelation}`);
  assert.ok(measured.relativeWidth < 1, `${measured.relativeWidth}`);
  assert.ok(measured.psnrHolds >= 0.8, `${measured.psnrHolds}`);
  assert.ok(measured.psnrGap > 0 && measured.psnrGap < 1.5, `${measured.psnrGap}`);
  assert.deepEqual(Object.keys(measured.byAcceleration), ["R=4", "R=5", "R=6"]);
});

Deno.test("a person with many pixels counts no more than another", () => {
  const person = (name: string, count: number, error: number) => ({
    person: name,
    sizes: Float64Array.from({ length: count }, (_, i) => i / count),
    errors: Array.from({ length: count }, (_, i) => error * Math.exp(i / count)),
  });
  // Half of the weight has errors of 1 and half of 2: the 90 % quantile is 2, whatever the counts are.
  const people = [person("a", 1000, 1), person("b", 20, 2)];
  for (const factor of widthFactors(people, 0.9).factors) {
    assert.ok(Math.abs(factor - Math.log(2)) < 1e-9, `${factor}`);
  }
});

Deno.test("logWidth() is straight between the strata and constant beyond them", () => {
  const factors = { sizes: [0, 1, 3], factors: [1, 2, 0] };
  assert.equal(logWidth(factors, -5), -5 + 1);
  assert.equal(logWidth(factors, 0.5), 0.5 + 1.5);
  assert.equal(logWidth(factors, 2), 2 + 1);
  assert.equal(logWidth(factors, 7), 7 + 0);
});

Deno.test("a calibration is read as it was written", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal((await readCalibrations(folder)).size, 0);
    const made = calibration();
    await Deno.writeTextFile(`${folder}/error_bars.yaml`, calibrationText([made]));
    const read = (await readCalibrations(folder)).get("pnp-admm")!;
    assert.deepEqual(Object.keys(read.size.powers), [...NAMES]);
    assert.ok(Math.abs(read.errorRatio.constant - made.errorRatio.constant) < 1e-4);
    assert.deepEqual(read.model, made.model);
    await Deno.writeTextFile(`${folder}/error_bars.yaml`, "schema: other");
    await assert.rejects(
      readCalibrations(folder),
      /calibrate-errors is required, found schema other/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a calibration says what it does not hold for", () => {
  const made = calibration();
  assert.equal(unlikeRun(made, SOLVER), undefined);
  assert.match(unlikeRun(made, { ...SOLVER, steps: 5 })!, /30 steps were calibrated, found 5/);
  assert.match(unlikeRun(made, SOLVER, 2)!, /weight 1 was calibrated, found 2/);
  assert.match(unlikeRun(made, { ...SOLVER, settings: { eta: 0 } })!, /eta=1 was calibrated/);
  assert.match(
    unlikeRun(made, { ...SOLVER, model: { name: "prior", sha256: "cd" } })!,
    /network is another/,
  );
  const far = beyond(made.range, { acceleration: 10, noise: 0.01, coils: 8 });
  assert.equal(far.factor, 2);
  assert.match(far.what, /acceleration 10, up to 5 calibrated/);
  assert.equal(beyond(made.range, { acceleration: 2, noise: 0.001, coils: 16 }).factor, 1);
});

Deno.test("cases take each person's volumes in turn, at every acceleration", () => {
  const volumes = ["a/x_1_T1.nii.gz", "a/x_1_T2.nii.gz", "a/y_2_T1.nii.gz"];
  assert.deepEqual(volumes.map(personOf), ["x_1", "x_1", "y_2"]);
  const cases = drawCases(volumes, { runs: 6, seed: 0 });
  assert.equal(cases.length, 12);
  const own = cases.filter(({ person }) => person === "x_1");
  assert.deepEqual(own.map(({ acceleration }) => acceleration), [4, 8, 6, 10, 2, 3]);
  assert.deepEqual(new Set(own.map(({ volume }) => volume)).size, 2);
  assert.equal(own[5].coils, 1);
  // More runs leave the first as they are, so that they need not be run again.
  assert.deepEqual(drawCases(volumes, { runs: 7, seed: 0 }).slice(0, 12), cases);
});
