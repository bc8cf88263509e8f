/** `deno task train`: networks trained from volumes. @module */
import { UsageError } from "../errors.ts";
import { type CommandContext, runCommand } from "./entry.ts";
import { helpText } from "./help.ts";
import { finishPrior } from "./train_finish.ts";
import { TRAIN_OPTIONS, trainRequest } from "./train_options.ts";
import { trainPrior } from "./train_prior.ts";

const HELP = helpText({
  usage: "deno task train prior|unet|varnet --data FOLDER --output FOLDER [options]",
  about:
    "Trains a network on the NIfTI volumes of a folder and writes a model folder: model.onnx,\n" +
    "model.yaml, card.md, training.png. Ctrl-C stops and keeps the checkpoint; --resume goes on.\n" +
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
  if (request.kind !== "prior") throw new UsageError(`Cannot train ${request.kind} yet`);
  const run = await trainPrior(request, context);
  if (!run.complete) {
    context.console.err(`Stopped at step ${run.state.step}; go on with --resume\n`);
    return 130;
  }
  await finishPrior(request, run);
  context.console.out(`${request.output}\n`);
  return 0;
}

if (import.meta.main) await runCommand(trainCommand);
