/**
 * K-space in, images out: what the command line and scripts both call.
 * @module
 */
import { InputError, UsageError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { readMapsFile } from "../io/maps_file.ts";
import type { KspaceFile } from "../io/types.ts";
import type { SamplingMask } from "../mri/masks.ts";
import { measure } from "../mri/metrics.ts";
import { type MapsSource, Preparation } from "../mri/prepare.ts";
import type { Method, Problem, RunControl, Solver } from "../mri/problem.ts";
import { SSIM_WINDOW } from "../mri/ssim_map.ts";
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
import { DEFAULT_METHOD, findMethod, methodOptions } from "./methods.ts";
import { chooseSampling, type Sampling } from "./sampling.ts";
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
  const range = sliceRange(file, options.slices);
  if (options.device instanceof Runtime) {
    return await new Run(file, options, method, options.device).all(range);
  }
  await using runtime = await Runtime.open(options.device);
  return await new Run(file, options, method, runtime).all(range);
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
  readonly preparation: Preparation;
  readonly solver: Solver;
  readonly finish: Awaited<ReturnType<typeof compileFinish>>;
  readonly turn: Awaited<ReturnType<typeof compileReference>>;
  readonly leaving: FinishOptions;
}

/** How the images of a file leave, by its orientation and the size it asks for. */
export function finishOptions(file: KspaceFile, mask: SamplingMask): FinishOptions {
  const from: [number, number] = [mask.height, mask.width];
  const [height, width] = file.imageSize ?? from;
  return {
    from,
    size: [Math.min(height, from[0]), Math.min(width, from[1])],
    ...(file.outputSize && { output: file.outputSize }),
    transposed: file.transposed,
  };
}

class Run {
  readonly #file: KspaceFile;
  readonly #options: ReconstructOptions;
  readonly #method: Method;
  readonly #runtime: Runtime;
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #stages: { eigenbasis?: number } = {};
  readonly #seconds = { read: 0, calibrate: 0, reconstruct: 0 };
  #maps: NdArray | undefined;

  constructor(
    file: KspaceFile,
    options: ReconstructOptions,
    method: Method,
    runtime: Runtime,
  ) {
    this.#file = file;
    this.#options = options;
    this.#method = method;
    this.#runtime = runtime;
  }

  async all([first, end]: readonly [number, number]): Promise<Reconstruction> {
    const compiledBefore = this.#runtime.compileSeconds;
    if (this.#options.maps !== undefined) this.#maps = readMapsFile(this.#options.maps);
    const slices: SliceResult[] = [];
    for (let index = first; index < end; index++) {
      this.#options.signal?.throwIfAborted();
      slices.push(await this.#slice(index, index - first, end - first));
    }
    const volume = (pick: (slice: SliceResult) => NdArray) => stack(slices.map(pick));
    const complete = slices.every(({ reference }) => reference !== undefined);
    const magnitude = volume((slice) => slice.magnitude);
    const reference = complete ? volume((slice) => slice.reference!) : undefined;
    const { geometry, volumes = 1 } = this.#file;
    const isWhole = volumes > 1 && slices.length === this.#file.slices;
    return {
      magnitude,
      complex: volume((slice) => slice.complex),
      ...(slices[0].std === undefined ? {} : { std: volume((slice) => slice.std!) }),
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
    const kspace = await this.#timed("read", () => this.#file.readSlice(index));
    const sampling = chooseSampling(this.#options.mask, this.#file, kspace);
    const { preparation, solver, finish, turn, leaving } = await this.#compile(sampling);
    report("calibrate", 0.02);
    const prepared = await this.#timed(
      "calibrate",
      async () => await preparation.slice(kspace, await this.#mapsSource(index)),
    );
    const { image, samples } = await this.#timed(
      "reconstruct",
      () =>
        solved(solver, prepared.problem, {
          rng: new Rng(this.#options.seed ?? 0, index),
          onProgress: (fraction) => report("reconstruct", 0.1 + 0.9 * fraction),
          onStage: (stage, seconds) => this.#stages[stage] = (this.#stages[stage] ?? 0) + seconds,
          ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
        }),
    );
    const scale = scaleArray(prepared.scale);
    const { complex, magnitude } = await finish.run({ image, scale });
    requireFinite(magnitude, index);
    const result = {
      complex,
      magnitude,
      ...await this.#spread(samples, scale, leaving),
      mask: sampling.mask,
      sigma: prepared.problem.sigma,
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

  async #mapsSource(index: number): Promise<MapsSource> {
    if (!this.#method.needsMaps) return { kind: "none" };
    const all = this.#maps;
    if (all === undefined) {
      const separate = await this.#file.readCalibration?.(index);
      return { kind: this.#options.calibration ?? "espirit", ...(separate && { separate }) };
    }
    const [count, ...shape] = all.shape;
    const size = all.data.length / count;
    const at = count === 1 ? 0 : index;
    if (at >= count) {
      throw new InputError(
        `Cannot use the coil maps for slice ${index}: one set or one for each slice is required, ` +
          `found ${count}`,
      );
    }
    return { kind: "given", maps: { data: all.data.subarray(at * size, (at + 1) * size), shape } };
  }

  #compile(sampling: Sampling): Promise<Compiled> {
    const key = `${sampling.mask.kind} ${sampling.full} ${sampling.mask.values}`;
    let compiled = this.#compiled.get(key);
    if (compiled === undefined) {
      compiled = this.#create(sampling);
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #create({ mask: fileMask, full }: Sampling): Promise<Compiled> {
    const { compress } = this.#options;
    const { coils, width } = this.#file;
    if (compress !== undefined && !(Number.isInteger(compress) && compress >= 1)) {
      throw new UsageError(`Cannot compress to ${compress} coils: at least 1 is required`);
    }
    if (compress !== undefined && this.#maps !== undefined) {
      throw new UsageError(
        "Cannot compress coils and take given maps: only one of them is possible",
      );
    }
    const virtual = compress !== undefined && compress < coils && this.#method.needsMaps
      ? compress
      : undefined;
    const mask = croppedMask(fileMask, this.#file);
    const preparation = await Preparation.create(this.#runtime, {
      coils,
      mask,
      full,
      readout: width,
      ...(virtual === undefined ? {} : { compress: virtual }),
    });
    const solver = await this.#method.prepare(
      this.#runtime,
      { coils: virtual ?? coils, height: mask.height, width: mask.width, mask },
      methodOptions(this.#method, this.#options),
    );
    const leaving = finishOptions(this.#file, mask);
    return {
      preparation,
      solver,
      finish: await compileFinish(this.#runtime, leaving),
      turn: await compileReference(this.#runtime, leaving),
      leaving,
    };
  }

  async #timed<T>(stage: "read" | "calibrate" | "reconstruct", work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.#seconds[stage] += (performance.now() - start) / 1000;
    }
  }
}

/** The mask after readout oversampling is removed: lines stay, the readout is as long as the image. */
export function croppedMask(mask: SamplingMask, file: KspaceFile): SamplingMask {
  const width = file.imageSize?.[1] ?? mask.width;
  return mask.kind === "lines" && width < mask.width ? { ...mask, width } : mask;
}

interface SliceResult {
  readonly complex: NdArray;
  readonly magnitude: NdArray;
  readonly std?: NdArray;
  readonly magnitudes?: NdArray;
  readonly reference?: NdArray;
  readonly mask: SamplingMask;
  readonly sigma: number;
  readonly steps: number;
  readonly nfe: number;
  readonly drawn: number;
  readonly model?: ModelReference;
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
