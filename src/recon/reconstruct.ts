/**
 * K-space in, images out: what the command line and scripts both call.
 * @module
 */
import { UsageError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import type { KspaceFile } from "../io/types.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { measure } from "../mri/metrics/metrics.ts";
import type { Method, Problem, RunControl, Solver } from "../method/problem.ts";
import { SSIM_WINDOW } from "../mri/metrics/ssim_map.ts";
import { meanOf, type NdArray, sizeOf, zeros } from "../ndarray.ts";
import type { ModelReference } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  compileFinish,
  compileReference,
  compileSpread,
  type FinishOptions,
  scaleArray,
} from "./finish.ts";
import { type Audit, type SliceAudit, volumeAudit } from "./audit/audit.ts";
import { spreadFigures } from "./audit/spread.ts";
import { Auditor } from "./audit/auditor.ts";
import { DEFAULT_METHOD, findMethod, methodOptions } from "./methods.ts";
import { preparedSolver } from "./partial_fourier.ts";
import { FileSlices, type ReadSlice, type SliceSupply } from "./slice_supply.ts";
import type { Progress, Reconstruction, ReconstructOptions } from "./types.ts";

export type { Progress, Reconstruction, ReconstructOptions, Seconds } from "./types.ts";

/**
 * Reconstructs k-space.
 *
 * @param file from `readKspace`; slices are read one by one
 * @throws {UsageError} for an unknown method or a range of slices that is not there
 * @throws {InputError} when the data make no sense or lack what the method needs
 * @throws {DeviceError} when the device is not available
 */
export async function reconstruct(
  file: KspaceFile,
  options: ReconstructOptions = {},
): Promise<Reconstruction> {
  const method = findMethod(options.method ?? DEFAULT_METHOD);
  sliceRange(file, options.slices);
  if (options.device instanceof Runtime) {
    return await reconstructFrom(new FileSlices(options.device, file, options), options, method);
  }
  await using runtime = await Runtime.open(options.device);
  const slices = new FileSlices(runtime, file, options);
  return await reconstructFrom(slices, { ...options, device: runtime }, method);
}

/**
 * Reconstructs slices that are supplied, so that several methods can share what was prepared once.
 * Of the options those that decide what is supplied (`mask`, `maps`, `calibration`, `compress`) do
 * not count.
 * @param method what `options.method` names, or one of elsewhere
 * @throws as {@link reconstruct}
 */
export async function reconstructFrom(
  supply: SliceSupply,
  options: ReconstructOptions = {},
  method: Method = findMethod(options.method ?? DEFAULT_METHOD),
): Promise<Reconstruction> {
  const range = sliceRange(supply.file, options.slices);
  if (options.device instanceof Runtime) {
    return await new Run(supply, options, method, options.device).all(range);
  }
  await using runtime = await Runtime.open(options.device);
  return await new Run(supply, options, method, runtime).all(range);
}

/**
 * First slice and the one after the last.
 * @throws {UsageError} when the range is empty or reaches outside the file
 */
export function sliceRange(
  file: KspaceFile,
  slices: readonly [number, number] = [0, file.slices],
): readonly [number, number] {
  const [first, end] = slices;
  if (
    !Number.isInteger(first) || !Number.isInteger(end) || first < 0 || end > file.slices ||
    first >= end
  ) {
    throw new UsageError(
      `Cannot take slices ${first}:${end} of ${file.path}: a range within 0:${file.slices} is required`,
    );
  }
  return [first, end];
}

/** Everything compiled for one sampling. */
interface Compiled {
  readonly solver: Solver;
  readonly finish: Awaited<ReturnType<typeof compileFinish>>;
  readonly turn: Awaited<ReturnType<typeof compileReference>>;
}

class Run {
  readonly #supply: SliceSupply;
  readonly #options: ReconstructOptions;
  readonly #method: Method;
  readonly #runtime: Runtime;
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #stages: { eigenbasis?: number } = {};
  readonly #seconds = { read: 0, calibrate: 0, reconstruct: 0, audit: 0 };
  readonly #auditor: Auditor;

