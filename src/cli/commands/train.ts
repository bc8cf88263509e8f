/** `deno task train`: networks trained from volumes. @module */
import { UsageError } from "../../errors.ts";
import { requireKnown } from "../../suggest.ts";
import {
  TARGETS,
  TRAINABLE,
  type Trainable,
  TRAINING_DEFAULTS as DEFAULTS,
  type TrainingEvent,
  trainPrior,
  trainReconstruction,
} from "../../train/mod.ts";
import { MODEL_FILES } from "../../train/model_files.ts";
import { INTERRUPTED } from "../entry.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE, NETWORK, SEED } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { number, oneOf, path, positive, relative } from "../options/values.ts";
import { TrainingProgress } from "../render/training_progress.ts";
import { inKeptFolder, jsonLine, readInput } from "../files.ts";

const whole = (max: number) => number({ integer: true, min: 1, max });
const steps = whole(1e8);

const OPTIONS = {
  data: option(
    "FOLDER",
    "NIfTI volumes (magnitude or complex) and fully sampled k-space files to train on",
    path,
  ),
  validation: option(
    "FOLDER",
    "volumes to validate on. Default: the folder `validation` beside the data, if it exists",
    path,
  ),
  output: option("DIR", "model folder to write, e.g. models/mine", path),
  steps: option("N", "steps of the whole run. Default: 4000, unless --hours is given", steps),
  hours: option("H", "hours of the whole run; the learning rate then follows the clock", positive),
  resume: { summary: "continue from the checkpoint in the output folder" },
  seed: {
    ...SEED.seed,
    summary: "seed of weights, images and noise",
    fallback: `${DEFAULTS.seed}`,
  },
  batch: option("N", "images in a step", whole(4096), "8"),
  crop: option("N", "pixels of each side of an image", whole(2048), "96"),
  rate: option("R", "peak learning rate", relative, "0.001"),
  "checkpoint-minutes": option("M", "minutes between checkpoints", number({ min: 0 }), "2"),
  "validate-every": option("N", "steps between validations", steps, "250"),
  from: {
    ...NETWORK,
    summary: "begin with the weights of a model of the same kind and sizes. varnet may have more " +
      "cascades than that model; modl also takes the weights of a prior",
  },
  cascades: option(
    "N",
    "cascades of varnet (default 5) and humus (3), iterations of modl (10), terms of neumann (6)",
    whole(100),
  ),
  shared: {
    summary: "all cascades of varnet share their weights. A later run with --from and without " +
      "--shared trains them separately",
  },
  channels: option(
    "N",
    "channels of the finest level of unet (default 20), varnet and neumann (16); of the features of " +
      "swinir (60) and humus (16)",
    whole(1024),
  ),
  pools: option(
    "N",
    "levels below the finest of unet (default 4), varnet and neumann (3)",
    whole(8),
  ),
  target: option(
    "NAME",
    "what the network of prior is trained to give: edm (the denoised image) or flow (the velocity of " +
      "flow matching)",
    oneOf(TARGETS),
    "edm",
  ),
  procedural: option(
    "SHARE",
    "share of the images that are drawn phantoms, 0 to 1",
    number({ min: 0, max: 1 }),
    "0",
  ),
  notes: option("FILE.md", "text on licences and limits, copied into the card of the model", path),
  threads: DEVICE.threads,
  ...COMMON,
};

export const trainCommand = command({
  usage: "deno task train NETWORK --data FOLDER --output DIR [options]",
  about: `Trains a network (${TRAINABLE.join(", ")}) ` +
    "on the volumes of a folder and writes a model folder: the network, " +
    "model.yaml, card.md, training.svg. Ctrl-C stops and keeps the checkpoint; --resume continues. " +
    "The images of a step follow from the seed and its number: a resumed run of --steps gives the " +
    "same weights as one that was never stopped.",
  options: OPTIONS,
  examples: [
    "deno task train prior --data ../shared/data/train --output models/prior-brain --hours 1",
    "deno task train prior --data ../shared/data/train --output models/mine --steps 200",
  ],
}, async (request, { console, signal }) => {
  const { inputs, cascades, channels, pools, shared, notes, ...rest } = request;
  const { config: _config, json, quiet, verbose: _, version: _version, help: _help, ...run } = rest;
  const found = inputs.join(" ");
  requireKnown(found, TRAINABLE, `Cannot train '${found}'`);
  const kind = found as Trainable;
  const { data, output } = run;
  if (data === undefined || output === undefined) {
    throw new UsageError(`Cannot train: --data and --output are required`);
  }
  const progress = new TrainingProgress(console);
  const options = {
    ...run,
    data,
    output,
    // Read at once, so that an error is not found after hours of training.
    notes: notes && new TextDecoder().decode(await readInput(notes, "the notes")),
    architecture: { cascades, channels, pools, shared: shared || undefined },
    signal,
    onProgress: (event: TrainingEvent) => quiet || progress.report(event),
  };
  const { complete, step, seconds } = await inKeptFolder(
    output,
    MODEL_FILES,
    async () =>
      kind === "prior" ? await trainPrior(options) : await trainReconstruction(kind, options),
  );
  if (!quiet) progress.end();
  if (!complete) {
    console.err(`Stopped at step ${step}; continue with --resume\n`);
    return INTERRUPTED;
  }
  console.out(json ? jsonLine({ output, step, seconds }) : `${output}\n`);
  return 0;
});
