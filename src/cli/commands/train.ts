/** `deno task train`: networks trained from volumes. @module */
import { type TrainingEvent, trainPrior, trainReconstruction } from "../../train/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { helpText } from "../options/help.ts";
import { TRAIN_OPTIONS, trainRequest } from "../options/train.ts";
import { TrainingProgress } from "../render/training_progress.ts";

const HELP = helpText({
  usage: "deno task train prior|unet|varnet|modl --data FOLDER --output FOLDER [options]",
  about: "Trains a network on the NIfTI volumes of a folder and writes a model folder: the\n" +
    "network, model.yaml, card.md, training.svg. Ctrl-C stops and keeps the checkpoint; --resume continues.\n" +
    "The images of a step follow from the seed and its number: a resumed run of --steps gives the\n" +
    "same weights as one that was never stopped. With --hours the learning rate follows the clock.",
  options: TRAIN_OPTIONS,
  examples: [
    "deno task train prior --data ../shared/data/train --output models/prior-brain --hours 1",
    "deno task train prior --data ../shared/data/train --output models/mine --steps 200",
  ],
});

/** Exit code of a run that was stopped. */
const INTERRUPTED = 130;

/** The command. */
export async function trainCommand(
  args: readonly string[],
  { console, signal }: CommandContext,
): Promise<number> {
  const request = await trainRequest(args);
  if (request === undefined) {
    console.out(HELP);
    return 0;
  }
  const { kind, options } = request;
  const progress = new TrainingProgress(console, options);
  const control = { signal, onProgress: (event: TrainingEvent) => progress.report(event) };
  const { complete, step } = kind === "prior"
    ? await trainPrior(options, control)
    : await trainReconstruction(kind, options, control);
  progress.end();
  if (!complete) {
    console.err(`Stopped at step ${step}; continue with --resume\n`);
    return INTERRUPTED;
  }
  console.out(`${options.output}\n`);
  return 0;
}

if (import.meta.main) await runCommand(trainCommand);
