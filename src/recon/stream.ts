/**
 * K-space in, images out, slice by slice: what `reconstruct` and all commands are made of. The graphs
 * are compiled once for all slices of one sampling.
 * @module
 */
import { DivergenceError, SliceError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import type { KspaceFile } from "../io/types.ts";
import type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry,
  Solver,
} from "../method/problem.ts";
import { type NdArray, ndarray, onlyOf, sizeOf } from "../ndarray.ts";
import { once } from "../once.ts";
import { Rng } from "../rng.ts";
import type { SamplerSettings, Settings } from "../samplers/mod.ts";
import { distinct, type Warning } from "../warning.ts";
import { Auditor } from "./audit/auditor.ts";
import { emptySlice } from "./empty_slice.ts";
import { compileFinish, compileReference, compileSpread, type OutputGeometry } from "./finish.ts";
import { clockOf } from "./clock.ts";
import { checkOptions, chosenMethod, methodOptions } from "./methods.ts";
import { MapUpdates, solved } from "./solve.ts";
import { preparedSolver } from "./partial_fourier.ts";
import type { PreparedSlice } from "./prepare.ts";
import { FileSlices, type SliceSupply } from "./slice_supply.ts";
import { sliceRange } from "./volume.ts";
import type { Progress, ReconstructedSlice, ReconstructOptions } from "./types.ts";

/** Parts of the progress of a slice: reading it, and reading and calibrating it. */
const READING_SHARE = 0.02;
const PREPARING_SHARE = 0.1;

/** A reconstruction that is open: slices come when they are asked for. */
export interface ReconstructionStream extends AsyncIterable<ReconstructedSlice>, AsyncDisposable {
  /**
   * Reconstructs one slice of the file. One that cannot be read, or holds nothing, is left zero and
   * says so (`failure`, and a warning). Call `close` when no more are wanted, or declare the stream
   * with `await using`.
   * @throws as `reconstruct`
   */
  slice(index: number): Promise<ReconstructedSlice>;
  /** Releases the compiled graphs. The end of a loop over the stream does so too. */
  close(): Promise<void>;
}

/**
 * Opens a reconstruction whose slices are read, reconstructed and given one after the other, so that
 * a volume need not be in memory.
 *
 * @param file from `readKspace` or `kspaceFromArray`; it stays open
 * @throws {UsageError} for an unknown option, method or setting, or slices that are not there
 * @example
 * ```ts
 * import { openReconstruction, simulatedBrain } from "@larmor/larmor";
 *
 * using kspace = await simulatedBrain({ size: 32, coils: 2 });
 * for await (const slice of openReconstruction(kspace, { method: "sense", device: "cpu" })) {
 *   console.assert(`${slice.magnitude.shape}` === "32,32");
 * }
 * ```
 */
export function openReconstruction<S extends Settings = SamplerSettings>(
  file: KspaceFile,
  options: ReconstructOptions<S> = {},
): ReconstructionStream {
  const plain = options as ReconstructOptions;
  return openStream(file, plain, (runtime) => new FileSlices(runtime, file, plain));
}

/**
 * {@link openReconstruction} of slices that are supplied, so that several methods can share what was
 * prepared once. The options that decide what is supplied (`mask`, `maps`, `calibration`, `compress`)
 * do not count.
 */
export function openSupplied(
  supply: SliceSupply,
  options: ReconstructOptions = {},
): ReconstructionStream {
  return openStream(supply.file, options, () => supply);
}

