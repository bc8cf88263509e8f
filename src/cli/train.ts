/** `deno task train`: networks trained from volumes. @module */
import { UsageError } from "../errors.ts";
import { type CommandContext, runCommand } from "./entry.ts";
import { finishPrior } from "./train_finish.ts";
import { trainRequest } from "./train_options.ts";
import { trainPrior } from "./train_prior.ts";

/** The command. */
export async function trainCommand(
  args: readonly string[],
  context: CommandContext,
): Promise<number> {
  const request = await trainRequest(args);
  if (request === undefined) return 0;
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
