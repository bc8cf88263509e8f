/**
 * Slices with a known reference, undersampled and calibrated once, on which methods are tried and
 * tuned.
 * @module
 */
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { openImage, openKspace } from "../io/open.ts";
import type { KspaceFile } from "../io/types.ts";
import { makeMask, parseMaskSpec } from "../mri/sampling/masks.ts";
import { measure, type Metrics } from "../mri/metrics/metrics.ts";
import { Preparation } from "./prepare.ts";
import type { Problem, SamplingGeometry } from "../method/problem.ts";
import { magnitudeOf, type NdArray, ndarray } from "../ndarray.ts";
import { simulatedKspace, type SimulationRequest } from "./simulated.ts";

/** One problem whose answer is known. */
export interface Trial {
  /** File and slice. */
  readonly slice: string;
  /** The mask's specification. */
  readonly mask: string;
  /** Geometry that a method is compiled for. */
  readonly geometry: SamplingGeometry;
  /** Input of a method. */
  readonly problem: Problem;
  /** Root sum of squares of the fully sampled data `[H, W]`, on the scale of the problem. */
  readonly reference: NdArray;
}

/** Where a trial's k-space comes from. */
export interface TrialSource {
  /** NIfTI volume (k-space is simulated), a file of fully sampled k-space, or such k-space itself. */
  readonly from: string | KspaceFile;
  /** Slice; the middle one by default. */
  readonly slice?: number;
}

/**
 * Undersamples and calibrates slices, once for each mask.
 * @param simulation of images; files of k-space are taken as they are
 * @throws {InputError} when a file cannot be read or a mask does not fit
 */
export async function makeTrials(
  runtime: Runtime,
  sources: readonly TrialSource[],
  masks: readonly string[],
  simulation: SimulationRequest,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  for (const source of sources) {
    const file = await openTrial(runtime, source.from, simulation);
    using _opened = typeof source.from === "string" ? file : undefined;
    const index = source.slice ?? Math.floor(file.slices / 2);
    const kspace = await file.readSlice(index);
    for (const mask of masks) {
      const name = `${file.path.slice(file.path.lastIndexOf("/") + 1)} slice ${index}`;
      trials.push({ slice: name, ...await makeTrial(runtime, file, kspace, mask) });
    }
  }
  return trials;
}

async function openTrial(
  runtime: Runtime,
  path: string | KspaceFile,
  simulation: SimulationRequest,
): Promise<KspaceFile> {
  if (typeof path !== "string") return path;
  if (!/\.nii(\.gz)?$/.test(path)) return await openKspace(path);
  return await simulatedKspace(runtime, await openImage(path), simulation);
}

async function makeTrial(
  runtime: Runtime,
  { coils, height, width, path }: KspaceFile,
  kspace: NdArray,
  text: string,
): Promise<Omit<Trial, "slice">> {
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") {
    throw new InputError(
      `Cannot try ${text} on ${path}: a formula such as equispaced:R=4,acs=24 ` +
        "is required, found a file",
    );
  }
  const mask = makeMask(spec, height, width);
  const preparation = await Preparation.create(runtime, { coils, mask, full: true });
  const { problem, reference, scale } = await preparation.slice(kspace, { kind: "espirit" });
  const scaled = reference!.data.map((value) => value / scale);
  return {
    mask: text,
    geometry: { coils, height, width, mask },
    problem,
    reference: ndarray(scaled, [height, width]),
  };
}

/** Metrics of a complex image `[2, H, W]` against the reference. */
export function scoreTrial({ reference }: Trial, image: NdArray): Metrics {
  return measure(magnitudeOf(image), reference);
}
