/**
 * Several methods on the same data: each input is read, undersampled and calibrated once for each
 * mask, every method gets the same problems, and finished runs are kept when it is stopped.
 * @module
 */
import { createHash } from "node:crypto";
import { DeviceError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import type { KspaceFile } from "../../io/types.ts";
import { bartMethods } from "../../recon/bart.ts";
import { outputSize } from "../../recon/finish.ts";
import { sliceRange } from "../../recon/options.ts";
import { predictMemory } from "../../recon/plan.ts";
import { reconstructFrom } from "../../recon/reconstruct.ts";
import { fileShape } from "../../recon/report.ts";
import { requestedMask } from "../../recon/sampling.ts";
import { FileSlices, KeptSlices, outputGeometry } from "../../recon/slice_supply.ts";
import type { Progress } from "../../recon/types.ts";
import { type Comparison, COMPARISON_SCHEMA, type ComparisonRun } from "../comparison.ts";
import { comparedMetrics, COMPARISON_CONVENTION, NO_METRICS } from "./metrics.ts";
import { pairedDifferences } from "./paired_differences.ts";
import { withPeakMemory } from "./peak_memory.ts";
import { requireMemory, type Variant, variantModel } from "./plan.ts";
import { json, runKey, type RunSettings, type RunStore } from "./run_store.ts";
import type { CompareInput, CompareResult, CompareTask, CompareWatcher } from "./task.ts";

type InputRow = Comparison["inputs"][number];

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
  await using runtime = await Runtime.open(task.device);
  const inputs: InputRow[] = [];
  for (const input of task.inputs) inputs.push(await describeInput(runtime, task, input));
  return await new Comparing(task, store, watcher, runtime, inputs).run();
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
    path,
    sha256,
    format: file.format,
    shape: fileShape(file),
    slices,
    reference: `reference/${hash}.npy`,
  };
}

/** Complex arrays of the size of a slice that are kept: its k-space and its coil maps. */
const KEPT_ARRAYS = 2;

/** Bytes of memory for an input whose slices are all kept: see `predictMemory`. */
function predictKept(file: KspaceFile, slices: number): number {
  const { coils, height, width } = file;
  const size = outputSize(outputGeometry(file, { height, width }));
  const needs = { file, solverCoils: coils, image: [slices, ...size] };
  return predictMemory(needs) + slices * KEPT_ARRAYS * coils * height * width * 8;
}

function freeMemory(): number | undefined {
  try {
    return Deno.systemMemoryInfo().available;
  } catch {
    return undefined; // without --allow-sys=systemMemoryInfo
  }
}

class Comparing {
  readonly #task: CompareTask;
  readonly #store: RunStore;
  readonly #watcher: CompareWatcher;
  readonly #runtime: Runtime;
  readonly #inputs: InputRow[];
  readonly #runs: ComparisonRun[] = [];
  readonly #failures: unknown[] = [];

  constructor(
    task: CompareTask,
    store: RunStore,
    watcher: CompareWatcher,
    runtime: Runtime,
    inputs: readonly InputRow[],
  ) {
    this.#task = task;
    this.#store = store;
    this.#watcher = watcher;
    this.#runtime = runtime;
    this.#inputs = [...inputs];
  }

