/** `deno task stress`: what methods do to structures and samplings they were not made for. @module */
import { join } from "node:path";
import { InputError, LarmorError } from "../../errors.ts";
import { type Device, Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { openImage } from "../../io/open.ts";
import type { ImageFile } from "../../io/types.ts";
import type { NdArray } from "../../ndarray.ts";
import { phantomImage } from "../../recon/example.ts";
import { findMethod, methodOptions } from "../../recon/methods.ts";
import {
  changeOf,
  type Condition,
  keptOf,
  runCondition,
  stressConditions,
  type StressRun,
} from "../../recon/stress.ts";
import { magnitudeOf } from "../../recon/trials.ts";
import { Rng } from "../../rng.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { VERSION_LINE } from "../options/help.ts";
import { inFreshFolder } from "./recon_job.ts";
import { parseOptions } from "../options/table.ts";
import { ProgressLine } from "../render/progress.ts";
import {
  STRESS_OPTIONS,
  stressHelp,
  type StressRequest,
  stressRequest,
} from "../options/stress.ts";
import { stressPng } from "../render/stress_picture.ts";
import { structures } from "./stress_structures.ts";
import {
  STRESS_SCHEMA,
  stressCsv,
  type StressReport,
  type StressRow,
  stressTable,
} from "../render/stress_table.ts";

/** Stream of random numbers that places the structures. */
const PLACES = 11;

/** All runs of one method; a method that fails has none after the failure. */
export interface MethodRuns {
  readonly method: string;
  readonly runs: ReadonlyMap<string, StressRun>;
  /** Why it failed, if it did. */
  readonly failure?: string;
}

/**
 * Stresses methods.
 * @returns the exit code: 0, or 1 when a method failed
 * @throws {UsageError} for a command line that makes no sense
 * @throws {InputError} when the image cannot be read or the output not written
 */
export async function stress(args: readonly string[], context: CommandContext): Promise<number> {
  const { console } = context;
  const parsed = parseOptions(STRESS_OPTIONS, args);
  if (parsed.values.help || parsed.values.version) {
    console.out(parsed.values.help ? stressHelp() : VERSION_LINE);
    return 0;
  }
  const request = stressRequest(parsed);
  await using runtime = await Runtime.open(request.device);
  using source = request.input === undefined
    ? await phantomImage(runtime, { size: request.size, seed: request.seed })
    : await openImage(request.input);
  const { image, slice } = await oneSlice(source, request);
  const conditions = stressConditions({
    image,
    structures: structures(),
    brightness: request.brightness,
    mask: request.mask,
    simulation: request.simulation,
    seed: request.seed,
    rng: new Rng(request.seed, PLACES),
  });
  return await inFreshFolder(request.output, async (folder) => {
    const all: MethodRuns[] = [];
    for (const method of request.methods) {
      all.push(await methodRuns(runtime, method, conditions, request, context));
    }
    const report = reportOf(source.path, slice, runtime.device, request, conditions, all);
    await writeAll(folder, report, stressPng(conditions, all));
    console.out(request.json ? `${JSON.stringify(report)}\n` : stressTable(report));
    return all.some(({ failure }) => failure !== undefined) ? 1 : 0;
  });
}

async function oneSlice(
  source: ImageFile,
  { slice = Math.floor(source.slices / 2) }: StressRequest,
): Promise<{ image: NdArray; slice: number }> {
  if (slice >= source.slices) {
    throw new InputError(
      `Cannot take slice ${slice} of ${source.path}: a slice below ${source.slices} is required`,
    );
  }
  return { image: await source.readSlice(slice), slice };
}

async function methodRuns(
  runtime: Runtime,
  name: string,
  conditions: readonly Condition[],
  { asked, simulation, quiet, methods }: StressRequest,
  { console, signal }: CommandContext,
): Promise<MethodRuns> {
  const runs = new Map<string, StressRun>();
  using line = new ProgressLine(console, name, { quiet });
  const method = findMethod(name);
  // What a method cannot be told (samples, a model) is left out: the others are told.
  const { model, samples, ...plain } = asked;
  const options = methodOptions(method, {
    ...plain,
    ...(method.samples && samples !== undefined ? { samples } : {}),
    ...(method.samples && model !== undefined ? { model } : {}),
  });
  try {
    for (const [done, condition] of conditions.entries()) {
      signal.throwIfAborted();
      line.update({
        stage: condition.name,
        slice: methods.indexOf(name),
        slices: methods.length,
        fraction: done / conditions.length,
      });
      const told = { ...options, method: name, simulation, signal };
      runs.set(condition.name, await runCondition(runtime, condition, told));
    }
  } catch (error) {
    if (!(error instanceof LarmorError)) throw error;
    console.err(`${name}: ${error.message}\n`);
    return { method: name, runs, failure: error.message };
  }
  return { method: name, runs };
}

function reportOf(
  path: string,
  slice: number,
  device: Device,
  request: StressRequest,
  conditions: readonly Condition[],
  all: readonly MethodRuns[],
): StressReport {
  return {
    schema: STRESS_SCHEMA,
    version: VERSION_LINE.trim(),
    input: { path, slice },
    simulation: request.simulation,
    brightness: request.brightness,
    device,
    conditions: conditions.map(({ name, kind, summary, mask, noise, seed }) => ({
      name,
      kind,
      summary,
      mask: mask.text,
      noise,
      seed,
    })),
    rows: all.flatMap((method) => rowsOf(method, conditions)),
  };
}

function rowsOf(
  { method, runs, failure }: MethodRuns,
  conditions: readonly Condition[],
): StressRow[] {
  const base = runs.get("base");
  return conditions.map(({ name, kind, added, image }): StressRow => {
    const run = runs.get(name);
    if (run === undefined || base === undefined) {
      return { method, condition: name, head: null, error: failure ?? "not run" };
    }
    return {
      method,
      condition: name,
      head: run.head,
      verdict: run.verdict,
      seconds: Number(run.seconds.toFixed(3)),
      ...(added === undefined ? {} : { structure: keptOf(added, run.magnitude, base.magnitude) }),
      ...(kind === "shift"
        ? { change: changeOf(run.magnitude, base.magnitude, magnitudeOf(image)) }
        : {}),
      error: null,
    };
  });
}

async function writeAll(
  folder: string,
  report: StressReport,
  picture: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const text = (content: string) => new TextEncoder().encode(content);
  await writeFileWhole(
    join(folder, "stress.json"),
    text(`${JSON.stringify(report, undefined, 2)}\n`),
  );
  await writeFileWhole(join(folder, "stress.csv"), text(stressCsv(report)));
  await writeFileWhole(join(folder, "stress.png"), picture);
}

if (import.meta.main) await runCommand(stress);
