/** PNG, for previews and figures. @module */
import { Buffer } from "node:buffer";
// @ts-types="@types/pngjs"
import { PNG } from "pngjs";
import { InputError } from "../errors.ts";
import { type NdArray, ndarray, zeros } from "../ndarray.ts";
import { holdsItsPixels } from "./png_scanlines.ts";

/** PNG's colour types: one channel; red, green, blue. */
const GRAYSCALE = 0, RGB = 2;

/**
 * Encodes a grey image. Values are clamped to 0..1; NaN becomes 0.
 * @param image `[rows, columns]`
 * @param bits of one pixel
 */
export function encodePng({ data, shape }: NdArray, bits: 8 | 16 = 8): Uint8Array<ArrayBuffer> {
  checkAxes("encode a PNG", shape);
  const white = 2 ** bits - 1;
  const pixels = bits === 8 ? new Uint8Array(data.length) : new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) pixels[i] = Math.round(clamp(data[i]) * white);
  // pngjs takes 16-bit pixels in the host's byte order and writes them big endian.
  return encode(Buffer.from(pixels.buffer), shape, bits, GRAYSCALE);
}

/** Encodes a colour image: pixels `[rows, columns, 3]`, 0 to 255. */
export function encodePngRgb(
  pixels: Uint8Array,
  rows: number,
  columns: number,
): Uint8Array<ArrayBuffer> {
  if (pixels.length !== rows * columns * 3) {
    throw new RangeError(
      `Cannot encode a PNG of ${rows} x ${columns} x 3: found ${pixels.length} values`,
    );
  }
  return encode(Buffer.from(pixels), [rows, columns], 8, RGB);
}

function encode(
  data: Buffer,
  [height, width]: readonly number[],
  bitDepth: 8 | 16,
  colorType: 0 | 2,
): Uint8Array<ArrayBuffer> {
  const png = new PNG({ width, height });
  png.data = data;
  const options = { bitDepth, colorType, inputColorType: colorType, inputHasAlpha: false };
  return new Uint8Array(PNG.sync.write(png, options));
}

/** First bytes of a PNG. */
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Bytes of the header, with its checksum. */
const HEADER_BYTES = 33;
/** More pixels than this are no image of ours; a small file may announce any number. */
const MAX_PIXELS = 2 ** 24;

/** Whether the bytes are those of a PNG. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a PNG of 8 or 16 bits, grey or in colour; transparency is left out.
 * @returns `[1 or 3, rows, columns]` from 0 (black) to 1 (white): one channel where all pixels are grey
 * @throws {InputError} for bytes that are no PNG, or a damaged one
 */
export function decodePng(bytes: Uint8Array, path: string): NdArray {
  const known = isPng(bytes) && bytes.length >= HEADER_BYTES;
  const [width, height] = [16, 20].map((at) => known ? Buffer.from(bytes).readUInt32BE(at) : 0);
  if (!known || width * height > MAX_PIXELS) {
    throw new InputError(
      `Cannot read ${path}: a PNG of at most ${MAX_PIXELS} pixels is required`,
    );
  }
  if (!holdsItsPixels(bytes)) {
    throw new InputError(`Cannot read ${path}: its ${height} x ${width} pixels are required`);
  }
  try {
    const { data } = PNG.sync.read(Buffer.from(bytes), { skipRescale: true });
    // pngjs gives red, green, blue and transparency, in 8 or 16 bits as the file has them.
    const white = data.BYTES_PER_ELEMENT === 2 ? 65535 : 255, pixels = width * height;
    const isGrey = !data.some((value, i) => i % 4 !== 3 && value !== data[i - i % 4]);
    const channels = isGrey ? 1 : 3;
    const planes = new Float32Array(channels * pixels);
    for (let i = 0; i < planes.length; i++) {
      planes[i] = data[4 * (i % pixels) + Math.floor(i / pixels)] / white;
    }
    return ndarray(planes, [channels, height, width]);
  } catch (cause) {
    throw new InputError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** NaN fails both comparisons, and becomes 0. */
function clamp(value: number): number {
  return value > 0 ? (value < 1 ? value : 1) : 0;
}

/** Maps `low` to 0 and `high` to 1, clamped: the window of a radiologist's screen. */
export function window({ data, shape }: NdArray, low: number, high: number): NdArray {
  if (!(high > low)) {
    throw new RangeError(`Cannot window from ${low} to ${high}: low < high required`);
  }
  return ndarray(data.map((value) => clamp((value - low) / (high - low))), shape);
}

/**
 * Tiles images of one size, left to right and top to bottom; missing tiles are 0.
 * @param images each `[rows, columns]`
 * @param columns number of tiles side by side
 * @returns `[rows * ceil(n / columns), columns * columns of an image]`
 */
export function montage(images: readonly NdArray[], columns: number): NdArray {
  if (images.length === 0 || !Number.isInteger(columns) || columns < 1) {
    throw new RangeError(`Cannot tile ${images.length} images in ${columns} columns`);
  }
  const [rows, width] = images[0].shape;
  const tiled = zeros([rows * Math.ceil(images.length / columns), width * columns]);
  images.forEach(({ data, shape }, tile) => {
    checkAxes("tile", shape);
    if (shape[0] !== rows || shape[1] !== width) {
      throw new RangeError(
        `Cannot tile [${shape}] with [${images[0].shape}]: one size is required`,
      );
    }
    const top = Math.floor(tile / columns) * rows;
    const left = (tile % columns) * width;
    for (let row = 0; row < rows; row++) {
      const line = data.subarray(row * width, (row + 1) * width);
      tiled.data.set(line, (top + row) * width * columns + left);
    }
  });
  return tiled;
}

function checkAxes(action: string, shape: readonly number[]): void {
  if (shape.length === 2) return;
  throw new RangeError(`Cannot ${action}: [rows, columns] is required, found [${shape}]`);
}
