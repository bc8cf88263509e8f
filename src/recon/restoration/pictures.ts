/** Pictures to be restored: from a file, or drawn. @module */
import { InputError } from "../../errors.ts";
import type { Runtime } from "../../graph/mod.ts";
import { openBytes } from "../../io/bytes.ts";
import { openImage } from "../../io/open.ts";
import { decodePng, isPng } from "../../io/png.ts";
import { readMaskFile } from "../../io/mask_file.ts";
import type { Geometry } from "../../io/types.ts";
import { type NdArray, ndarray, partOf, stack, zeros } from "../../ndarray.ts";
import type { Warning } from "../../warning.ts";
import { phantomImage } from "../example.ts";
import { sliceRange } from "../volume.ts";
import { magnitudes } from "./restore.ts";

/** Pictures, and how they are shown. */
export interface Pictures {
  /** Path, or `example`. */
  readonly path: string;
  /** Whether they come from a PNG. */
  readonly format: "png" | "volume";
  /** What a pixel is. */
  readonly kind: "grey" | "colour" | "complex";
  /** `[slices, 2 S, H, W]`, from 0 (black) to 1 (white) where they are real. */
  readonly images: NdArray;
  /** The file's value of white. */
  readonly white: number;
  /** Where voxels lie. */
  readonly geometry?: Geometry;
  /** What a user should know. */
  readonly warnings: readonly Warning[];
  /** Values to look at, `[slices, S, H, W]`: real parts, or magnitudes of complex pictures. */
  shown(images: NdArray): NdArray;
}

/** Which pictures. */
export interface PictureOptions {
  /** First slice and the one after the last. */
  readonly bounds?: readonly [number | undefined, number | undefined];
  /** Rows and columns of the drawn brain. Default 256. */
  readonly size?: number;
  /** What rows and columns must be multiples of; the rest at the end is cut off. */
  readonly unit: number;
  /** Seed of the drawn brain. */
  readonly seed: number;
}

const DRAWN_SIZE = 256;
/** Bytes by which a PNG is known. */
const SIGNATURE_BYTES = 8;

/**
 * Reads pictures, or draws a brain where there is no path.
 * @throws {InputError} for a file that holds none, or too few pixels
 */
export async function openPictures(
  runtime: Runtime,
  path: string | undefined,
  options: PictureOptions,
): Promise<Pictures> {
  const png = path === undefined ? undefined : pngBytes(path);
  const found = path === undefined || png === undefined
    ? await volumePictures(runtime, path, options)
    : pngPictures(path, png);
  const { images, warnings } = whole(found.path, found.images, options.unit);
  const most = found.format === "png"
    ? 1
    : images.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  if (!(most > 0)) {
    throw new InputError(`Cannot restore ${found.path}: a pixel that is not 0 is required`);
  }
  if (found.kind !== "complex" && images.data.every((value) => value <= 0)) {
    throw new InputError(`Cannot restore ${found.path}: a pixel above 0 (black) is required`);
  }
  const scaled = ndarray(images.data.map((value) => value / most), images.shape);
  const shown = found.kind === "complex" ? shownMagnitudes : realParts;
  return { ...found, images: scaled, white: most, warnings, shown };
}

/** The bytes of a PNG; undefined for a file of another kind. */
function pngBytes(path: string): Uint8Array | undefined {
  using source = openBytes(path);
  const head = source.read(0, Math.min(SIGNATURE_BYTES, source.size));
  return isPng(head) ? source.read(0, source.size) : undefined;
}

type Read = Pick<Pictures, "path" | "format" | "kind" | "images" | "geometry">;

async function volumePictures(
  runtime: Runtime,
  path: string | undefined,
  { bounds, size = DRAWN_SIZE, seed }: PictureOptions,
): Promise<Read> {
  using file = path === undefined
    ? await phantomImage(runtime, { size, seed })
    : await openImage(path);
  const [first, end] = sliceRange(file, [bounds?.[0] ?? 0, bounds?.[1] ?? file.slices]);
  const slices: NdArray[] = [];
  for (let slice = first; slice < end; slice++) slices.push(await file.readSlice(slice));
  const { path: name, geometry, complex } = file;
  const kind = complex ? "complex" : "grey";
  return { path: name, format: "volume", kind, images: stack(slices), geometry };
}

function pngPictures(path: string, bytes: Uint8Array): Read {
  const { data, shape: [channels, height, width] } = decodePng(bytes, path);
  const images = zeros([1, 2 * channels, height, width]), size = height * width;
  for (let channel = 0; channel < channels; channel++) {
    images.data.set(data.subarray(channel * size, (channel + 1) * size), 2 * channel * size);
  }
  return { path, format: "png", kind: channels === 1 ? "grey" : "colour", images };
}

/** Fewest rows and columns: the window of SSIM. */
const LEAST_SIDE = 8;

function whole(path: string, { data, shape }: NdArray, unit: number) {
  const [slices, parts, height, width] = shape;
  const [rows, columns] = [height, width].map((side) => Math.floor(side / unit) * unit);
  if (Math.min(rows, columns) < LEAST_SIDE) {
    throw new InputError(
      `Cannot restore ${path}: at least ${
        Math.max(unit, LEAST_SIDE)
      } rows and columns are required, ` +
        `found ${height} x ${width}`,
    );
  }
  if (rows === height && columns === width) return { images: { data, shape }, warnings: [] };
  const cut = zeros([slices, parts, rows, columns]);
  for (let line = 0; line < slices * parts * rows; line++) {
    const from = (Math.floor(line / rows) * height + line % rows) * width;
    cut.data.set(data.subarray(from, from + columns), line * columns);
  }
  const message = `The picture was cut from ${height} x ${width} to ${rows} x ${columns} pixels: ` +
    `the task needs multiples of ${unit}`;
  return { images: cut, warnings: [{ code: "picture-cut", message }] };
}

const shownMagnitudes = (images: NdArray): NdArray => {
  const { data, shape: [slices, ...size] } = magnitudes(images);
  return ndarray(data, [slices, 1, ...size]);
};

function realParts({ data, shape: [slices, parts, ...size] }: NdArray): NdArray {
  const apart = { data, shape: [slices * parts / 2, 2, ...size] };
  const planes = Array.from({ length: slices * parts / 2 }, (_, i) => partOf(partOf(apart, i), 0));
  return ndarray(stack(planes).data, [slices, parts / 2, ...size]);
}

/**
 * A kernel, a mask or a point spread function: the first slice of an image, or a mask file.
 * @returns `[h, w]`
 */
export async function readPlane(path: string): Promise<NdArray> {
  const png = pngBytes(path);
  if (png !== undefined) return partOf(decodePng(png, path), 0);
  try {
    using file = await openImage(path);
    return partOf(await file.readSlice(0), 0);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const mask = readMaskFile(path);
    if (mask.kind === "plane") {
      return ndarray(Float32Array.from(mask.values), [mask.rows, mask.columns]);
    }
    throw new InputError(`Cannot read ${path}: rows and columns are required, found one axis`);
  }
}
