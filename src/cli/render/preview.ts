/**
 * The picture a person looks at first: the slices of a volume, or one slice beside its reference.
 * @module
 */
import type { Geometry } from "../../io/types.ts";
import { encodePng, montage, window } from "../../io/png.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { drawLabel, LABEL_HEIGHT } from "./bitmap_font.ts";

/** Most slices in a preview. */
const MAX_TILES = 16;
/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;
/** Factor on the error, so that it can be seen. */
export const ERROR_GAIN = 5;

/** What a preview shows. */
export interface PreviewContent {
  /** Magnitude `[slices, rows, columns]`. */
  readonly magnitude: NdArray;
  /** Fully sampled reference of the same shape. */
  readonly reference?: NdArray;
  /** Zero-filled reconstruction of the same shape. */
  readonly zeroFilled?: NdArray;
  /** Where voxels lie: a picture has the front of the head at the top. */
  readonly geometry?: Geometry;
  /** Name of the method. */
  readonly method: string;
}

/** The preview as an 8-bit PNG. */
export function previewPng(content: PreviewContent): Uint8Array<ArrayBuffer> {
  const { magnitude, reference } = content;
  const show = (image: NdArray) => upright(image, content.geometry);
  if (reference === undefined || (magnitude.shape[0] > 1 && !content.zeroFilled)) {
    const slices = evenly(magnitude.shape[0]).map((index) => show(sliceOf(magnitude, index)));
    const tiled = montage(slices, Math.ceil(Math.sqrt(slices.length)));
    return encodePng(window(tiled, 0, white(tiled)));
  }
  const middle = Math.floor(magnitude.shape[0] / 2);
  const top = white(sliceOf(reference, middle));
  const panel = (volume: NdArray) => window(show(sliceOf(volume, middle)), 0, top);
  const panels: [string, NdArray][] = [["reference", panel(reference)]];
  if (content.zeroFilled) panels.push(["zero-filled", panel(content.zeroFilled)]);
  panels.push([content.method, panel(magnitude)]);
  const error = window(difference(panels[panels.length - 1][1], panels[0][1]), 0, 1 / ERROR_GAIN);
  panels.push([`error x${ERROR_GAIN}`, error]);
  return encodePng(montage(panels.map(([text, image]) => labelled(text, image)), panels.length));
}

/** Every slice as a 16-bit PNG, in one window from 0 to the volume's maximum, in file order. */
export function* slicePngs(magnitude: NdArray): Generator<Uint8Array<ArrayBuffer>> {
  const most = magnitude.data.reduce((a, b) => Math.max(a, b), 0);
  for (let index = 0; index < magnitude.shape[0]; index++) {
    yield encodePng(window(sliceOf(magnitude, index), 0, most > 0 ? most : 1), 16);
  }
}

/** One slice of `[S, H, W]`. */
export function sliceOf({ data, shape: [, rows, columns] }: NdArray, index: number): NdArray {
  const size = rows * columns;
  return ndarray(data.subarray(index * size, (index + 1) * size), [rows, columns]);
}

/** The magnitude that is shown white. */
export function white({ data }: NdArray): number {
  const level = percentile(data, WINDOW_PERCENTILE);
  return level > 0 ? level : Math.max(1e-30, ...[data.reduce((a, b) => Math.max(a, b), 0)]);
}

/** Up to MAX_TILES indices, evenly spread from the first to the last. */
function evenly(count: number): number[] {
  const tiles = Math.min(count, MAX_TILES);
  if (tiles === 1) return [Math.floor(count / 2)];
  return Array.from({ length: tiles }, (_, i) => Math.round(i * (count - 1) / (tiles - 1)));
}

/** |a - b|. */
export function difference(a: NdArray, b: NdArray): NdArray {
  return ndarray(a.data.map((value, i) => Math.abs(value - b.data[i])), a.shape);
}

/** The image with a line of text above it. */
export function labelled(text: string, { data, shape: [rows, columns] }: NdArray): NdArray {
  const result = zeros([rows + LABEL_HEIGHT, columns]);
  result.data.set(data, LABEL_HEIGHT * columns);
  drawLabel(result, text);
  return result;
}

/**
 * The slice as a radiologist hangs it, where the file says how it lies: the front (or the top) of
 * the head up, the patient's right on the left.
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
  return flip(image, {
    columns: across.axis === 0 && across.positive,
    rows: down.axis !== 0 && down.positive,
  });
}

function flip(
  { data, shape }: NdArray,
  { rows: flipRows, columns: flipColumns }: { rows: boolean; columns: boolean },
): NdArray {
  const [rows, columns] = shape;
  const turned = data.map((_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    const fromRow = flipRows ? rows - 1 - row : row;
    return data[fromRow * columns + (flipColumns ? columns - 1 - column : column)];
  });
  return ndarray(turned, shape);
}
