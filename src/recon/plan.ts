/** What a reconstruction would do, without doing it. @module */
import { SliceError } from "../errors.ts";
import { ErrorBars } from "./error_bars/error_bars.ts";
import { type Device, Runtime } from "../graph/mod.ts";
import type { FileFormat, KspaceFile } from "../io/types.ts";
import type { TakenSign } from "../mrd/fourier_sign.ts";
import type { ModelReference } from "../nn/mod.ts";
import { requireCalibration } from "./calibration_lines.ts";
import { holdOut } from "./audit/prediction.ts";
import { outputSize } from "./finish.ts";
import { axesText } from "../io/axes.ts";
import { checkOptions, methodOfModel, methodOptions } from "./methods.ts";
import { IMAGES_PER_PIXEL, predictMemory } from "./plan_memory.ts";
import { measureRun } from "./plan_time.ts";
import { fileAxes, type ReportMask, reportMask } from "./report.ts";
import { FileSlices, type ReadSlice } from "./slice_supply.ts";
import { framesIn, sliceRange, volumeShape } from "./volume.ts";
import type { ReconstructOptions } from "./types.ts";
import { sizeOf } from "../ndarray.ts";
import { distinct, type Warning } from "../warning.ts";

/** Name and version of the layout of a plan. */
export const PLAN_SCHEMA = "larmor.plan/1";

/** What was found in the file, and what would be done with it. */
export interface Plan {
  /** Name and version of this layout. */
  readonly schema: typeof PLAN_SCHEMA;
  /** The file. */
  readonly input: {
    readonly path: string;
    readonly format: FileFormat;
    /** Sizes of the file's own axes, in the file's order. */
    readonly shape: readonly number[];
    /** The same with the meaning of each axis. */
    readonly axes: string;
    readonly coils: number;
    /** Phase-encode lines. */
    readonly phase: number;
    /** Readout samples. */
    readonly readout: number;
    /** Sign of the exponent of raw acquisitions, or that was asked for; null for other files. */
    readonly fourierSign: TakenSign | null;
  };
  /** First slice and the one after the last. */
  readonly slices: readonly [number, number];
  /** What is kept. */
  readonly mask: ReportMask & {
    /** Lines (or points) that are kept. */
    readonly kept: number;
    /** Lines (or points) in all but padding. */
    readonly of: number;
  };
  /** Whether the file is fully sampled but for padding, so that metrics can be computed. */
  readonly full: boolean;
  /** What metrics are against: the fully sampled data, the image that the file holds, or nothing. */
  readonly reference: "data" | "file" | null;
  /** What should be known beforehand. */
  readonly warnings: readonly Warning[];
  /** Method by name. */
  readonly method: string;
  /** The network, for methods that have one. */
  readonly model: ModelReference | null;
  /** Device it would run on. */
  readonly device: Device;
  /** Iterations or steps for a slice. */
  readonly steps: number;
  /** Network evaluations for a slice. */
  readonly nfe: number;
  /** Network evaluations that the audit of a slice adds: those of a second reconstruction, or none. */
  readonly auditNfe: number;
  /** Posterior samples drawn for a slice; 1 for methods that draw none. */
  readonly samples: number;
  /** Whether there are error bars, but where a slice is unlike those of the calibration. */
  readonly errorBars: boolean;
  /** Shape of the images: slices, rows, columns. */
  readonly image: readonly [number, number, number];
  /** Predicted peak of resident memory, bytes: {@link predictMemory}. */
  readonly memory: number;
  /** The part of `memory` that one more slice takes. */
  readonly memoryPerSlice: number;
  /**
   * Predicted seconds of the reconstruction, from the open file to the images: {@link measureRun}. Null
   * where nothing could be measured, as the first slice holds nothing.
   */
  readonly seconds: number | null;
  /** The part of `seconds` for compiling, which does not grow with the slices. */
  readonly compileSeconds: number;
}

/**
 * Reads and calibrates the first slice and plans. Graphs of the method are compiled and run for about a
 * second, to see how long they take.
 * @throws as `reconstruct`
 */
export async function planReconstruction(
  file: KspaceFile,
  options: ReconstructOptions = {},
): Promise<Plan> {
  checkOptions(options);
  const { device } = options;
  await using own = device instanceof Runtime ? undefined : await Runtime.open(device);
  const runtime = own ?? device as Runtime;
  const compiledBefore = runtime.compileSeconds;
  const method = await methodOfModel(options);
  const [first, end] = sliceRange(file, options.slices);
  const { needsMaps } = method;
  const supply = new FileSlices(runtime, file, options);
  const start = performance.now();
  const slice = await firstUsable(supply, [first, end], needsMaps);
  const readSeconds = (performance.now() - start) / 1000;
  const { sampling: { mask, full, warnings }, geometry, outputGeometry } = slice;
  if (needsMaps && options.maps === undefined && file.readCalibration === undefined) {
    requireCalibration(mask, options.calibration, file);
  }
  const settings = methodOptions(method, options);
  const predicts = options.audit === "prediction" && needsMaps &&
    holdOut(geometry.mask, 0) !== undefined;
  const { path, format, coils, height: phase, width: readout } = file;
  const image = volumeShape([end - first, ...outputSize(outputGeometry)], {
    slicesAlong: file.slicesAlong,
    frames: framesIn(file, [first, end]),
  });
  const { seconds, compile, solver, held } = await measureRun(runtime, {
    ...{ slice, readSeconds, method, settings, options, compiledBefore, slices: end - first },
    another: end - first > 1 ? () => supply.read(end - 1, needsMaps) : undefined,
  });
  const bars = options.errorBars ? new ErrorBars(runtime, { method, options }) : undefined;
  const { keepSamples = false } = options, { samples = 1 } = solver;
  return {
    schema: PLAN_SCHEMA,
    input: {
      path,
      format,
      shape: fileAxes(file).shape,
      axes: axesText(file.axes),
      coils,
      phase,
      readout,
      fourierSign: file.fourierSign ?? null,
    },
    slices: [first, end],
    mask: { ...reportMask(mask), kept: mask.kept, of: mask.size },
    full,
    reference: full ? "data" : slice.readReference ? "file" : null,
    warnings: distinct([...file.warnings ?? [], ...warnings]),
    method: method.name,
    model: solver.model ?? null,
    device: runtime.device,
    steps: solver.steps,
    nfe: solver.nfe,
    auditNfe: predicts ? solver.nfe : 0,
    samples,
    errorBars: await bars?.calibration(solver) !== undefined,
    image,
    memory: predictMemory({
      file,
      image,
      keptImages: keepSamples ? 2 * samples : 0,
      ...held,
      graphs: runtime.memory,
    }),
    memoryPerSlice: IMAGES_PER_PIXEL * 4 * sizeOf(outputSize(outputGeometry)),
    seconds,
    compileSeconds: compile,
  };
}

/** The first slice that holds something. @throws {SliceError} when none does */
async function firstUsable(
  supply: FileSlices,
  [first, end]: readonly [number, number],
  needsMaps: boolean,
): Promise<ReadSlice> {
  for (let index = first;; index++) {
    try {
      return await supply.read(index, needsMaps);
    } catch (error) {
      if (!(error instanceof SliceError) || index + 1 === end) throw error;
    }
  }
}