function openStream(
  file: KspaceFile,
  options: ReconstructOptions,
  supplyOf: (runtime: Runtime) => SliceSupply,
): ReconstructionStream {
  checkOptions(options);
  const method = chosenMethod(options.method);
  const settings = methodOptions(method, options);
  const [first, end] = sliceRange(file, options.slices);
  const { device, signal } = options;
  let running: Promise<Run> | undefined;
  const start = async () => {
    const runtime = device instanceof Runtime ? device : await Runtime.open(device);
    return new Run(runtime, { supply: supplyOf(runtime), method, settings, options });
  };
  const slice = async (index: number) => {
    sliceRange(file, [index, index + 1]);
    signal?.throwIfAborted();
    const run = await (running ??= start());
    return await run.slice(index, { done: index - first, slices: end - first });
  };
  const close = async () => {
    const opened = running;
    running = undefined;
    const run = await opened?.catch(() => undefined); // the caller of slice() was told
    if (run && !(device instanceof Runtime)) await run.runtime[Symbol.asyncDispose]();
  };
  return {
    slice,
    close,
    [Symbol.asyncDispose]: close,
    async *[Symbol.asyncIterator]() {
      try {
        for (let index = first; index < end; index++) yield await slice(index);
      } finally {
        await close();
      }
    },
  };
}

interface Compiled {
  readonly solver: Solver;
  readonly finish: Awaited<ReturnType<typeof compileFinish>>;
  readonly reorient: Awaited<ReturnType<typeof compileReference>>;
}

/** Which of how many slices it is. */
interface Part {
  readonly done: number;
  readonly slices: number;
}

class Run {
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #maps: MapUpdates;
  readonly #auditor: Auditor;

  constructor(
    readonly runtime: Runtime,
    private readonly task: {
      readonly supply: SliceSupply;
      readonly method: Method;
      readonly settings: MethodOptions;
      readonly options: ReconstructOptions;
    },
  ) {
    const { method, settings, options: { audit = "consistency", seed = 0 } } = task;
    this.#maps = new MapUpdates(runtime);
    this.#auditor = new Auditor(runtime, { method, options: settings, level: audit, seed });
  }

  /** A slice; one that cannot be read, or holds nothing, is left zero. */
  async slice(index: number, part: Part): Promise<ReconstructedSlice> {
    try {
      return await this.#slice(index, part);
    } catch (error) {
      if (!(error instanceof SliceError)) throw error;
      const { supply: { file }, method } = this.task;
      return emptySlice({ file, runtime: this.runtime, method }, index, error);
    }
  }

