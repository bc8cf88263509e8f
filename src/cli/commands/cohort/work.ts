/** `cohort work`: the process that `cohort run` starts for a shard. Its orders come from stdin. @module */
import { CohortFolder } from "../../../cohort/folder.ts";
import { work as workOff, type WorkerEvent, type WorkerOrder } from "../../../cohort/worker.ts";
import { UsageError } from "../../../errors.ts";
import { jsonLine } from "../../files.ts";
import { cohortMethods } from "../../options/cohort.ts";
import { command } from "../../options/help.ts";
import { HELP } from "../../options/shared.ts";
import { outputGuard } from "../../output_guard.ts";
import { oneFolder } from "./folder.ts";

export const work = command({
  usage: "deno task cohort work DIR",
  about:
    "Reconstructs the slices that it is told on stdin. cohort run starts it; nobody else needs it.",
  options: HELP,
  examples: [],
}, async ({ inputs }, { console, signal }) => {
  const folder = await CohortFolder.open(oneFolder(inputs, "work on"));
  const { plan } = folder;
  Deno.chdir(plan.folder);
  const lines = linesOf(Deno.stdin.readable);
  const { value } = await lines.next();
  if (value === undefined) throw new UsageError("Cannot work: an order on stdin is required");
  const order: WorkerOrder = JSON.parse(value);
  // The end of stdin is that of the process that gave the order.
  const alone = new AbortController();
  void lines.next().then(() => alone.abort(new Error("the process that gave the order is gone")));
  await workOff(folder, order, cohortMethods(plan.options), {
    guard: outputGuard,
    signal: AbortSignal.any([signal, alone.signal]),
    tell: (event: WorkerEvent) => console.out(jsonLine(event)),
  });
  return 0;
});

async function* linesOf(input: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of input.pipeThrough(new TextDecoderStream())) {
    const lines = `${rest}${text}`.split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
