/** `deno task simulate`: an image in, multi-coil k-space with the truth in it out. @module */
import { Runtime } from "../../graph/mod.ts";
import { openImage } from "../../io/open.ts";
import type { ImageFile } from "../../io/types.ts";
import { phantomImage } from "../../recon/example.ts";
import { sliceRange } from "../../recon/reconstruct.ts";
import { requestedMask } from "../../recon/sampling.ts";
import { simulatedKspace } from "../../recon/simulated.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { VERSION_LINE } from "../options/help.ts";
import { parseOptions } from "../options/table.ts";
import { ProgressLine } from "../render/progress.ts";
import {
  SIMULATE_OPTIONS,
  simulateHelp,
  type SimulateRequest,
  simulateRequest,
} from "../options/simulate.ts";
import { type SimulatedContent, WRITERS } from "./simulate_output.ts";

/** Name and version of the layout of what `--json` prints. */
const SCHEMA = "larmor.simulate/1";

/**
 * Simulates k-space.
 * @returns the exit code
 * @throws {UsageError} for a command line that makes no sense
 * @throws {InputError} when the image cannot be read or the output not written
 */
export async function simulate(args: readonly string[], context: CommandContext): Promise<number> {
  const { console } = context;
  const parsed = parseOptions(SIMULATE_OPTIONS, args);
  if (parsed.values.help || parsed.values.version) {
    console.out(parsed.values.help ? simulateHelp() : VERSION_LINE);
    return 0;
  }
  const request = simulateRequest(parsed);
  await using runtime = await Runtime.open(request.device);
  using image = await openSource(runtime, request);
  const content = await simulatedContent(runtime, image, request, context);
  await WRITERS[request.format](request.output, content);
  console.out(request.json ? jsonLine(image, request, content) : resultText(request, content));
  return 0;
}

async function openSource(runtime: Runtime, request: SimulateRequest): Promise<ImageFile> {
  const { input, phantom } = request;
  return input === undefined ? await phantomImage(runtime, phantom) : await openImage(input);
}

/** What the writers need: the slices of k-space one by one, and the truth. */
async function simulatedContent(
  runtime: Runtime,
  image: ImageFile,
  { slices, simulation, mask: spec, quiet }: SimulateRequest,
  { console, signal }: CommandContext,
): Promise<SimulatedContent> {
  const file = await simulatedKspace(runtime, image, simulation);
  const [first, end] = sliceRange(file, [slices?.[0] ?? 0, slices?.[1] ?? file.slices]);
  const mask = spec === undefined ? undefined : requestedMask(spec, file);
  const count = end - first;
  return {
    file,
    slices: count,
    ...(mask === undefined ? {} : { mask }),
    truth: (slice) => file.readTruth(first + slice),
    kspace: async (slice) => {
      signal.throwIfAborted();
      using line = new ProgressLine(console, image.path, { quiet });
      line.update({ stage: "simulate", slice, slices: count, fraction: slice / count });
      return await file.readSlice(first + slice);
    },
  };
}

function resultText(
  { output, simulation: { coils, noise } }: SimulateRequest,
  { file, slices, mask }: SimulatedContent,
): string {
  const sampling = mask === undefined ? "all lines" : mask.spec;
  return `${output}: slice ${slices}, coil ${coils}, readout ${file.width}, phase ${file.height}; ` +
    `noise ${noise}, ${sampling}\n`;
}

function jsonLine(
  image: ImageFile,
  { output, simulation }: SimulateRequest,
  { file, slices, mask }: SimulatedContent,
): string {
  return `${
    JSON.stringify({
      schema: SCHEMA,
      input: { path: image.path, format: image.format },
      output: { path: output, slices, coils: file.coils, readout: file.width, phase: file.height },
      ...simulation,
      mask: mask?.spec ?? null,
    })
  }\n`;
}

if (import.meta.main) await runCommand(simulate);