  async #slice(index: number, { done, slices }: Part): Promise<ReconstructedSlice> {
    const { supply, method, options } = this.task;
    const { signal, seed = 0, firstSlice = 0, onProgress } = options;
    const clock = clockOf(this.runtime);
    const warnings: Warning[] = [];
    const report = (stage: Progress["stage"], part: number) =>
      onProgress?.({ stage, slice: done, slices, fraction: (done + part) / slices });
    const control = (stage: "reconstruct" | "audit", from: number, share: number): RunControl => ({
      rng: new Rng(seed, firstSlice + index),
      onProgress: (fraction) => report(stage, from + share * fraction),
      signal,
    });
    report("read", 0);
    const slice = await clock.time("read", () => supply.read(index, method.needsMaps));
    report("calibrate", READING_SHARE);
    const { problem: first, ...prepared } = await clock.time("calibrate", () => slice.prepare());
    const sets = first.inputs.maps?.shape[0] ?? 1;
    const key = `${slice.key} ${sets}`;
    const geometry = { ...slice.geometry, sets };
    const { solver, finish, reorient } = await once(
      this.#compiled,
      key,
      () => this.#compile(geometry, slice.outputGeometry),
    );
    const share = (1 - PREPARING_SHARE) / (this.#auditor.predicts ? 2 : 1);
    let modelSigma: number | undefined;
    const rounds = 1 + (first.inputs.maps === undefined ? 0 : options.updateMaps ?? 0);
    const solve = (problem: Problem, round: number) =>
      solved(solver, problem, {
        ...control("reconstruct", PREPARING_SHARE + share * round / rounds, share / rounds),
        onStage: (stage, seconds) => clock.add(stage, seconds),
        onModelSigma: (sigma) => modelSigma = sigma,
        onWarning: (warning) => warnings.push(warning),
      });
    const { problem, image, samples } = await clock.time("reconstruct", async () => {
      let problem = first, found = await solve(problem, 0);
      for (let round = 1; round < rounds; round++) {
        problem = await this.#maps.updated(problem, found.image, { key, geometry });
        found = await solve(problem, round);
      }
      return { problem, ...found };
    });
    const { maps } = problem.inputs;
    const finishing = { scale: factorFor(image, prepared), ...(image.shape[0] > 2 && { maps }) };
    const { complex, magnitude } = await finish.run({ image, ...finishing });
    // The last guard, for methods that have none of their own.
    if (!magnitude.data.every(Number.isFinite)) {
      throw new DivergenceError(
        `The reconstruction of slice ${index} diverged: finite numbers are required, ` +
          "found NaN or infinity",
      );
    }
    const audit = this.#auditor.active
      ? await clock.time("audit", () =>
        this.#auditor.slice(
          { index, key, geometry, problem, image },
          control("audit", PREPARING_SHARE + share, share),
        ))
      : undefined;
    return {
      index,
      complex,
      magnitude,
      ...await this.#spread(samples, finishing, slice.outputGeometry),
      reference: prepared.reference
        ? (await reorient.run({ reference: prepared.reference })).oriented
        : await slice.readReference?.(),
      storedReference: prepared.reference === undefined && slice.readReference !== undefined,
      maps: await this.#fileMaps(prepared),
      coils: prepared.coils,
      mask: slice.sampling.mask,
      method: method.name,
      device: this.runtime.device,
      sigma: problem.sigma,
      modelSigma,
      audit,
      steps: solver.steps,
      nfe: solver.nfe,
      settings: solver.settings,
      drawn: solver.samples ?? 1,
      model: solver.model,
      warnings: distinct([...slice.sampling.warnings, ...prepared.warnings, ...warnings]),
      seconds: clock.seconds(),
    };
  }

  /** Maps of the file's own coils, of one set without an axis for it. */
  async #fileMaps({ fileMaps }: Pick<PreparedSlice, "fileMaps">): Promise<NdArray | undefined> {
    const { method, options: { keepMaps = true } } = this.task;
    const maps = method.needsMaps && keepMaps ? await fileMaps() : undefined;
    return maps && (maps.shape[0] === 1 ? onlyOf(maps) : maps);
  }

  /** Standard deviation of the magnitudes of the posterior samples, and these if they are to be kept. */
  async #spread(
    samples: NdArray | undefined,
    finishing: Readonly<Record<string, NdArray>>,
    outputGeometry: OutputGeometry,
  ) {
    if (samples === undefined || samples.shape[0] < 2) return {};
    const of = setsOf(finishing.maps);
    const spread = await compileSpread(this.runtime, outputGeometry, samples.shape[0], of);
    const { magnitudes, std } = await spread.run({ samples, ...finishing });
    return { std, samples: this.task.options.keepSamples ? magnitudes : undefined };
  }

  async #compile(
    geometry: SamplingGeometry,
    outputGeometry: OutputGeometry,
  ): Promise<Compiled> {
    const { method, settings } = this.task;
    const { coils, sets = 1 } = geometry;
    const of = { coils, sets: method.needsMaps ? sets : 1 };
    return {
      solver: await preparedSolver(this.runtime, method, geometry, settings),
      finish: await compileFinish(this.runtime, outputGeometry, of),
      reorient: await compileReference(this.runtime, outputGeometry),
    };
  }
}

const setsOf = (maps?: NdArray) => maps && { sets: maps.shape[0], coils: maps.shape[1] };

/** The factor for the images that a method gave: one for each set of maps, or one only. */
function factorFor({ shape }: NdArray, { factor }: Pick<PreparedSlice, "factor">): NdArray {
  return ndarray(factor.data.subarray(0, sizeOf(shape)), shape);
}
