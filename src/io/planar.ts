/** From the interleaved complex numbers of files to planar arrays, and back. @module */
import { InputError } from "../errors.ts";
import { type NdArray, ndarray } from "../ndarray.ts";

/** Side of the tiles of a transpose: two tiles of complex64 stay in the first-level cache. */
const TILE = 32;

/** The slice, for the error about a value that is not finite. */
export interface SliceSource {
  readonly source: string;
  /** Index of the slice in the file, from 0. */
  readonly slice: number;
}

/** Distance, in values, from one coil, output row (H) or output column (W) to the next. */
export interface Strides {
  readonly coil: number;
  readonly row: number;
  readonly column: number;
  /** From the real to the imaginary part. Default 1. */
  readonly imaginary?: number;
  /** Whether numbers are conjugated. Default false. */
  readonly conjugate?: boolean;
  /** By how much each of the three axes is rolled, so that its index 0 comes to lie there. */
  readonly shifts?: readonly [number, number, number];
}

/**
 * Makes one slice of coils planar, and checks that every number is finite.
 * @param interleaved `[coils, rows, columns]` complex numbers, re and im side by side
 * @returns `[coils, 2, rows, columns]`, or with `transpose` `[coils, 2, columns, rows]`
 */
export function planarCoils(
  interleaved: Float32Array,
  coils: number,
  rows: number,
  columns: number,
  { transpose, ...from }: SliceSource & { readonly transpose: boolean },
): NdArray {
  const coil = 2 * rows * columns;
  const strides = { coil, row: 2 * columns, column: 2 };
  return transpose
    ? planarStrided(
      interleaved,
      [coils, columns, rows],
      { coil, row: 2, column: 2 * columns },
      from,
    )
    : planarStrided(interleaved, [coils, rows, columns], strides, from);
}

/** {@link planarCoils} for any order of the axes in the file: `[C, 2, H, W]`. */
export function planarStrided(
  values: Float32Array,
  [coils, height, width]: readonly [number, number, number],
  { coil: coilStride, row, column, imaginary = 1, conjugate, shifts = [0, 0, 0] }: Strides,
  { source: path, slice }: SliceSource,
): NdArray {
  const plane = height * width;
  const sign = conjugate ? -1 : 1;
  const data = new Float32Array(coils * 2 * plane);
  const [coilPlace, rowPlace, columnPlace] = [
    rolled(coils, coilStride, shifts[0]),
    rolled(height, row, shifts[1]),
    rolled(width, column, shifts[2]),
  ];
  for (let coil = 0; coil < coils; coil++) {
    const target = data.subarray(2 * coil * plane, 2 * (coil + 1) * plane);
    tileRows(height, width, (y, left, right) => {
      const start = coilPlace[coil] + rowPlace[y];
      for (let x = left, to = y * width + left; x < right; x++, to++) {
        const from = start + columnPlace[x];
        target[to] = values[from];
        target[plane + to] = sign * values[from + imaginary];
      }
    });
    checkFinite(target, path, `slice ${slice}, coil ${coil}`);
  }
  return ndarray(data, [coils, 2, height, width]);
}

/** Where each index of an axis is found, when index 0 is to come to lie at `shift`. */
function rolled(size: number, stride: number, shift: number): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, i) => (i < shift ? i - shift + size : i - shift) * stride,
  );
}

/** Visits the rows of a plane tile by tile, so that no side of a copy is read with long strides. */
function tileRows(
  height: number,
  width: number,
  visit: (row: number, left: number, right: number) => void,
): void {
  for (let top = 0; top < height; top += TILE) {
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(left + TILE, width);
      for (let row = top; row < Math.min(top + TILE, height); row++) visit(row, left, right);
    }
  }
}

/** Planar `[C, 2, H, W]` to interleaved complex64 `[C, W, H]`. */
export function interleaveTransposed(
  { data, shape: [coils, , height, width] }: NdArray,
  bytes: Uint8Array<ArrayBuffer>,
): void {
  const target = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const plane = height * width;
  for (let start = 0; start < 2 * coils * plane; start += 2 * plane) {
    tileRows(height, width, (y, left, right) => {
      let to = start + 2 * (left * height + y);
      for (let from = start + y * width + left; from < start + y * width + right; from++) {
        target[to] = data[from];
        target[to + 1] = data[from + plane];
        to += 2 * height;
      }
    });
  }
}

/** Checks that all values are finite; `where` they lie (`slice 3, coil 0`) is for the message. */
export function checkFinite(values: Float32Array, source: string, where?: string): void {
  // NaN * 0 and Infinity * 0 are NaN and make the sum NaN: no branch for each value.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  if (sum === 0) return;
  const found = values.find((value) => !Number.isFinite(value));
  throw new InputError(
    `Cannot read ${source}: finite float32 values are required, found ${found}` +
      (where === undefined ? "" : ` in ${where} (counted from 0)`),
  );
}

/** Planar `[..., 2, H, W]` to interleaved `[..., H, W]`, in C order. */
export function interleave({ data, shape }: NdArray): Float32Array<ArrayBuffer> {
  if (shape.length < 3 || shape[shape.length - 3] !== 2) {
    throw new RangeError(`Cannot interleave [${shape}]: the shape [..., 2, H, W] is required`);
  }
  const plane = shape[shape.length - 2] * shape[shape.length - 1];
  const interleaved = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += 2 * plane) {
    for (let i = 0; i < plane; i++) {
      interleaved[start + 2 * i] = data[start + i];
      interleaved[start + 2 * i + 1] = data[start + plane + i];
    }
  }
  return interleaved;
}

/** Real numbers as interleaved complex ones. */
export function withZeroImaginary(real: Float32Array): Float32Array {
  const complex = new Float32Array(2 * real.length);
  for (let i = 0; i < real.length; i++) complex[2 * i] = real[i];
  return complex;
}
