/** What a reconstruction would do, without doing it. @module */
import { SliceError } from "../errors.ts";
import { type Device, Runtime } from "../graph/mod.ts";
import type { FileFormat, KspaceFile } from "../io/types.ts";
import type { TakenSign } from "../mrd/fourier_sign.ts";
import { sizeOf } from "../ndarray.ts";
import type { ModelReference } from "../nn/mod.ts";
import { requireCalibration } from "./calibration_lines.ts";
import { holdOut } from "./audit/prediction.ts";
import { outputSize } from "./finish.ts";
import { gridPixels, tileRows } from "../mri/calibration/espirit.ts";
import { axesText, frameCount } from "../io/axes.ts";
import { BLOCK_BYTES } from "./layout/decouple.ts";
import { checkOptions, chosenMethod, methodOptions } from "./methods.ts";
import { preparedSolver } from "./partial_fourier.ts";
import { measureSeconds } from "./plan_time.ts";
import { fileAxes, type ReportMask, reportMask } from "./report.ts";
import { FileSlices, type ReadSlice } from "./slice_supply.ts";
import { framesIn, sliceRange, volumeShape } from "./volume.ts";
import type { ReconstructOptions } from "./types.ts";
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
  /** Shape of the images: slices, rows, columns. */
  readonly image: readonly [number, number, number];
  /** Predicted peak of resident memory, bytes: {@link predictMemory}, and the largest graph of a network. */
  readonly memory: number;
  /** The part of `memory` that one more slice takes. */
  readonly memoryPerSlice: number;
  /**
   * Predicted seconds: {@link measureSeconds}. Null where nothing could be measured, as the first
   * slice holds nothing.
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
  const method = chosenMethod(options.method);
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
  const solver = await preparedSolver(runtime, method, geometry, settings);
  const predicts = options.audit === "prediction" && needsMaps &&
    holdOut(geometry.mask, 0) !== undefined;
  const { path, format, coils, height: phase, width: readout } = file;
  const image = volumeShape([end - first, ...outputSize(outputGeometry)], {
    slicesAlong: file.slicesAlong,
    frames: framesIn(file, [first, end]),
  });
  // Before anything else is compiled.
  const networkBytes = solver.model === undefined ? 0 : ARENA * runtime.graphBytes;
  const { audit = "consistency", updateMaps: updates = 0 } = options;
  const measured = {
    slice,
    readSeconds,
    method,
    settings,
    solver,
    audit,
    updates,
    compiledBefore,
  };
  const { seconds, compile, sets } = await measureSeconds(runtime, measured, end - first);
  const needs = { file, solverCoils: needsMaps ? geometry.coils : 0, sets, image, predicts };
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
    samples: solver.samples ?? 1,
    image,
    memory: predictMemory(needs) + networkBytes,
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

/** Resident memory of Deno and onnxruntime with small graphs. All measured on Linux x64. */
const BASE_BYTES = 170e6;
/** Slices of k-space (complex64) that reading, the readout transform and the scaling hold. */
const READ_ARRAYS = 13;
/** Slices of (compressed) k-space that an iterative method and the audit add. */
const SOLVE_ARRAYS = 15;
/** Slices that a second reconstruction for the audit adds. */
const AUDIT_ARRAYS = 39;
/** Slices that a further set of maps adds: 15 coils of 368 x 640 took 3.37 GB with two, 1.85 with one. */
const SET_ARRAYS = 54;
/** Copies of a tile of the pixels' matrices that ESPIRiT holds. */
const TILE_COPIES = 17;
/** Images (float32) for each pixel of the volume: magnitude, complex, reference, and their stacks. */
const IMAGES_PER_PIXEL = 10;

/**
 * Memory that onnxruntime's arena and convolutions take for a network, over what its values need.
 * Measured with prior-brain and four samples at 256 x 256: 3.4 with its gradient, 4 without.
 */
const ARENA = 3.5;

/**
 * Predicts the peak of resident memory: 170 MB + 13 slices of k-space (complex64) + 15 of the coils
 * that the method sees (54 with a second reconstruction for the audit, 54 more with two sets of maps) +
 * 17 tiles of ESPIRiT's matrices + 10 float32 for each pixel of the result. What was measured is in docs/coils.md.
 * @param predicts whether the audit reconstructs each slice a second time
 * @param solverCoils coils that the method sees; 0 for one that needs no maps
 * @param image shape of the result: slices, rows, columns
 */
export function predictMemory({ file, solverCoils, sets = 1, image, predicts = false }: {
  readonly file: Pick<
    KspaceFile,
    "coils" | "height" | "width" | "slices" | "slicesAlong" | "frames"
  >;
  readonly solverCoils: number;
  /** Sets of coil maps. */
  readonly sets?: number;
  readonly predicts?: boolean;
  readonly image: readonly number[];
}): number {
  const plane = file.height * file.width * 8;
  const perCoil = SOLVE_ARRAYS + (predicts ? AUDIT_ARRAYS : 0) + (sets - 1) * SET_ARRAYS;
  // The slices of 3-D k-space are made together.
  const volume = file.slicesAlong ? file.coils * file.slices / frameCount(file.frames) : 0;
  return BASE_BYTES + Math.min(plane * volume, BLOCK_BYTES) +
    plane * (READ_ARRAYS * file.coils + perCoil * solverCoils) +
    TILE_COPIES * tileBytes(solverCoils, file) +
    IMAGES_PER_PIXEL * sizeOf(image) * 4;
}

/** Bytes of the matrices of a tile of ESPIRiT's pixels, in real form. */
function tileBytes(coils: number, { height, width }: Pick<KspaceFile, "height" | "width">): number {
  if (coils === 0) return 0;
  return 4 * (2 * coils) ** 2 * gridPixels(width).length * tileRows(coils, [height, width]);
}
