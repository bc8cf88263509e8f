/**
 * Several methods on the same data: each input is read, undersampled and calibrated once for each
 * mask, every method gets the same problems, and finished runs are kept when it is stopped.
 * @module
 */
import { createHash } from "node:crypto";
import { DeviceError, SliceError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { sha256File } from "../../io/checksum.ts";
import type { KspaceFile } from "../../io/types.ts";
import { cores } from "../../host.ts";
import { software } from "../../provenance.ts";
import { bartMethods } from "../../recon/bart.ts";
import { outputSize } from "../../recon/finish.ts";
import { predictMemory } from "../../recon/plan_memory.ts";
import { reconstructFrom } from "../../recon/reconstruct.ts";
import { reportInput } from "../../recon/report.ts";
import { requestedMask } from "../../recon/sampling.ts";
import { FileSlices, KeptSlices, outputGeometry } from "../../recon/slice_supply.ts";
import { sliceRange } from "../../recon/volume.ts";
import type { Progress } from "../../recon/types.ts";
import { type Comparison, COMPARISON_SCHEMA, type ComparisonRun } from "../comparison.ts";
import { comparedMetrics, COMPARISON_CONVENTION, NO_METRICS } from "./metrics.ts";
import { pairedDifferences } from "./paired_differences.ts";
import { withPeakMemory } from "./peak_memory.ts";
import { requireMemory, type Variant, variantModel } from "./plan.ts";
import { type OutsideImage, readOutsideImage } from "./outside_image.ts";
import { json, runKey, type RunSettings, type RunStore } from "./run_store.ts";
import type { CompareInput, CompareResult, CompareTask, CompareWatcher } from "./task.ts";

type InputRow = Comparison["inputs"][number];

/** One method on one input under one mask. */
interface Job {
  readonly task: CompareTask;
  readonly store: RunStore;
  readonly watcher: CompareWatcher;
  readonly runtime: Runtime;
  readonly supply: KeptSlices;
  readonly input: InputRow;
  readonly index: number;
  readonly mask: string | undefined;
  readonly variant: Variant;
}

/**
 * Compares. compare.json grows with each run; failed runs have rows that say why.
 * @throws {UsageError} when slices or a mask do not fit an input, before any run
 * @throws {InputError} when an input cannot be read or held in memory, before any run
 * @throws {DeviceError} when the device is not available
 */
export async function compare(
  task: CompareTask,
  store: RunStore,
  watcher: CompareWatcher,
): Promise<CompareResult> {
  await using runtime = await Runtime.open(task.device, task);
  const code = await software();
  const inputs: InputRow[] = [], runs: ComparisonRun[] = [], failures: unknown[] = [];
  for (const input of task.inputs) inputs.push(await describeInput(runtime, task, input));
  const of = inputs.length * task.masks.length * task.variants.length;
  const write = async (differences: Comparison["differences"]): Promise<Comparison> => {
    const { command, version, threads = cores() } = task;
    const { device } = runtime;
    const facts = {
      schema: COMPARISON_SCHEMA,
      command,
      version,
      software: code,
      threads,
      device,
    } as const;
    const comparison = { ...facts, convention: COMPARISON_CONVENTION, inputs, runs, differences };
    await store.writeResults({ "compare.json": json(comparison) });
    return comparison;
  };
  for (const [index, { open }] of task.inputs.entries()) {
    using file = await open(runtime);
    for (const mask of task.masks) {
      const supply = new KeptSlices(new FileSlices(runtime, file, { ...task.supply, mask }));
      inputs[index] = await withReference(runtime, store, supply, inputs[index]);
      const input = inputs[index];
      for (const variant of task.variants) {
        watcher.signal.throwIfAborted();
        const job = { task, store, watcher, runtime, supply, input, index, mask, variant };
        const { run, kept, failure } = await runOf(job);
        runs.push(run);
        if (failure !== undefined) failures.push(failure);
        watcher.onRun?.(run, { done: runs.length, of, kept });
        await write([]);
      }
    }
  }
  return { comparison: await write(pairedDifferences(runs, inputs.length)), failures };
}

/** Checks an input before the first run: its slices, the masks, and the memory it takes. */
async function describeInput(
  runtime: Runtime,
  task: CompareTask,
  { path, sha256, open }: CompareInput,
): Promise<InputRow> {
  using file = await open(runtime);
  const [first = 0, end = file.slices] = task.slices ?? [];
  const slices = sliceRange(file, [first, end]);
  for (const mask of task.masks) if (mask !== undefined) requestedMask(mask, file);
  const count = slices[1] - slices[0];
  requireMemory({ path, slices: count, needed: predictKept(file, count), free: freeMemory() });
  const stamp = JSON.stringify([sha256, path, slices, task.stamp]);
  const hash = createHash("sha256").update(stamp).digest("hex").slice(0, 10);
  return {
    ...reportInput(file, sha256),
    path,
    slices,
    reference: `reference/${hash}.npy`,
  };
}

/**
 * Complex arrays of the size of a slice that are kept for each (its k-space and its coil maps), and those
 * that a run holds beside them.
 */
const KEPT_ARRAYS = 2, RUN_ARRAYS = 20;

/** Bytes of memory for an input whose slices are all kept. */
function predictKept(file: KspaceFile, slices: number): number {
  const { coils, height, width } = file;
  const size = outputSize(outputGeometry(file, { height, width }));
  const slice = coils * height * width * 8;
  return predictMemory({ file, image: [slices, ...size] }) +
    (slices * KEPT_ARRAYS + RUN_ARRAYS) * slice;
}

function freeMemory(): number | undefined {
  try {
    return Deno.systemMemoryInfo().available;
  } catch {
    return undefined; // without --allow-sys=systemMemoryInfo
  }
}

/** Writes the reference of an input once; an undersampled input has none. */
async function withReference(
  runtime: Runtime,
  store: RunStore,
  supply: KeptSlices,
  input: InputRow,
): Promise<InputRow> {
  const { reference: path, slices } = input;
  if (path === null || await store.has(path)) return input;
  const options = { method: "rss", slices, device: runtime, audit: "none" } as const;
  const { reference } = await reconstructFrom(supply, options);
  if (reference === undefined) return { ...input, reference: null };
  await store.writeArray(path, reference);
  return input;
}

/** The run of a job: as it was kept before, made now, or failed. */
async function runOf(job: Job): Promise<{ run: ComparisonRun; kept: boolean; failure?: unknown }> {
  const { store, watcher, index, mask, variant: { name, options } } = job;
  const asked = { index, mask, method: name, ...options };
  const blank = blankRun(job, runKey(wordsOf(job), asked));
  try {
    const settings = await settingsOf(job);
    const key = runKey(wordsOf(job), settings);
    const before = await store.load(key, settings);
    if (before !== undefined) return { run: { ...before, input: index }, kept: true };
    return { run: await finishedRun(job, { ...blank, key }, settings), kept: false };
  } catch (failure) {
    watcher.signal.throwIfAborted();
    if (failure instanceof DeviceError) throw failure;
    const error = failure instanceof Error ? failure.message : String(failure);
    return { run: { ...blank, error }, kept: false, failure };
  }
}

/** The row of a run before it is made. */
function blankRun({ task, supply, index, mask, variant }: Job, key: string): ComparisonRun {
  const { name, options } = variant;
  return {
    key,
    input: index,
    mask: mask ?? "data",
    acceleration: mask === undefined ? 1 : requestedMask(mask, supply.file).acceleration,
    method: name,
    model: null,
    seed: task.seed,
    steps: options.steps ?? 0,
    samples: options.samples ?? 1,
    nfe: 0,
    seconds: 0,
    peakMemory: null,
    ...NO_METRICS,
    audit: null,
    error: null,
    files: {},
  };
}

function wordsOf({ task, index, mask, variant: { name, options } }: Job): string[] {
  const steps = options.steps === undefined ? [] : [`${options.steps}`];
  return [task.inputs[index].name, mask ?? "data", name, ...steps];
}

async function settingsOf({ task, runtime, input, mask, variant }: Job): Promise<RunSettings> {
  const { seed, audit, errorBars, added, stamp, supply, checksums, peerVersion, version } = task;
  const { path, sha256, slices } = input;
  return {
    ...stamp,
    version: bartMethods.includes(variant.method) ? [version, peerVersion ?? null] : version,
    input: sha256 ?? path,
    slices,
    mask: mask ?? null,
    maskSha256: checksums[mask ?? ""] ?? null,
    ...supply,
    mapsSha256: checksums[String(supply.maps ?? "")] ?? null,
    method: variant.name,
    ...variant.options,
    ...(variant.image && { image: await sha256File(variant.image.path) }),
    model: (await variantModel(variant))?.sha256 ?? null,
    seed,
    audit,
    ...{ ...(errorBars && { errorBars }), ...(added && { added }) }, // absent: runs of before are found
    device: runtime.device,
  };
}

async function finishedRun(
  job: Job,
  blank: ComparisonRun,
  settings: RunSettings,
): Promise<ComparisonRun> {
  const { task, store, watcher, runtime, supply, input: { slices }, variant } = job;
  if (variant.image !== undefined) return await outsideRun(job, variant.image, blank, settings);
  const { method, options } = variant;
  const onProgress = (progress: Progress) => watcher.onProgress?.(blank, progress);
  await prepare(job, onProgress);
  const prepared = ["read", "calibrate"]; // these stages are done
  const { result, peak } = await withPeakMemory(() =>
    reconstructFrom(supply, {
      ...options,
      method,
      slices,
      seed: task.seed,
      errorBars: task.errorBars ? "where-calibrated" : false,
      added: task.added,
      audit: task.audit && method.needsMaps ? "prediction" : "consistency",
      device: runtime.device,
      signal: watcher.signal,
      onProgress: (progress) => prepared.includes(progress.stage) || onProgress(progress),
    })
  );
  const { magnitude, std, error90, added, flagged } = result;
  const run: ComparisonRun = {
    ...blank,
    acceleration: result.mask.acceleration,
    model: result.model ?? null,
    steps: result.steps,
    samples: result.drawn,
    nfe: result.nfe,
    seconds: result.seconds.reconstruct / (slices[1] - slices[0]),
    peakMemory: bartMethods.includes(method) ? null : peak,
    ...comparedMetrics(magnitude, result.reference),
    audit: result.audit ?? null,
    ...(result.addedPart && { added: result.addedPart }),
    settings: result.settings,
  };
  return await store.save(run, settings, magnitude, { std, error90, added, flagged });
}

/** The row of an image that was made elsewhere; its time and memory are not known. */
async function outsideRun(
  { store, runtime, supply, input: { slices }, task }: Job,
  image: OutsideImage,
  blank: ComparisonRun,
  settings: RunSettings,
): Promise<ComparisonRun> {
  const options = { method: "sense", slices, device: runtime, seed: task.seed } as const;
  const own = await reconstructFrom(supply, { ...options, audit: "none" });
  const { magnitude, note } = await readOutsideImage(image, own);
  const metrics = comparedMetrics(magnitude, own.reference);
  const row = { ...blank, acceleration: own.mask.acceleration, note, ...metrics };
  return await store.save(row, settings, magnitude);
}

/** Reads and calibrates before the first method, so that no method's time contains it. */
async function prepare(
  { supply, watcher, input: { slices: [first, end] } }: Job,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const slices = end - first;
  for (let slice = 0; slice < slices; slice++) {
    watcher.signal.throwIfAborted();
    onProgress({ stage: "calibrate", slice, slices, fraction: 0 });
    // One that holds nothing is left zero by every method.
    await supply.read(first + slice, false).then((read) => read.prepare()).catch((error) => {
      if (!(error instanceof SliceError)) throw error;
    });
  }
}
