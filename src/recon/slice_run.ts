/** One slice from its samples to the result: calibrated, reconstructed, finished and audited. @module */
import { DivergenceError, SliceError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type {
  Method,
  MethodOptions,
  Problem,
  RunControl,
  SamplingGeometry,
  Solver,
} from "../method/problem.ts";
import { type NdArray, onlyOf } from "../ndarray.ts";
import { once } from "../once.ts";
import { Rng } from "../rng.ts";
import { distinct, type Warning } from "../warning.ts";
import { Auditor } from "./audit/auditor.ts";
import { emptySlice } from "./empty_slice.ts";
import { AddedParts } from "./added/added.ts";
import { ErrorBars, type ErrorBarTask } from "./error_bars/error_bars.ts";
import {
  compileFinish,
  compileReference,
  factorFor,
  type OutputGeometry,
  spreadOf,
} from "./finish.ts";
import { type Clock, clockOf } from "./clock.ts";
import { MapUpdates, solved } from "./solve.ts";
import { preparedSolver } from "./partial_fourier.ts";
import type { PreparedSlice } from "./prepare.ts";
import { SecondOpinion } from "./second_opinion.ts";
import type { SliceSupply } from "./slice_supply.ts";
import type { Progress, ReconstructedSlice, ReconstructOptions } from "./types.ts";

/** Parts of the progress of a slice: reading it, and reading and calibrating it. */
const READING_SHARE = 0.02;
const PREPARING_SHARE = 0.1;

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

/** Reconstructs the slices of a file, one after the other; compiles once for each sampling. */
export class SliceRun {
  readonly #compiled = new Map<string, Promise<Compiled>>();
  readonly #maps: MapUpdates;
  readonly #auditor: Auditor;
  readonly #opinions: SecondOpinion;
  readonly #errorBars?: ErrorBars;
  readonly #added?: AddedParts;

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
    this.#opinions = new SecondOpinion(runtime);
    if (task.options.added && method.needsMaps) this.#added = new AddedParts(runtime);
    if (task.options.errorBars) {
      this.#errorBars = new ErrorBars(runtime, { method, options: task.options });
    }
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
    const control = (
      stage: "reconstruct" | "audit",
      from: number,
      share: number,
    ): RunControl => ({
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
    const { outputGeometry } = slice;
    const { std, magnitudes } = await spreadOf(this.runtime, samples, finishing, outputGeometry);
    const shared = { key, geometry, outputGeometry, image, factor: prepared.factor };
    const sigma = modelSigma ?? problem.sigma;
    let found: Promise<NdArray> | undefined;
    const opinion = () =>
      found ??= this.#opinions.of({ key, geometry, problem: { ...problem, sigma } }, { signal });
    if (this.#errorBars || this.#added) report("error bars", 1);
    const errorBars = await this.#errorsOf(
      { ...shared, solver, problem, modelSigma, samples, audit, opinion },
      clock,
    );
    const parts = this.#added &&
      await clock.time(
        "added",
        async () =>
          await this.#added!.slice({ ...shared, problem, magnitude, opinion: await opinion() }),
      );
    return {
      index,
      complex,
      magnitude,
      error90: errorBars?.error90,
      errorBars,
      ...parts,
      std,
      samples: options.keepSamples ? magnitudes : undefined,
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
      warnings: distinct([
        ...slice.sampling.warnings,
        ...prepared.warnings,
        ...warnings,
        ...errorBars?.warnings ?? [],
      ]),
      seconds: clock.seconds(),
    };
  }

  /** The error bars, where they are asked for and there is a calibration. */
  async #errorsOf(task: ErrorBarTask, clock: Clock) {
    const make = this.#errorBars;
    if (make === undefined || await make.calibration(task.solver) === undefined) return undefined;
    return await clock.time("errorBars", () => make.slice(task));
  }

  /** Maps of the file's own coils, of one set without an axis for it. */
  async #fileMaps({ fileMaps }: Pick<PreparedSlice, "fileMaps">): Promise<NdArray | undefined> {
    const { method, options: { keepMaps = true } } = this.task;
    const maps = method.needsMaps && keepMaps ? await fileMaps() : undefined;
    return maps && (maps.shape[0] === 1 ? onlyOf(maps) : maps);
  }

  async #compile(
    geometry: SamplingGeometry,
    outputGeometry: OutputGeometry,
  ): Promise<Compiled> {
    const { method, settings } = this.task;
    const { coils, sets = 1 } = geometry;
    const of = { coils, sets: method.needsMaps ? sets : 1 };
    const solver = await preparedSolver(this.runtime, method, geometry, settings);
    await this.#errorBars?.calibration(solver); // so that a refusal comes before the work
    return {
      solver,
      finish: await compileFinish(this.runtime, outputGeometry, of),
      reorient: await compileReference(this.runtime, outputGeometry),
    };
  }
}
