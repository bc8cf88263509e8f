/** Training of a prior from a script: progress, validation, stopping and resuming, the model's folder. */
import assert from "node:assert/strict";
import { InputError, UsageError } from "../../src/errors.ts";
import { mul } from "../../src/graph/mod.ts";
import { loadDenoiser } from "../../src/nn/mod.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { type TrainingEvent, type TrainingOptions, trainPrior } from "../../src/train/mod.ts";
import { readCheckpoint } from "../../src/train/checkpoint.ts";
import { inFolder } from "../io/support.ts";
import { writeVolume } from "./support.ts";
import { runtime } from "../runtime.ts";
import { measureDenoiser } from "../../src/train/validation.ts";

const TINY = { batch: 2, crop: 16, steps: 8, validateEvery: 4, seed: 3, rate: 0.003, threads: 1 };

Deno.test("training lowers the loss, and a run that was stopped resumes bit for bit", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    for (let i = 0; i < 2; i++) await writeVolume(`${at("data")}/v${i}.nii.gz`, i);
    const train = (output: string, more: Partial<TrainingOptions> = {}) =>
      trainPrior({ ...TINY, data: at("data"), output: at(output), ...more });
    const whole = await train("whole");
    assert.deepEqual([whole.complete, whole.step], [true, 8]);
    const [first, second] = whole.history;
    assert.ok(second.loss < first.loss, `loss ${first.loss}, then ${second.loss}`);
    const { description } = await loadDenoiser(at("whole"));
    assert.equal(description.sigmaData, whole.sigmaData);
    assert.match(await Deno.readTextFile(`${at("whole")}/training.svg`), /mean training loss/);

    const stop = new AbortController();
    const onProgress = ({ kind }: TrainingEvent) => kind === "step" && stop.abort();
    const stopped = await train("parts", { signal: stop.signal, onProgress });
    assert.deepEqual([stopped.complete, stopped.step], [false, 1]);
    assert.equal((await readCheckpoint(at("parts"))).state.step, 1);
    await train("parts", { resume: true });
    const states = await Promise.all(["whole", "parts"].map((name) => readCheckpoint(at(name))));
    assert.deepEqual(states[1].state, states[0].state);
    await assert.rejects(
      train("parts", { resume: true, batch: 4 }),
      /Cannot resume: batch 2 of the checkpoint is required, found 4/,
    );
  }));

Deno.test("validation volumes beside the data give the PSNR of the average weights", () =>
  inFolder(async (at) => {
    for (const name of ["data", "validation"]) {
      await Deno.mkdir(at(name));
      await writeVolume(`${at(name)}/v.nii.gz`);
    }
    const stop = new AbortController();
    const kinds: string[] = [];
    const { history } = await trainPrior({
      ...TINY,
      validateEvery: 1,
      data: at("data"),
      output: at("model"),
      signal: stop.signal,
      onProgress({ kind }) {
        kinds.push(kind);
        if (kind === "step") stop.abort();
      },
    });
    assert.deepEqual(kinds, ["start", "step", "validation"]);
    // Before it has learnt, the denoiser is c_skip x: nearly the noisy image at a low noise level.
    const psnr = history[0].psnr!["0.02"];
    assert.ok(Math.abs(psnr + 10 * Math.log10(2 * 0.02 ** 2)) < 0.5, `${psnr}`);
  }));

Deno.test("measureDenoiser() finds the error of a Gaussian's denoiser, actual and predicted", async () => {
  const [deviation, sigma, shape] = [0.5, 0.3, [8, 2, 16, 16]];
  const normal = (seed: number) => ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
  const clean = ndarray(normal(1).data.map((value) => deviation * value), shape);
  const gain = deviation ** 2 / (deviation ** 2 + sigma ** 2);
  const [{ noisy, denoised, actualError, predictedError }] = await measureDenoiser(
    runtime,
    (x) => mul(x, gain),
    { clean, noise: normal(2), probe: normal(3) },
    [sigma],
  );
  const exact = sigma * Math.sqrt(gain);
  assert.ok(Math.abs(actualError / exact - 1) < 0.05, `${actualError} for ${exact}`);
  assert.ok(Math.abs(predictedError / exact - 1) < 0.05, `${predictedError} for ${exact}`);
  assert.equal(noisy, -10 * Math.log10(2 * sigma ** 2));
  assert.ok(Math.abs(denoised + 10 * Math.log10(2 * exact ** 2)) < 0.3);
});

Deno.test("training refuses what it cannot do, and says what is required", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    const train = (more: object) => trainPrior({ data: at("data"), output: at("out"), ...more });
    await assert.rejects(train({}), /NIfTI volumes are required, found none/);
    await writeVolume(`${at("data")}/v.nii.gz`);
    await assert.rejects(train({ resume: true }), InputError);
    await assert.rejects(
      train({ steps: 0 }),
      /steps must be a whole number of at least 1, found 0/,
    );
    await assert.rejects(train({ procedural: 2 }), UsageError);
    await assert.rejects(train({ crop: 20 }), /multiple of 8 is required/);
    await assert.rejects(train({ from: "prior-brain" }), /a reconstruction network is required/);
    await assert.rejects(
      train({ step: 4 }),
      (error: UsageError) =>
        /Cannot train with the option 'step'/.test(error.message) &&
        error.hint === "Did you mean steps?",
    );
  }));

Deno.test("a prior that is trained for the velocity is a flow model, and goes on as one", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    const options = { ...TINY, target: "flow", data: at("data"), output: at("model") } as const;
    const { history: [first, last] } = await trainPrior(options);
    assert.ok(last.loss < first.loss, `loss ${first.loss}, then ${last.loss}`);
    const { description } = await loadDenoiser(at("model"));
    assert.equal(description.parameterisation, "flow");
    assert.equal(description.noiseInput, "flow-time");
    await assert.rejects(trainPrior({ ...options, target: "edm", resume: true }), /Cannot resume/);
  }));
