/** K-space in, a volume of images out. @module */
import type { KspaceFile } from "../io/types.ts";
import { measure, type Metrics } from "../mri/metrics/metrics.ts";
import { SSIM_WINDOW } from "../mri/metrics/ssim_map.ts";
import { type NdArray, partOf, stack, zeros } from "../ndarray.ts";
import type { SamplerSettings, Settings } from "../samplers/mod.ts";
import { framesIn, geometryOf, inVolume } from "./volume.ts";
import { distinct, type Warning } from "../warning.ts";
import { addedReport } from "./added/report.ts";
import { volumeAudit } from "./audit/audit.ts";
import { spreadFigures } from "./audit/spread.ts";
import { leftEmpty } from "./empty_slice.ts";
import { errorBarReport } from "./error_bars/report.ts";
import type { CoilsReport } from "./prepare.ts";
import type { SliceSupply } from "./slice_supply.ts";
import { openReconstruction, openSupplied, type ReconstructionStream } from "./stream.ts";
import type { ReconstructedSlice, Reconstruction, ReconstructOptions, Seconds } from "./types.ts";

/**
 * Reconstructs k-space. All images are kept in memory; see `openReconstruction` for large volumes.
 *
 * @param file from `readKspace` or `kspaceFromArray`; slices are read one by one
 * @throws {UsageError} for an unknown option, method or setting, or slices that are not there
 * @throws {InputError} when the data make no sense or lack what the method needs; slices that cannot
 *   be read or hold nothing are left zero, and named in a warning, where others can
 * @throws {DeviceError} when the device is not available
 * @throws {DivergenceError} when the method diverges
 */
export async function reconstruct<S extends Settings = SamplerSettings>(
  file: KspaceFile,
  options: ReconstructOptions<S> = {},
): Promise<Reconstruction> {
  return await collect(openReconstruction(file, options), file, options);
}

/** Reconstructs slices that are supplied, as {@link openSupplied} does. */
export async function reconstructFrom(
  supply: SliceSupply,
  options: ReconstructOptions = {},
): Promise<Reconstruction> {
  return await collect(openSupplied(supply, options), supply.file, options);
}

/**
 * Reconstructs what may be zero everywhere, as an image of a stream may: it stays so, with a warning.
 * @throws as {@link reconstruct}
 */
export async function reconstructAny(
  file: KspaceFile,
  options: ReconstructOptions = {},
): Promise<Reconstruction> {
  return await collect(openReconstruction(file, options), file, { ...options, allowEmpty: true });
}

async function collect(
  stream: ReconstructionStream,
  file: KspaceFile,
  { keepMaps = true, allowEmpty = false }: Pick<ReconstructOptions, "keepMaps"> & {
    readonly allowEmpty?: boolean;
  },
): Promise<Reconstruction> {
  const all: ReconstructedSlice[] = [];
  for await (const slice of stream) all.push(keepMaps ? slice : { ...slice, maps: undefined });
  const good = all.filter(({ failure }) => failure === undefined);
  // A slice that was read and is zero has no cause.
  const unreadable = all.find(({ failure }) => failure?.cause !== undefined);
  if (good.length === 0 && !(allowEmpty && unreadable === undefined)) throw all[0].failure;
  const slices = good.length === 0 ? all : all.map((slice) => likeOthers(slice, good[0]));
  // What is said of the volume is that of slices that were reconstructed.
  const told = good.length === 0 ? all : good;
  const [{ mask, method, model, device, steps, nfe, settings, drawn }] = told;
  const [{ index: first }] = all;
  const magnitude = stack(slices.map((slice) => slice.magnitude));
  const sets = Math.max(...slices.map(({ maps }) => maps ? setsOf(maps) : 1));
  const reference = stackIfAll(slices.map((slice) => slice.reference));
  const std = stackIfAll(slices.map((slice) => slice.std));
  const error90 = stackIfAll(slices.map((slice) => slice.error90));
  const added = stackIfAll(slices.map((slice) => slice.added));
  const flagged = stackIfAll(slices.map((slice) => slice.flagged));
  const { warnings = [] } = file;
  const range = [first, first + slices.length] as const;
  const frames = framesIn(file, range);
  const whole = <A extends NdArray | undefined>(array: A) =>
    (array && inVolume(array, { slicesAlong: file.slicesAlong, frames })) as A;
  const modelSigma = slices.flatMap((slice) => slice.modelSigma ?? []);
  const audited = slices.flatMap(({ audit }) => audit ?? []);
  const bars = slices.flatMap(({ errorBars }) => errorBars ?? []);
  return {
    magnitude: whole(magnitude),
    complex: whole(stack(slices.map((slice) => slice.complex))),
    std: whole(std),
    error90: whole(error90),
    added: whole(added),
    flagged: whole(flagged),
    samples: slices[0].samples && sampleVolumes(slices.map(({ samples }) => samples!)).map(whole),
    maps: stackIfAll(slices.map((slice) => slice.maps && withSets(slice.maps, sets))),
    reference: whole(reference),
    // SSIM needs a whole window.
    metrics: reference && Math.min(...reference.shape.slice(1)) >= SSIM_WINDOW
      ? metricsOf(good)
      : null,
    emptySlices: slices.flatMap(({ failure, index }) => failure === undefined ? [] : [index]),
    geometry: geometryOf(file, first),
    slices: range,
    frames,
    mask,
    coils: coilsOf(told.map(({ coils }) => coils)),
    method,
    model,
    device,
    steps,
    nfe,
    settings,
    drawn,
    sigma: slices.map(({ sigma }) => sigma),
    modelSigma: modelSigma.length > 0 ? modelSigma : undefined,
    audit: audited.length > 0
      ? volumeAudit(audited, std && spreadFigures(magnitude, std, first))
      : undefined,
    errorBars: bars.length > 0 ? errorBarReport(bars, magnitude, error90) : undefined,
    addedPart: added && flagged && addedReport(magnitude, { added, flagged }, first),
    warnings: distinct([...warnings, ...warningsOf(slices)]),
    seconds: totalSeconds(told),
  };
}

