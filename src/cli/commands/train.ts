/** `deno task train`: networks trained from volumes. @module */
import { UsageError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";
import {
  TRAINABLE,
  type Trainable,
  type TrainingEvent,
  trainPrior,
  trainReconstruction,
} from "../../train/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { type CommandHelp, readCommandLine } from "../options/help.ts";
import { COMMON, NETWORK, SEED } from "../options/shared.ts";
import type { OptionTable } from "../options/table.ts";
import { count, number, path, positive } from "../options/values.ts";
import { TrainingProgress } from "../render/training_progress.ts";
import { jsonLine, readInput } from "../files.ts";

const OPTIONS = {
  data: {
    value: "FOLDER",
    summary: "NIfTI volumes (magnitude or complex) and fully sampled k-space files to train on",
    parse: path,
  },
  validation: {
    value: "FOLDER",
    summary:
      "volumes to validate on. Default: the folder `validation` beside the data, if it exists",
    parse: path,
  },
  output: { value: "FOLDER", summary: "model folder to write, e.g. models/mine", parse: path },
  steps: {
    value: "N",
    summary: "steps of the whole run. Default: 4000, unless --hours is given",
    parse: count,
  },
  hours: {
    value: "H",
    summary: "hours of the whole run; the learning rate then follows the clock",
    parse: positive,
  },
  resume: { summary: "continue from the checkpoint in the output folder" },
  seed: { ...SEED.seed, summary: "seed of weights, images and noise", fallback: "1" },
  batch: { value: "N", summary: "images in a step", parse: count, fallback: "8" },
  crop: { value: "N", summary: "pixels of each side of an image", parse: count, fallback: "96" },
  rate: { value: "R", summary: "peak learning rate", parse: positive, fallback: "0.001" },
  "checkpoint-minutes": {
    value: "M",
    summary: "minutes between checkpoints",
    parse: number({ min: 0 }),
    fallback: "2",
  },
  "validate-every": {
    value: "N",
    summary: "steps between validations",
    parse: count,
    fallback: "250",
  },
  from: {
    ...NETWORK,
    summary: "begin with the weights of a model of the same kind and sizes. varnet may have more " +
      "cascades than that model; modl also takes the weights of a prior",
  },
  cascades: {
    value: "N",
    summary: "cascades of varnet (default 5), iterations of modl (default 10)",
    parse: count,
  },
  shared: {
    summary: "all cascades of varnet share their weights. A later run with --from and without " +
      "--shared trains them separately",
  },
  channels: {
    value: "N",
    summary: "channels of the finest level of unet (default 20) and varnet (default 16)",
    parse: count,
  },
  pools: {
    value: "N",
    summary: "levels below the finest of unet (default 4) and varnet (default 3)",
    parse: count,
  },
  procedural: {
    value: "SHARE",
    summary: "share of the images that are drawn phantoms, 0 to 1",
    parse: number({ min: 0, max: 1 }),
    fallback: "0",
  },
  notes: {
    value: "FILE.md",
    summary: "text on licences and limits, copied into the card of the model",
    parse: path,
  },
  ...COMMON,
} as const satisfies OptionTable;

const TRAIN: CommandHelp<typeof OPTIONS> = {
  usage: "deno task train prior|unet|varnet|modl --data FOLDER --output FOLDER [options]",
  about: "Trains a network on the volumes of a folder and writes a model folder: the network, " +
    "model.yaml, card.md, training.svg. Ctrl-C stops and keeps the checkpoint; --resume continues. " +
    "The images of a step follow from the seed and its number: a resumed run of --steps gives the " +
    "same weights as one that was never stopped.",
  options: OPTIONS,
  examples: [
    "deno task train prior --data ../shared/data/train --output models/prior-brain --hours 1",
    "deno task train prior --data ../shared/data/train --output models/mine --steps 200",
  ],
};

/** Exit code of a run that was stopped. */
const INTERRUPTED = 130;

/**
 * Trains a network.
 * @returns the exit code
 * @throws {UsageError} for a command line that makes no sense
 * @throws {InputError} when the data or the notes cannot be read
 */
export async function trainCommand(
  args: readonly string[],
  { console, signal }: CommandContext,
): Promise<number> {
  const request = await readCommandLine(TRAIN, args, console);
  if (request === undefined) return 0;
  const { data, output } = request;
  const kind = kindOf(request.inputs);
  if (data === undefined || output === undefined) {
    throw new UsageError(`Cannot train: --data and --output are required`);
  }
  // Read at once, so that an error is not found after hours of training.
  const notes = request.notes &&
    new TextDecoder().decode(await readInput(request.notes, "the notes"));
  const progress = new TrainingProgress(console);
  const { cascades, channels, pools } = request;
  const options = {
    data,
    output,
    notes,
    validation: request.validation,
    steps: request.steps,
    hours: request.hours,
    resume: request.resume,
    seed: request.seed,
    batch: request.batch,
    crop: request.crop,
    rate: request.rate,
    procedural: request.procedural,
    checkpointMinutes: request.checkpointMinutes,
    validateEvery: request.validateEvery,
    from: request.from,
    architecture: { cascades, channels, pools, shared: request.shared || undefined },
    signal,
    onProgress: (event: TrainingEvent) => request.quiet || progress.report(event),
  };
  const { complete, step, seconds } = kind === "prior"
    ? await trainPrior(options)
    : await trainReconstruction(kind, options);
  progress.end();
  if (!complete) {
    console.err(`Stopped at step ${step}; continue with --resume\n`);
    return INTERRUPTED;
  }
  console.out(request.json ? jsonLine({ output, step, seconds }) : `${output}\n`);
  return 0;
}

function kindOf(inputs: readonly string[]): Trainable {
  const [name = ""] = inputs;
  const kind = TRAINABLE.find((known) => known === name);
  if (kind === undefined || inputs.length !== 1) {
    throw new UsageError(
      `Cannot train: one of ${TRAINABLE.join(", ")} is required, found ${
        inputs.join(" ") || "none"
      }`,
      didYouMean(name, TRAINABLE),
    );
  }
  return kind;
}

if (import.meta.main) await runCommand(trainCommand);
