/**
 * Error bars of a reconstruction: for each pixel a half-width that holds the true magnitude in 90 % of the
 * pixels of the head, by a calibration on people whose truth was known. See `docs/uncertainty.md`.
 * @module
 */
import type { Runtime } from "../../graph/mod.ts";
import { UsageError } from "../../errors.ts";
import type { Method, Problem, SamplingGeometry, Solver } from "../../method/problem.ts";
import { modelPath } from "../../nn/mod.ts";
import { headMask } from "../../mri/metrics/head_mask.ts";
import { jointMagnitude, type NdArray } from "../../ndarray.ts";
import { once } from "../../once.ts";
import type { Warning } from "../../warning.ts";
import type { SliceAudit } from "../audit/audit.ts";
import { judge, verdictOf } from "../audit/verdict.ts";
import type { OutputGeometry } from "../finish.ts";
import type { ReconstructOptions } from "../types.ts";
import { beyond, type ErrorCalibration, readCalibrations, unlikeRun } from "./calibration.ts";
import { compileFeatures, denoiserOf, type Feature, type MeasureFeatures } from "./features.ts";
import { gapOf } from "./gap.ts";
import { compileWidths, type Widths } from "./widths.ts";

/** Error bars of one slice. */
export interface SliceErrorBars {
  /** Half-width `[rows, columns]`, in the units of the magnitude; absent where they are refused. */
  readonly error90?: NdArray;
  /** The calibration that they are by. */
  readonly calibration: ErrorCalibration;
  /** How far the samples lie apart: `gapOf`. */
  readonly gap: number;
  /** What the widths were multiplied by because the scan is unlike those of the calibration; 1 if it is not. */
  readonly widened: number;
  /** Why they were widened or refused. */
  readonly remarks: readonly string[];
  /** The same as warnings, where error bars were asked for. */
  readonly warnings: readonly Warning[];
}

/** What error bars are made of. */
export interface ErrorBarTask {
  readonly key: string;
  readonly geometry: SamplingGeometry;
  readonly outputGeometry: OutputGeometry;
  readonly solver: Solver;
  readonly problem: Problem;
  /** Noise and model error together, of methods that tell it. */
  readonly modelSigma?: number;
  /** The reconstruction `[2 S, H, W]`, on the scale of the problem. */
  readonly image: NdArray;
  /** From the scale of the problem to that of the file, `[2 S, H, W]`. */
  readonly factor: NdArray;
  readonly audit?: SliceAudit;
  /** Posterior samples `[N, 2 S, H, W]`, of methods that draw several. */
  readonly samples?: NdArray;
  /** What total variation makes of the data, `[2 S, H, W]`. */
  readonly opinion: () => Promise<NdArray>;
}

/** A scan that is this far beyond the calibrated ones gets no error bars. */
const TOO_FAR = 2;

interface Compiled {
  readonly measure: MeasureFeatures;
  readonly widths: Widths;
}

/** Makes the error bars of the slices of a volume; compiles once for each sampling. */
export class ErrorBars {
  readonly #compiled = new Map<string, Promise<Compiled>>();
  #calibration: Promise<ErrorCalibration | undefined> | undefined;

  /** @param runtime must outlive it */
  constructor(
    private readonly runtime: Runtime,
    private readonly run: {
      readonly method: Method;
      readonly options: Pick<ReconstructOptions, "model" | "weight" | "errorBars">;
    },
  ) {}

  /**
   * The error bars of a slice; undefined without a calibration, where none is required.
   * @throws {UsageError} when the method, its network or its settings were not calibrated
   */
  async slice(task: ErrorBarTask): Promise<SliceErrorBars | undefined> {
    const calibration = await this.calibration(task.solver);
    if (calibration === undefined) return undefined;
    const judgement = judged(task, calibration), { refused, widened, remarks } = judgement;
    // Where nobody asked for error bars, a scan that is unlike needs no warning.
    const warnings = this.run.options.errorBars === true ? warningsOf(judgement) : [];
    const gap = gapOf(task.geometry.mask);
    const told = { calibration, gap, widened, remarks, warnings };
    if (refused) return told;
    const { measure, widths } = await once(
      this.#compiled,
      task.key,
      () => this.#compile(task, calibration),
    );
    const { image, samples, factor } = task;
    const problem = { ...task.problem, sigma: task.modelSigma ?? task.problem.sigma };
    const features = await measure(problem, { image, samples, opinion: await task.opinion() });
    return {
      ...told,
      error90: await widths(features, headMask(jointMagnitude(image)), factor, widened),
    };
  }