/** A slice that is left zero with arrays as others have them. */
function likeOthers(slice: ReconstructedSlice, other: ReconstructedSlice): ReconstructedSlice {
  if (slice.failure === undefined) return slice;
  const empty = (array: NdArray | undefined) => array && zeros(array.shape);
  const { std, error90, added, flagged, samples, maps, reference } = other;
  return {
    ...slice,
    std: empty(std),
    error90: empty(error90),
    added: empty(added),
    flagged: empty(flagged),
    samples: empty(samples),
    maps: empty(maps),
    reference: empty(reference),
  };
}

/** Those of the slices, and one for all that are left zero. */
function warningsOf(slices: readonly ReconstructedSlice[]): Warning[] {
  const failed = slices.flatMap(({ index, failure }) => failure ? [{ index, failure }] : []);
  const others = slices.filter(({ failure }) => failure === undefined);
  return [
    ...failed.length > 0 ? [leftEmpty(failed)] : [],
    ...others.flatMap(({ warnings }) => warnings),
  ];
}

/** Those of slices that have a reference. */
function metricsOf(slices: readonly ReconstructedSlice[]): Metrics {
  const { convention, ...metrics } = measure(
    stack(slices.map(({ magnitude }) => magnitude)),
    stack(slices.map(({ reference }) => reference!)),
  );
  const isStored = slices.some(({ storedReference }) => storedReference);
  const from = isStored ? "RSS is reconstruction_rss of the file; " : "";
  return { convention: from + convention, ...metrics };
}

/** What was done about the coils of a volume: the means of numbers, and what any slice left out. */
function coilsOf(all: readonly CoilsReport[]): CoilsReport {
  const [first] = all;
  const mean = (of: (one: CoilsReport) => number | null) => {
    const known = all.map(of).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  return {
    ...first,
    leftOut: [...new Set(all.flatMap(({ leftOut }) => leftOut))].toSorted((a, b) => a - b),
    whitened: all.find(({ whitened }) => whitened !== null)?.whitened ?? null,
    varianceRatio: mean(({ varianceRatio }) => varianceRatio),
    correlation: mean(({ correlation }) => correlation),
    energyKept: mean(({ energyKept }) => energyKept),
  };
}

function totalSeconds(slices: readonly ReconstructedSlice[]): Seconds {
  const stages = Object.keys(slices[0].seconds) as (keyof Seconds)[];
  const total = (stage: keyof Seconds) =>
    slices.reduce((sum, { seconds }) => sum + (seconds[stage] ?? 0), 0);
  const totals = Object.fromEntries(stages.map((stage) => [stage, total(stage)]));
  const { errorBars, added, eigenbasis, ...others } = totals as Record<keyof Seconds, number>;
  return {
    ...others,
    errorBars: errorBars || undefined,
    added: added || undefined,
    eigenbasis: eigenbasis || undefined,
  };
}

/** The volume of each posterior sample, from the samples of each slice. */
function sampleVolumes(slices: readonly NdArray[]): NdArray[] {
  const count = slices[0].shape[0];
  return Array.from({ length: count }, (_, i) => stack(slices.map((slice) => partOf(slice, i))));
}

const setsOf = ({ shape }: NdArray) => shape.length > 4 ? shape[0] : 1;

/** The maps of a slice with as many sets as those of others: sets that it has not are zero. */
function withSets(maps: NdArray, sets: number): NdArray {
  if (sets === 1) return maps;
  const whole = zeros([sets, ...maps.shape.slice(-4)]);
  whole.data.set(maps.data);
  return whole;
}

function stackIfAll(arrays: readonly (NdArray | undefined)[]): NdArray | undefined {
  const found = arrays.filter((array) => array !== undefined);
  return found.length === arrays.length ? stack(found) : undefined;
}
