/** The picture a person looks at first: a volume's slices, or one beside its reference. @module */
import type { Geometry } from "../../io/types.ts";
import { encodePng, montage, window } from "../../io/png.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { type NdArray, ndarray, partOf, zeros } from "../../ndarray.ts";
import { drawLabel, LABEL_HEIGHT } from "./bitmap_font.ts";

const MAX_TILES = 16;
/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;
const MIN_WHITE = 1e-30;
export const ERROR_GAIN = 5;

export interface PreviewContent {
  readonly magnitude: NdArray;
  readonly reference?: NdArray;
  readonly zeroFilled?: NdArray;
  /** Standard deviation of the posterior samples. */
  readonly std?: NdArray;
  /** Half-widths of the error bars. */
  readonly error90?: NdArray;
  /** What the data do not determine, with outlines of flagged structures. */
  readonly added?: NdArray;
  /** Where voxels lie: a picture has the front of the head at the top. */
  readonly geometry?: Geometry;
  readonly method: string;
}

/**
 * The slices of a volume, or the middle one beside its reference and its error; in either case the
 * standard deviation, the error bars and the added part beside it, where there are any, up to a level that is told in
 * per cent of the image's white.
 */
export function previewPng(
  { magnitude, reference, zeroFilled, std, error90, added, geometry, method }: PreviewContent,
): Uint8Array<ArrayBuffer> {
  const maps = [["std", std], ["90 %", error90], ["added", added]] as const;
  const panelsOf = (shown: (volume: NdArray) => NdArray, top: number) =>
    maps.flatMap(([name, map]) => map ? [levelled(name, shown(map), top)] : []);
  const show = (volume: NdArray, index: number) => upright(partOf(volume, index), geometry);
  if (reference === undefined || (magnitude.shape[0] > 1 && !zeroFilled)) {
    const tiled = (volume: NdArray) => {
      const slices = evenly(volume.shape[0]).map((index) => show(volume, index));
      return montage(slices, Math.ceil(Math.sqrt(slices.length)));
    };
    const image = tiled(magnitude), top = white(image), shown = window(image, 0, top);
    const others = panelsOf(tiled, top);
    if (others.length === 0) return encodePng(shown);
    return encodePng(montage([labelled(method, shown), ...others], 1 + others.length));
  }
  const middle = Math.floor(magnitude.shape[0] / 2);
  const top = white(partOf(reference, middle));
  const panel = (volume: NdArray) => window(show(volume, middle), 0, top);
  const [truth, image] = [panel(reference), panel(magnitude)];
  const panels = [
    labelled("reference", truth),
    ...(zeroFilled ? [labelled("zero-filled", panel(zeroFilled))] : []),
    labelled(method, image),
    labelled(`error x${ERROR_GAIN}`, window(difference(image, truth), 0, 1 / ERROR_GAIN)),
    ...panelsOf((map) => show(map, middle), top),
  ];
  return encodePng(montage(panels, panels.length));
}

/** A map of errors on its own scale, labelled with its white in per cent of `top`. */
function levelled(name: string, map: NdArray, top: number): NdArray {
  const most = white(map);
  return labelled(
    `${name} to ${Number((100 * most / top).toPrecision(2))} %`,
    window(map, 0, most),
  );
}

/** Every slice as a 16-bit PNG, in one window from 0 to the volume's maximum, in file order. */
export function* slicePngs(magnitude: NdArray): Generator<Uint8Array<ArrayBuffer>> {
  const most = magnitude.data.reduce((a, b) => Math.max(a, b), 0);
  for (let index = 0; index < magnitude.shape[0]; index++) {
    yield encodePng(window(partOf(magnitude, index), 0, most > 0 ? most : 1), 16);
  }
}

export function white({ data }: NdArray): number {
  const level = percentile(data, WINDOW_PERCENTILE);
  return level > 0 ? level : data.reduce((a, b) => Math.max(a, b), MIN_WHITE);
}

/** Up to MAX_TILES indices, evenly spread from the first to the last. */
function evenly(count: number): number[] {
  const tiles = Math.min(count, MAX_TILES);
  if (tiles === 1) return [Math.floor(count / 2)];
  return Array.from({ length: tiles }, (_, i) => Math.round(i * (count - 1) / (tiles - 1)));
}

/** The part of an image around the pixels of `inside` that are not 0; `side`: pixels, all if absent. */
export function around(image: NdArray, inside: NdArray, side?: number): NdArray {
  const [rows, columns] = image.shape;
  const on = [...inside.data.keys()].filter((i) => inside.data[i] !== 0);
  const range = (places: readonly number[], size: number) => {
    const first = Math.min(...places), last = Math.max(...places);
    const length = Math.min(side ?? last - first + 1, size);
    const start = Math.round((first + last + 1 - length) / 2);
    return { start: Math.max(0, Math.min(size - length, start)), length };
  };
  const down = range(on.map((i) => Math.floor(i / columns)), rows);
  const across = range(on.map((i) => i % columns), columns);
  const part = zeros([down.length, across.length]);
  for (let row = 0; row < down.length; row++) {
    const start = (down.start + row) * columns + across.start;
    part.data.set(image.data.subarray(start, start + across.length), row * across.length);
  }
  return part;
}

export function difference(a: NdArray, b: NdArray): NdArray {
  return ndarray(a.data.map((value, i) => Math.abs(value - b.data[i])), a.shape);
}

export function labelled(text: string, { data, shape: [rows, columns] }: NdArray): NdArray {
  const result = zeros([rows + LABEL_HEIGHT, columns]);
  result.data.set(data, LABEL_HEIGHT * columns);
  drawLabel(result, text);
  return result;
}

/**
 * A slice, or a volume of them, as radiologists view it, where the file holds the orientation: the
 * front (or the top) of the head up, the patient's right on the left.
 */
export function upright(image: NdArray, geometry?: Geometry): NdArray {
  if (!geometry?.known) return image;
  const { affine } = geometry;
  const direction = (column: number) => {
    const along = [affine[column], affine[4 + column], affine[8 + column]];
    const axis = along.reduce((best, v, i) => Math.abs(v) > Math.abs(along[best]) ? i : best, 0);
    return { axis, positive: along[axis] > 0 };
  };
  const across = direction(0), down = direction(1);
  const flipColumns = across.axis === 0 && across.positive;
  const flipRows = down.axis !== 0 && down.positive;
  const { data, shape } = image;
  const [rows, columns] = shape.slice(-2);
  const flipped = data.map((_, i) => {
    const row = Math.floor(i / columns) % rows, column = i % columns;
    const slice = i - row * columns - column;
    const fromRow = flipRows ? rows - 1 - row : row;
    return data[slice + fromRow * columns + (flipColumns ? columns - 1 - column : column)];
  });
  return ndarray(flipped, shape);
}
