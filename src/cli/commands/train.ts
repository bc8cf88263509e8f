/** `deno task train`: networks trained from volumes. @module */
import { InputError } from "../../errors.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { helpText } from "../options/help.ts";
import { finishPrior } from "../../train/finish_prior.ts";
import { TRAIN_OPTIONS, type TrainRequest, trainRequest } from "../options/train.ts";
import { trainPrior } from "../../train/train_prior.ts";
import { type ReconKind, trainRecon } from "../../train/train_reconstruction.ts";
import { finishRecon } from "../../train/finish_reconstruction.ts";

const HELP = helpText({
  usage: "deno task train prior|unet|varnet|modl --data FOLDER --output FOLDER [options]",
  about: "Trains a network on the NIfTI volumes of a folder and writes a model folder: the\n" +
    "network, model.yaml, card.md, training.png. Ctrl-C stops and keeps the checkpoint; --resume goes on.\n" +
    "What a step draws follows from the seed and its number: a resumed run of --steps gives the\n" +
    "same weights as one that was never stopped. With --hours the learning rate follows the clock.",
  options: TRAIN_OPTIONS,
  examples: [
    "deno task train prior --data ../shared/data/train --output models/prior-brain --hours 1",
    "deno task train prior --data ../shared/data/train --output models/mine --steps 200",
  ],
});

/** The command. */
export async function trainCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const request = await trainRequest(args);
  if (request === undefined) {
    context.console.out(HELP);
    return 0;
  }
  await requireNotes(request);
  const step = request.kind === "prior"
    ? await prior(request, context)
    : await recon(request.kind, request, context);
  if (step !== undefined) {
    context.console.err(`Stopped at step ${step}; go on with --resume\n`);
    return INTERRUPTED;
  }
  context.console.out(`${request.output}\n`);
  return 0;
}

/** Says at once, not after hours of training, that the notes cannot be read. */
async function requireNotes({ notes }: TrainRequest): Promise<void> {
  if (notes === undefined) return;
  await Deno.stat(notes).catch((cause) => {
    throw new InputError(`Cannot read the notes ${notes}: ${cause.message}`, { cause });
  });
}

/** Exit code of a run that was stopped. */
const INTERRUPTED = 130;

/** The step at which it stopped; undefined when it is done. */
async function prior(request: TrainRequest, context: CommandContext): Promise<number | undefined> {
  const run = await trainPrior(request, context);
  if (!run.complete) return run.state.step;
  await finishPrior(request, run);
}

async function recon(
  kind: ReconKind,
  request: TrainRequest,
  context: CommandContext,
): Promise<number | undefined> {
  const run = await trainRecon(kind, request, context);
  if (!run.complete) return run.state.step;
  await finishRecon(kind, request, run);
}

if (import.meta.main) await runCommand(trainCommand);