  constructor(
    supply: SliceSupply,
    options: ReconstructOptions,
    method: Method,
    runtime: Runtime,
  ) {
    this.#supply = supply;
    this.#options = options;
    this.#method = method;
    this.#runtime = runtime;
    this.#auditor = new Auditor(runtime, {
      method,
      options: methodOptions(method, options),
      level: options.audit ?? "consistency",
      seed: options.seed ?? 0,
    });
  }

  async all([first, end]: readonly [number, number]): Promise<Reconstruction> {
    const compiledBefore = this.#runtime.compileSeconds;
    const slices: SliceResult[] = [];
    for (let index = first; index < end; index++) {
      this.#options.signal?.throwIfAborted();
      slices.push(await this.#slice(index, index - first, end - first));
    }
    const volume = (pick: (slice: SliceResult) => NdArray) => stack(slices.map(pick));
    const complete = slices.every(({ reference }) => reference !== undefined);
    const magnitude = volume((slice) => slice.magnitude);
    const reference = complete ? volume((slice) => slice.reference!) : undefined;
    const std = slices[0].std === undefined ? undefined : volume((slice) => slice.std!);
    const { geometry, volumes = 1, slices: inFile } = this.#supply.file;
    const isWhole = volumes > 1 && slices.length === inFile;
    return {
      magnitude,
      complex: volume((slice) => slice.complex),
      ...(std === undefined ? {} : { std }),
      ...(slices[0].magnitudes === undefined ? {} : { samples: sampleVolumes(slices) }),
      ...(reference === undefined ? {} : { reference }),
      metrics: reference === undefined || !isMeasurable(reference)
        ? null
        : measure(magnitude, reference),
      ...(geometry === undefined ? {} : { geometry }),
      ...(isWhole ? { volumes } : {}),
      mask: slices[0].mask,
      method: this.#method.name,
      ...(slices[0].model === undefined ? {} : { model: slices[0].model }),
      device: this.#runtime.device,
      steps: slices[0].steps,
      nfe: slices[0].nfe,
      drawn: slices[0].drawn,
      sigma: slices.map(({ sigma }) => sigma),
      ...(slices[0].misfit === undefined ? {} : { misfit: slices.map(({ misfit }) => misfit!) }),
      ...auditOf(slices, std && spreadFigures(magnitude, std, first)),
      seconds: {
        ...this.#seconds,
        ...this.#stages,
        compile: this.#runtime.compileSeconds - compiledBefore,
      },
    };
  }

  async #slice(index: number, done: number, slices: number): Promise<SliceResult> {
    const report = (stage: Progress["stage"], part: number) =>
      this.#options.onProgress?.({ stage, slice: done, slices, fraction: (done + part) / slices });
    report("read", 0);
    const { needsMaps } = this.#method;
    const slice = await this.#timed("read", () => this.#supply.read(index, needsMaps));
    const { solver, finish, turn } = await this.#compile(slice);
    report("calibrate", 0.02);
    const prepared = await this.#timed("calibrate", () => slice.prepare());
    const { problem } = prepared;
    const share = this.#auditor.predicts ? 0.45 : 0.9;
    const control = (stage: "reconstruct" | "audit", from: number): RunControl => ({
      rng: new Rng(this.#options.seed ?? 0, (this.#options.firstSlice ?? 0) + index),
      onProgress: (fraction) => report(stage, from + share * fraction),
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
    });
    let misfit: number | undefined;
    const { image, samples } = await this.#timed(
      "reconstruct",
      () =>
        solved(solver, problem, {
          ...control("reconstruct", 0.1),
          onStage: (stage, seconds) => this.#stages[stage] = (this.#stages[stage] ?? 0) + seconds,
          onMisfit: (sigma) => misfit = sigma,
        }),
    );
    const scale = scaleArray(prepared.scale);
    const { complex, magnitude } = await finish.run({ image, scale });
    requireFinite(magnitude, index);
    const { key, geometry } = slice;
    const audited = this.#auditor.active
      ? await this.#timed("audit", () =>
        this.#auditor.slice(
          { index, key, geometry, problem, image },
          control("audit", 0.1 + share),
        ))
      : undefined;
    const result = {
      complex,
      magnitude,
      ...await this.#spread(samples, scale, slice.leaving),
      mask: slice.sampling.mask,
      sigma: problem.sigma,
      ...(misfit === undefined ? {} : { misfit }),
      ...(audited === undefined ? {} : { audit: audited }),
      steps: solver.steps,
      nfe: solver.nfe,
      drawn: solver.samples ?? 1,
      ...(solver.model === undefined ? {} : { model: solver.model }),
    };
    if (prepared.reference === undefined) return result;
    const { turned } = await turn.run({ reference: prepared.reference });
    return { ...result, reference: turned };
  }

  /** Standard deviation of the samples' magnitudes, and these if they are to be kept. */
  async #spread(samples: NdArray | undefined, scale: NdArray, leaving: FinishOptions) {
    if (samples === undefined || samples.shape[0] < 2) return {};
    const spread = await compileSpread(this.#runtime, leaving, samples.shape[0]);
    const { magnitudes, std } = await spread.run({ samples, scale });
    return { std, ...(this.#options.keepSamples ? { magnitudes } : {}) };
  }

  #compile(slice: ReadSlice): Promise<Compiled> {
    let compiled = this.#compiled.get(slice.key);
    if (compiled === undefined) {
      compiled = this.#create(slice);
      this.#compiled.set(slice.key, compiled);
    }
    return compiled;
  }

  async #create({ geometry, leaving }: ReadSlice): Promise<Compiled> {
    const options = methodOptions(this.#method, this.#options);
    return {
      solver: await preparedSolver(this.#runtime, this.#method, geometry, options),
      finish: await compileFinish(this.#runtime, leaving),
      turn: await compileReference(this.#runtime, leaving),
    };
  }

  async #timed<T>(stage: TimedStage, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds[stage] += (performance.now() - start) / 1000;
    }
  }
}

type TimedStage = "read" | "calibrate" | "reconstruct" | "audit";

interface SliceResult {
  readonly complex: NdArray;
  readonly magnitude: NdArray;
  readonly std?: NdArray;
  readonly magnitudes?: NdArray;
  readonly reference?: NdArray;
  readonly mask: SamplingMask;
  readonly sigma: number;
  readonly misfit?: number;
  readonly audit?: SliceAudit;
  readonly steps: number;
  readonly nfe: number;
  readonly drawn: number;
  readonly model?: ModelReference;
}

/** The audit of the volume, if its slices were audited. */
function auditOf(slices: readonly SliceResult[], spread?: Audit["spread"]): { audit?: Audit } {
  const audited = slices.flatMap(({ audit }) => audit ?? []);
  return audited.length === 0 ? {} : { audit: volumeAudit(audited, spread ?? undefined) };
}

/** The image, and the samples whose mean it is where the method draws samples. */
async function solved(
  solver: Solver,
  problem: Problem,
  control: RunControl,
): Promise<{ image: NdArray; samples?: NdArray }> {
  if (solver.sample === undefined) return { image: await solver.solve(problem, control) };
  const samples = await solver.sample(problem, control);
  return { image: meanOf(samples), samples };
}

/** The volume of each sample, from the samples of each slice. */
function sampleVolumes(slices: readonly SliceResult[]): NdArray[] {
  const [count, ...shape] = slices[0].magnitudes!.shape;
  const size = sizeOf(shape);
  return Array.from({ length: count }, (_, sample) =>
    stack(slices.map(({ magnitudes }) => ({
      data: magnitudes!.data.subarray(sample * size, (sample + 1) * size),
      shape,
    }))));
}

function stack(arrays: readonly NdArray[]): NdArray {
  const whole = zeros([arrays.length, ...arrays[0].shape]);
  arrays.forEach(({ data }, i) => whole.data.set(data, i * data.length));
  return whole;
}

/** SSIM needs a whole window; smaller images have no metrics. */
function isMeasurable({ shape: [, rows, columns] }: NdArray): boolean {
  return Math.min(rows, columns) >= SSIM_WINDOW;
}

function requireFinite({ data }: NdArray, index: number): void {
  if (!data.every(Number.isFinite)) {
    throw new Error(`The reconstruction of slice ${index} diverged: it holds NaN or Inf`);
  }
}
