/**
 * Arrays in plain (not HDF5) files: a type, and axes with strides. Slices are read one at a time,
 * whatever the order of the axes in the file.
 * @module
 */
import { promiseTry } from "../host.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { checkSlice, isFrame } from "./axes.ts";
import { allocate, type ByteSource, decode, type ElementType, type Scaling } from "./bytes.ts";
import { type KspaceArray, packedStrides, type StoredAxis } from "./kspace_array.ts";
import { planarStrided, withZeroImaginary } from "./planar.ts";
import type { Axis, ImageFile } from "./types.ts";

/** An array in a file that is open. */
export interface StoredArray {
  readonly source: ByteSource;
  /** Offset of the first element, bytes. */
  readonly offset: number;
  readonly type: ElementType;
  readonly scaling?: Scaling;
  /** In the order in which slices are counted: the first slice axis changes fastest. */
  readonly axes: readonly StoredAxis[];
}

/** Bytes read at once when the elements of a slice lie scattered over the file. */
const GATHER_BYTES = 1 << 22;

/** The strides of axes of which the first is the fastest. */
export function packedAxes(axes: readonly Axis[]): StoredAxis[] {
  let stride = 1;
  return axes.map((axis) => {
    const stored = { ...axis, stride };
    stride *= axis.size;
    return stored;
  });
}

/** An array whose numbers are k-space; `axes` in the order in which the file lists them. */
export function storedKspace(
  array: StoredArray,
  facts:
    & Pick<KspaceArray, "format" | "axes" | "columnsFirst" | "named">
    & Pick<Partial<KspaceArray>, "facts">,
): KspaceArray {
  const { source, type, scaling } = array;
  const { axes } = facts;
  return {
    ...facts,
    path: source.path,
    sure: false,
    complex: type.kind === "complex",
    type: `${type.kind}${8 * type.bytes}`,
    read: (start, count) => {
      const first = start.reduce((sum, index, i) => sum + index * axes[i].stride, 0);
      const box = axes.map((axis, i) => ({ ...axis, size: count[i] }));
      const sorted = box.toSorted((a, b) => a.stride - b.stride);
      return decode(readPacked(array, first, sorted), type, scaling);
    },
    [Symbol.dispose]: () => source[Symbol.dispose](),
  };
}

/** An image with the axes `row` and `column`. Disposing of it closes the source. */
export function storedImage(
  array: StoredArray,
  facts: Pick<ImageFile, "format" | "geometry">,
): ImageFile {
  const { source, axes, type } = array;
  const size = (name: string) => axes.find((axis) => axis.name === name)!.size;
  const [rows, columns] = [size("row"), size("column")];
  const frames = axes.filter(({ name }) => isFrame(name) && !["row", "column"].includes(name));
  return {
    path: source.path,
    ...facts,
    slices: sizeOf(axes.map(({ size }) => size)) / (rows * columns),
    frames: frames.length > 0 ? frames.map(({ name, size }) => ({ name, size })) : undefined,
    rows,
    columns,
    complex: type.kind === "complex",
    readSlice: (index) =>
      promiseTry(() => {
        const { data } = readPlanes(array, ["coil", "row", "column"], index);
        return ndarray(data, [2, rows, columns]);
      }),
    [Symbol.dispose]: () => source[Symbol.dispose](),
  };
}

/** A slice `[C, 2, H, W]`: `names` are those of the three axes. */
export function readPlanes(array: StoredArray, names: readonly string[], index: number): NdArray {
  const { axes, source, type, scaling } = array;
  const wanted = names.map((name) =>
    axes.find((axis) => axis.name === name) ?? { name, size: 1, stride: 0 }
  );
  const others = axes.filter((axis) => !wanted.includes(axis));
  checkSlice(index, sizeOf(others.map(({ size }) => size)), source.path);
  const sorted = wanted.toSorted((a, b) => a.stride - b.stride);
  const values = decode(readPacked(array, place(index, others), sorted), type, scaling);
  const packed = packedStrides(wanted, wanted.map(({ size }) => size));
  const [coil, row, column] = wanted.map(({ size }) => size);
  return planarStrided(
    type.kind === "complex" ? values : withZeroImaginary(values),
    [coil, row, column],
    { coil: 2 * packed[0], row: 2 * packed[1], column: 2 * packed[2] },
    { source: source.path, slice: index },
  );
}

/** Position of the element number `index` along some axes, the first of them the fastest. */
function place(index: number, axes: readonly StoredAxis[]): number {
  let at = 0;
  for (const { size, stride } of axes) {
    at += (index % size) * stride;
    index = Math.floor(index / size);
  }
  return at;
}

/** The elements of axes in order of their strides, from element `first` on. */
function readPacked(
  array: StoredArray,
  first: number,
  axes: readonly StoredAxis[],
): Uint8Array<ArrayBuffer> {
  const used = axes.filter(({ size }) => size > 1);
  // Axes that continue each other make one run of elements at equal distances.
  const step = used[0]?.stride ?? 1;
  let length = 1;
  while (used.length > 0 && used[0].stride === length * step) length *= used.shift()!.size;
  const runs = sizeOf(used.map(({ size }) => size));
  if (runs === 1) return readRun(array, first, length, step);
  const size = length * array.type.bytes;
  const bytes = allocate(array.source.path, runs * size);
  for (let run = 0; run < runs; run++) {
    bytes.set(readRun(array, first + place(run, used), length, step), run * size);
  }
  return bytes;
}

/** The elements first, first + step, first + 2 step, ... of the file, read piece by piece. */
function readRun(
  { source, type: { bytes: width }, offset }: StoredArray,
  first: number,
  length: number,
  step: number,
): Uint8Array<ArrayBuffer> {
  if (step === 1) return source.read(offset + first * width, length * width);
  const gathered = allocate(source.path, length * width);
  const perRead = Math.max(1, Math.floor(GATHER_BYTES / (step * width)));
  for (let done = 0; done < length; done += perRead) {
    const now = Math.min(perRead, length - done);
    // A run ends with its last element: the bytes behind it may be past the end of the file.
    const span = ((now - 1) * step + 1) * width;
    const run = source.read(offset + (done * step + first) * width, span);
    const target = gathered.subarray(done * width, (done + now) * width);
    if (width % 4 === 0 && run.byteOffset % 4 === 0) {
      copyStrided(words(run), words(target), width / 4, step);
    } else copyStrided(run, target, width, step);
  }
  return gathered;
}

/** Four bytes at a time: as integers, so that no bit of a NaN changes. */
function words({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength / 4);
}

/** Every `step`-th element of `width` units. */
function copyStrided<T extends Uint8Array | Uint32Array>(
  from: T,
  to: T,
  width: number,
  step: number,
): void {
  for (let unit = 0; unit < width; unit++) {
    for (let at = unit, i = unit; i < to.length; i += width, at += step * width) to[i] = from[at];
  }
}
