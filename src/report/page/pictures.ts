/** The pictures of a report: which slices, on which scale, packed for the page. @module */
import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { percentile } from "../../mri/metrics/percentile.ts";
import type { NdArray } from "../../ndarray.ts";
import type { Comparison } from "../comparison.ts";
import { type InputData, packLevels, pictureId, type PictureKind } from "./page_data.ts";

/** Where the renderer gets its arrays: magnitudes `[S, H, W]`, drawn with row 0 on top. */
export interface ReportImages {
  reference(input: number): Promise<NdArray | undefined>;
  /** Image of a run, by its key. */
  recon(key: string): Promise<NdArray | undefined>;
  /** Standard deviation of a run's samples, by its key. */
  std(key: string): Promise<NdArray | undefined>;
  /** Half-width of a run's error bars, by its key. */
  error90?(key: string): Promise<NdArray | undefined>;
  /** What the data do not determine of a run, with outlines, by its key. */
  added?(key: string): Promise<NdArray | undefined>;
  /** Distance of rows and of columns, mm; undefined where it is not known. */
  pixelSize?(input: number): readonly [rows: number, columns: number] | undefined;
}

/** A slice of a picture, in parts of the reference's maximum. */
interface Slice {
  readonly kind: PictureKind;
  readonly index: number;
  readonly slice: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** All pictures of a report and their scales. */
export interface Pictures {
  readonly inputs: readonly InputData[];
  /** Deflated levels in base64, each with the id of its element. */
  readonly packed: readonly { readonly id: string; readonly base64: string }[];
  /** Which runs have an image, which a standard deviation, error bars, and what was added. */
  readonly recon: ReadonlySet<number>;
  readonly std: ReadonlySet<number>;
  readonly error90: ReadonlySet<number>;
  readonly added: ReadonlySet<number>;
  readonly step: number;
  /** Upper ends of the scales of errors, of standard deviations and of what was added. */
  readonly errorScale: number;
  readonly stdScale: number;
  readonly addedScale: number;
}

/** Largest value kept, in parts of the reference's maximum. */
const CLIP = 1.5;
/** Levels of a picture, unless errors are small: finer levels of noise cost most of the bytes. */
const LEVELS = 4095;
/** Levels an error map has at least, up to 16 bits for the picture. */
const ERROR_LEVELS = 64;
/** Part of the pixels (per cent) that is not white. */
const WHITE_PERCENTILE = 99.5;
/** Part of the pixels (per cent) of the median run whose error is within the scale. */
const ERROR_PERCENTILE = 99;

/** Reads the arrays of a comparison, picks slices and packs them. */
export async function collectPictures(
  comparison: Comparison,
  images: ReportImages,
  maxPixels: number,
): Promise<Pictures> {
  const inputs: InputData[] = [], slices: Slice[] = [], errors: number[] = [];
  for (let input = 0; input < comparison.inputs.length; input++) {
    const share = maxPixels / comparison.inputs.length;
    const found = await inputPictures(comparison, input, images, share);
    inputs.push(found.input);
    slices.push(...found.slices);
    errors.push(...errorLevels(found.slices));
  }
  const errorScale = niceAbove(errors.length > 0 ? percentile(errors, 50) : 0.1);
  const scaleOf = (map: PictureKind) => {
    const levels = slices.filter(({ kind }) => kind === map).map(({ values }) =>
      percentile(values, ERROR_PERCENTILE)
    );
    return niceAbove(levels.length > 0 ? Math.max(...levels) : errorScale);
  };
  const stdScale = scaleOf("std");
  const finest = Math.min(errorScale, stdScale);
  const step = Math.max(CLIP / 65535, Math.min(CLIP / LEVELS, finest / ERROR_LEVELS));
  const having = (kind: PictureKind) =>
    new Set(slices.filter((slice) => slice.kind === kind).map(({ index }) => index));
  return {
    inputs,
    packed: slices.map((slice) => pack(slice, step)),
    recon: having("recon"),
    std: having("std"),
    error90: having("error90"),
    added: having("added"),
    step,
    errorScale,
    stdScale,
    addedScale: scaleOf("added"),
  };
}

async function inputPictures(
  { inputs, runs }: Comparison,
  input: number,
  images: ReportImages,
  maxPixels: number,
): Promise<{ input: InputData; slices: Slice[] }> {
  const { path: name, slices: [first] } = inputs[input];
  const mine = [...runs.entries()].filter(([, run]) => run.input === input && run.error === null);
  const maps = mine.flatMap(([, { files }]) => [files.std, files.error90, files.added]);
  const pictures = 1 + mine.length + maps.filter((path) => path !== undefined).length;
  const slices: Slice[] = [];
  let chosen = undefined as ReturnType<typeof choose> | undefined;
  const take = (kind: PictureKind, index: number, volume: NdArray | undefined) => {
    if (volume === undefined) return;
    chosen ??= choose(volume, maxPixels / pictures);
    slices.push(...pick(volume, chosen).map((slice) => ({ kind, index, ...slice })));
  };
  // One by one, so that only one array is in memory, the reference first.
  take("reference", input, await images.reference(input));
  for (const [index, { key, files }] of mine) {
    take("recon", index, await images.recon(key));
    if (files.std) take("std", index, await images.std(key));
    if (files.error90) take("error90", index, await images.error90?.(key));
    if (files.added) take("added", index, await images.added?.(key));
  }
  const reference = slices.some(({ kind }) => kind === "reference");
  const { rows = 1, columns = 1, white = 1, indices = [] } = chosen ?? {};
  const numbers = indices.map((at) => first + at);
  const pixelSize = images.pixelSize?.(input);
  return { input: { name, rows, columns, slices: numbers, white, reference, pixelSize }, slices };
}

/**
 * What is common to all pictures of an input, by its first volume: the reference, where there is
 * one. `scale` is the value that becomes 1.
 */
function choose({ data, shape: [depth, rows, columns] }: NdArray, pixels: number) {
  const count = Math.min(depth, Math.max(1, Math.floor(pixels / (rows * columns))));
  const scale = data.reduce((most, value) => Math.max(most, value), 0) || 1;
  const white = percentile(data, WHITE_PERCENTILE) / scale;
  return { rows, columns, indices: evenly(depth, count), scale, white: white > 0 ? white : 1 };
}

/** `count` indices below `depth`, evenly spread; the middle one when there is only one. */
function evenly(depth: number, count: number): number[] {
  if (count === 1) return [Math.floor(depth / 2)];
  return Array.from({ length: count }, (_, i) => Math.round(i * (depth - 1) / (count - 1)));
}

function pick(
  { data, shape }: NdArray,
  { rows, columns, indices, scale }: ReturnType<typeof choose>,
): Omit<Slice, "kind" | "index">[] {
  if (shape[1] !== rows || shape[2] !== columns) {
    throw new RangeError(
      `Cannot draw a picture of [${shape}]: [slices, ${rows}, ${columns}] is required`,
    );
  }
  const size = rows * columns;
  return indices.map((at, slice) => ({
    slice,
    columns,
    values: data.subarray(at * size, (at + 1) * size).map((value) => value / scale),
  }));
}

/** The error within which most pixels of each run lie. */
function errorLevels(slices: readonly Slice[]): number[] {
  const reference = slices.filter(({ kind }) => kind === "reference");
  if (reference.length === 0) return [];
  const runs = new Map<number, number[]>();
  for (const { kind, index, slice, values } of slices) {
    if (kind !== "recon") continue;
    const truth = reference[slice].values;
    const level = percentile(values.map((v, i) => Math.abs(v - truth[i])), ERROR_PERCENTILE);
    if (Number.isFinite(level)) runs.set(index, [...(runs.get(index) ?? []), level]);
  }
  return [...runs.values()].map((levels) => percentile(levels, 50));
}

/** The smallest of 1, 1.5, 2, 3, 5, 7 times a power of ten that is not below a value. */
export function niceAbove(value: number): number {
  const least = Math.max(value, 1e-4);
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 1.5, 2, 3, 5, 7].find((f) => f * power >= least * (1 - 1e-9)) ?? 10;
  return Number((factor * power).toPrecision(2));
}

function pack({ kind, index, slice, columns, values }: Slice, step: number) {
  const levels = Uint16Array.from(
    values,
    (value) => value > 0 ? Math.round(Math.min(value, CLIP) / step) : 0, // NaN becomes 0
  );
  const bytes = deflateSync(packLevels(levels, columns));
  return { id: pictureId(kind, index, slice), base64: Buffer.from(bytes).toString("base64") };
}