  async run(): Promise<CompareResult> {
    for (const index of this.#inputs.keys()) {
      using file = await this.#task.inputs[index].open(this.#runtime);
      for (const mask of this.#task.masks) await this.#mask(file, index, mask);
    }
    const differences = pairedDifferences(this.#runs, this.#inputs.length);
    const comparison = { ...this.#snapshot(), differences };
    await this.#store.write("compare.json", json(comparison));
    return { comparison, failures: this.#failures };
  }

  #snapshot(): Comparison {
    const { command, version } = this.#task;
    return {
      schema: COMPARISON_SCHEMA,
      command,
      version,
      device: this.#runtime.device,
      convention: COMPARISON_CONVENTION,
      inputs: this.#inputs,
      runs: this.#runs,
      differences: [],
    };
  }

  async #mask(file: KspaceFile, index: number, mask: string | undefined): Promise<void> {
    const slices = new FileSlices(this.#runtime, file, { ...this.#task.supply, mask });
    const supply = new KeptSlices(slices);
    await this.#reference(supply, index);
    for (const variant of this.#task.variants) {
      this.#watcher.signal.throwIfAborted();
      await this.#run(supply, { index, mask, variant });
      await this.#store.write("compare.json", json(this.#snapshot()));
    }
  }

  /** Writes the reference of an input once; an undersampled input has none. */
  async #reference(supply: KeptSlices, index: number): Promise<void> {
    const { reference: path, slices } = this.#inputs[index];
    if (path === null || await this.#store.has(path)) return;
    const options = { method: "rss", slices, device: this.#runtime, audit: "none" } as const;
    const { reference } = await reconstructFrom(supply, options);
    if (reference === undefined) this.#inputs[index] = { ...this.#inputs[index], reference: null };
    else await this.#store.writeArray(path, reference);
  }

  async #run(supply: KeptSlices, place: Place): Promise<void> {
    const blank = this.#blank(supply.file, place);
    let run: ComparisonRun, kept = false;
    try {
      const settings = await this.#settings(place);
      const key = runKey(this.#words(place), settings);
      const before = await this.#store.load(key, settings);
      kept = before !== undefined;
      run = before === undefined
        ? await this.#finished(supply, place, { ...blank, key }, settings)
        : { ...before, input: place.index };
    } catch (error) {
      this.#watcher.signal.throwIfAborted();
      if (error instanceof DeviceError) throw error;
      this.#failures.push(error);
      run = { ...blank, error: error instanceof Error ? error.message : String(error) };
    }
    this.#runs.push(run);
    const of = this.#inputs.length * this.#task.masks.length * this.#task.variants.length;
    this.#watcher.onRun?.(run, { done: this.#runs.length, of, kept });
  }

  /** The row of a run before it is made. */
  #blank(file: KspaceFile, { index, mask, variant: { method, options } }: Place): ComparisonRun {
    const asked = { index, mask, method: method.name, ...options };
    return {
      key: runKey(this.#words({ index, mask, variant: { method, options } }), asked),
      input: index,
      mask: mask ?? "data",
      acceleration: mask === undefined ? 1 : requestedMask(mask, file).acceleration,
      method: method.name,
      model: null,
      seed: this.#task.seed,
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

  #words({ index, mask, variant: { method, options } }: Place): string[] {
    const steps = options.steps === undefined ? [] : [`${options.steps}`];
    return [this.#task.inputs[index].name, mask ?? "data", method.name, ...steps];
  }

  async #settings({ index, mask, variant }: Place): Promise<RunSettings> {
    const { seed, audit, stamp, supply, checksums, peerVersion, version } = this.#task;
    const { path, sha256, slices } = this.#inputs[index];
    return {
      ...stamp,
      version: bartMethods.includes(variant.method) ? [version, peerVersion ?? null] : version,
      input: sha256 ?? path,
      slices,
      mask: mask ?? null,
      maskSha256: checksums[mask ?? ""] ?? null,
      ...supply,
      mapsSha256: checksums[String(supply.maps ?? "")] ?? null,
      method: variant.method.name,
      ...variant.options,
      model: (await variantModel(variant))?.sha256 ?? null,
      seed,
      audit,
      device: this.#runtime.device,
    };
  }

  async #finished(
    supply: KeptSlices,
    { index, mask, variant: { method, options } }: Place,
    blank: ComparisonRun,
    settings: RunSettings,
  ): Promise<ComparisonRun> {
    const { seed, audit } = this.#task;
    const { signal } = this.#watcher;
    const { slices } = this.#inputs[index];
    const about = { mask: mask ?? "data", method: method.name };
    const onProgress = (progress: Progress) => this.#watcher.onProgress?.(about, progress);
    await this.#prepare(supply, slices, onProgress);
    const prepared = ["read", "calibrate"]; // these stages are done
    const { result, peak } = await withPeakMemory(() =>
      reconstructFrom(supply, {
        ...options,
        method,
        slices,
        seed,
        audit: audit && method.needsMaps ? "prediction" : "consistency",
        device: this.#runtime.device,
        signal,
        onProgress: (progress) => prepared.includes(progress.stage) || onProgress(progress),
      })
    );
    const run: ComparisonRun = {
      ...blank,
      acceleration: result.mask.acceleration,
      model: result.model ?? null,
      steps: result.steps,
      samples: result.drawn,
      nfe: result.nfe,
      seconds: result.seconds.reconstruct / (slices[1] - slices[0]),
      peakMemory: bartMethods.includes(method) ? null : peak,
      ...comparedMetrics(result.magnitude, result.reference),
      audit: result.audit ?? null,
    };
    return await this.#store.save(run, settings, result.magnitude, result.std);
  }

  /** Reads and calibrates before the first method, so that no method's time contains it. */
  async #prepare(
    supply: KeptSlices,
    [first, end]: readonly [number, number],
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    const slices = end - first;
    for (let slice = 0; slice < slices; slice++) {
      this.#watcher.signal.throwIfAborted();
      onProgress({ stage: "calibrate", slice, slices, fraction: 0 });
      const read = await supply.read(first + slice, false);
      await read.prepare();
    }
  }
}

/** Which run it is. */
interface Place {
  readonly index: number;
  readonly mask: string | undefined;
  readonly variant: Variant;
}
