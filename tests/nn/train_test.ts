import { randomView } from "../../src/train/views.ts";
import { learningRateFactor, trainingSigma } from "../../src/train/schedule.ts";
import { decodeCheckpoint } from "../../src/train/checkpoint.ts";
import assert from "node:assert/strict";
import type { CommandContext } from "../../src/cli/entry.ts";
import { trainCommand } from "../../src/cli/commands/train.ts";
import { writeNifti } from "../../src/io/mod.ts";
import { ndarray } from "../../src/ndarray.ts";
import { InputError, UsageError } from "../../src/errors.ts";
import { Rng } from "../../src/rng.ts";
import { withFolder } from "./support.ts";

/** Three small volumes of bright discs with texture. */
async function writeVolumes(folder: string): Promise<void> {
  await Deno.mkdir(folder);
  for (let volume = 0; volume < 3; volume++) {
    const [slices, rows, columns] = [3, 48, 40];
    const rng = new Rng(volume);
    const data = Float32Array.from({ length: slices * rows * columns }, (_, i) => {
      const [y, x] = [Math.floor(i / columns) % rows - 24, i % columns - 20];
      return Math.hypot(y, x) < 16 ? 100 + 40 * Math.sin(y / 3 + volume) + rng.normal() : 0;
    });
    await writeNifti(`${folder}/v${volume}.nii.gz`, {
      image: ndarray(data, [slices, rows, columns]),
    });
  }
}

function context(): CommandContext & { readonly log: string[]; stop(): void } {
  const log: string[] = [];
  const controller = new AbortController();
  const console = { out: () => {}, err: (text: string) => void log.push(text), isTerminal: false };
  return { console, signal: controller.signal, log, stop: () => controller.abort() };
}

/** exp(log(x)) may differ from x in its last bit. */
const F64 = 1e-12;

const train = (folder: string, output: string, ...more: string[]) => {
  const run = context();
  const args = ["prior", "--data", `${folder}/data`, "--output", `${folder}/${output}`];
  const small = ["--batch", "2", "--crop", "16", "--validate-every", "8", "--seed", "3"];
  return { run, code: trainCommand([...args, ...small, ...more], run) };
};

const checkpoint = async (folder: string, output: string) =>
  decodeCheckpoint(await Deno.readFile(`${folder}/${output}/checkpoint.safetensors`), output);

Deno.test("training lowers the loss, and a run that was stopped goes on bit for bit", () =>
  withFolder(async (folder) => {
    await writeVolumes(`${folder}/data`);
    const steps = ["--steps", "16", "--rate", "0.003"];
    assert.equal(await train(folder, "whole", ...steps).code, 0);
    const whole = await checkpoint(folder, "whole");
    const stopped = train(folder, "parts", ...steps);
    const { err } = stopped.run.console;
    // Interrupted as soon as the first step is reported.
    stopped.run.console.err = (text: string) => {
      err(text);
      if (text.startsWith("step")) stopped.run.stop();
    };
    assert.equal(await stopped.code, 130);
    const part = await checkpoint(folder, "parts");
    assert.ok(part.state.step >= 1 && part.state.step < 16);
    assert.equal(await train(folder, "parts", ...steps, "--resume").code, 0);
    const parts = await checkpoint(folder, "parts");
    assert.deepEqual(parts.state, whole.state);
    assert.equal(whole.state.step, 16);
    const [first, second] = whole.history;
    assert.ok(second.loss < first.loss, `loss ${first.loss}, then ${second.loss}`);
  }));

Deno.test("train refuses what it cannot do, and says what would do", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/data`);
    await assert.rejects(train(folder, "out").code, /NIfTI volumes are required, found none/);
    await writeVolumes(`${folder}/more`);
    await Deno.rename(`${folder}/more`, `${folder}/data`).catch(() => {});
    await assert.rejects(train(folder, "out", "--resume").code, InputError);
    await assert.rejects(train(folder, "out", "--steps", "0").code, UsageError);
    await assert.rejects(train(folder, "out", "--crop", "20").code, /multiple of 8 is required/);
    await assert.rejects(trainCommand(["priot"], context()), UsageError);
    await assert.rejects(
      trainCommand(["priot", "--data", "a", "--output", "b"], context()),
      (error: Error) => error instanceof UsageError && error.hint === "Did you mean prior?",
    );
  }));

Deno.test("learningRateFactor() rises, peaks at 1 and falls to a hundredth", () => {
  assert.ok(learningRateFactor(0) < 0.02);
  assert.ok(Math.abs(learningRateFactor(0.02) - 1) < 1e-12);
  assert.ok(Math.abs(learningRateFactor(1) - 0.01) < 1e-12);
  assert.ok(learningRateFactor(0.5) < 0.6 && learningRateFactor(0.5) > 0.4);
});

Deno.test("trainingSigma() covers 0.005 to 20 with most levels below 1", () => {
  const rng = new Rng(1);
  const levels = Array.from({ length: 20000 }, () => trainingSigma(rng)).sort((a, b) => a - b);
  assert.ok(levels[0] >= 0.003 - F64 && levels.at(-1)! <= 30 + F64);
  const part = (low: number, high: number) =>
    levels.filter((sigma) => sigma > low && sigma < high).length / levels.length;
  assert.ok(part(0.003, 0.01) > 0.03 && part(5, 30) > 0.03 && part(0.02, 1) > 0.6);
});

Deno.test("randomView() gives the same finite image for the same seed, on a scale of about 1", () => {
  const image = ndarray(new Rng(1).normals(64 * 48).map((v) => 100 + 10 * v), [64, 48]);
  const source = { image, scale: 120, pixel: 0.8 };
  const view = (seed: number) => randomView(source, 32, new Rng(seed));
  assert.deepEqual(view(1), view(1));
  assert.notDeepEqual(view(1).data, view(2).data);
  const { data, shape } = view(1);
  assert.deepEqual(shape, [2, 32, 32]);
  assert.ok(data.every((value) => Math.abs(value) < 6));
});