  /** The calibration of the method as it is run. @throws {UsageError} when one is required and there is none */
  calibration(solver: Solver): Promise<ErrorCalibration | undefined> {
    return this.#calibration ??= this.#find(solver);
  }

  async #find(solver: Solver): Promise<ErrorCalibration | undefined> {
    const { method, options: { model = method.defaultModel, weight, errorBars } } = this.run;
    const named = typeof model === "string" ? await modelPath(model) : undefined;
    const known = named === undefined ? new Map() : await readCalibrations(named);
    const found: ErrorCalibration | undefined = known.get(method.name);
    const unlike = found === undefined ? undefined : unlikeRun(found, solver, weight);
    if (found !== undefined && unlike === undefined) return found;
    if (errorBars !== true) return undefined;
    const required = `a calibration of ${method.name} with its network and settings is required`;
    const others = [...known.keys()].join(", ") || "none";
    throw new UsageError(
      `Cannot make error bars: ${required}, ` +
        (unlike === undefined ? `found that of ${others}` : unlike),
      { hint: "deno task calibrate-errors makes one from volumes of several people" },
    );
  }

  async #compile(
    { geometry, outputGeometry }: ErrorBarTask,
    calibration: ErrorCalibration,
  ): Promise<Compiled> {
    const { method, options: { model } } = this.run;
    const names = Object.keys(calibration.size.powers) as Feature[];
    return {
      measure: await compileFeatures(this.runtime, geometry, {
        names,
        samples: calibration.samples,
        denoise: names.includes("moved") ? await denoiserOf(method, model) : undefined,
      }),
      widths: await compileWidths(this.runtime, outputGeometry, calibration, geometry.sets),
    };
  }
}

/** Whether a scan is like those of the calibration, and what it is not like. */
interface Judgement {
  readonly refused: boolean;
  readonly widened: number;
  readonly remarks: readonly string[];
}

const refusal = (reason: string): Judgement => ({ refused: true, widened: 1, remarks: [reason] });

function judged(
  { geometry, problem, modelSigma, audit }: ErrorBarTask,
  calibration: ErrorCalibration,
): Judgement {
  const { coils, mask } = geometry;
  const verdict = audit && verdictOf(judge(audit.consistency, audit.prediction, audit.method));
  if (verdict === "inconsistent") {
    return refusal("the audit finds the data or the image inconsistent");
  }
  const acquired = {
    acceleration: mask.acceleration,
    noise: modelSigma ?? problem.sigma,
    coils,
  };
  const { factor, what } = beyond(calibration.range, acquired);
  if (factor > TOO_FAR) {
    return refusal(`the scan is too far from those of the calibration (${what})`);
  }
  const isSuspicious = verdict === "suspicious";
  const widened = factor * (isSuspicious ? calibration.suspicious.factor : 1);
  if (widened === 1) return { refused: false, widened, remarks: [] };
  const remarks = [
    ...(factor > 1 ? [what] : []),
    ...(isSuspicious ? ["the audit is suspicious of the data or the image"] : []),
  ];
  return { refused: false, widened, remarks };
}

function warningsOf({ refused, widened, remarks }: Judgement): Warning[] {
  if (remarks.length === 0) return [];
  const reasons = remarks.join("; ");
  if (refused) {
    return [{
      code: "error-bars-refused",
      message: `Error bars are not given: ${reasons}`,
      hint: "Without them the audit still says what speaks against the image",
    }];
  }
  return [{
    code: "error-bars-widened",
    message: `Error bars are ${
      Number(widened.toPrecision(3))
    } times as wide as calibrated: ${reasons}`,
    hint: "How much wider they should be was not measured for such scans: docs/uncertainty.md",
  }];
}
