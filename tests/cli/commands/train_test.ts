/** The command line of training: what it passes on, and what it writes to the console. */
import assert from "node:assert/strict";
import { trainCommand } from "../../../src/cli/commands/train.ts";
import { inFolder } from "../../io/support.ts";
import { writeVolume } from "../../train/support.ts";
import { runHere } from "../support.ts";

const train = (args: readonly string[]) => runHere(args, { command: trainCommand });

Deno.test("train prints the folder, reports its progress and writes the command into the card", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    await Deno.writeTextFile(at("notes.md"), "Limits: none known.");
    const options = "--batch 1 --crop 32 --rate 0.002 --seed 5 --channels 2 --pools 1";
    const { code, out, err } = await train([
      ...["unet", "--data", at("data"), "--output", at("out"), "--steps", "1"],
      ...options.split(" "),
      ...["--notes", at("notes.md")],
    ]);
    assert.equal(code, 0, err);
    assert.equal(out, `${at("out")}\n`);
    assert.match(err, /Training on 1 volumes, \d+ parameters\nstep 1\/1 +loss .*\n.*mean loss/);
    const card = await Deno.readTextFile(`${at("out")}/card.md`);
    const command = `deno task train unet --data ${at("data")} --output ${
      at("out")
    } --steps 1 ${options}`;
    assert.ok(card.includes(command), card);
    assert.match(card, /Limits: none known\./);
  }));

Deno.test("an interrupted run ends with exit code 130 and says how to continue", () =>
  inFolder(async (at) => {
    await Deno.mkdir(at("data"));
    await writeVolume(`${at("data")}/v.nii.gz`);
    const small = ["--batch", "1", "--crop", "32", "--channels", "2", "--pools", "1"];
    const { code, err } = await runHere(
      ["unet", "--data", at("data"), "--output", at("out"), ...small],
      { command: trainCommand, signal: AbortSignal.abort() },
    );
    assert.equal(code, 130);
    assert.match(err, /Stopped at step 0; continue with --resume/);
  }));

Deno.test("train refuses a command line that makes no sense", async () => {
  for (
    const [args, message] of [
      [["priot", "--data", "a", "--output", "b"], /priot.*\n {2}Did you mean prior\?/],
      [["prior"], /--data and --output are required/],
      [["prior", "--data", "a", "--output", "b", "--steps", "0"], /--steps/],
      [["prior", "--data", "a", "--output", "b", "--pools", "2"], /Cannot train prior with/],
    ] as const
  ) {
    const { code, err } = await train(args);
    assert.equal(code, 2, err);
    assert.match(err, message);
  }
});
