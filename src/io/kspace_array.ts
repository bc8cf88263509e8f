/**
 * K-space as an array in a file of any format, and the slices that it makes once its axes have names.
 * @module
 */
import { InputError } from "../errors.ts";
import { type NdArray, sizeOf } from "../ndarray.ts";
import { checkSlice, ENCODED, frameCount, indices, isFrame, PARTS, UNUSED } from "./axes.ts";
import { planarStrided } from "./planar.ts";
import type { Axis, FileFormat, KspaceFile } from "./types.ts";

/** An axis and the distance, in numbers, from one index to the next. */
export interface StoredAxis extends Axis {
  readonly stride: number;
}

/** What a file says of its k-space beside the samples. */
export type KspaceFacts = Pick<
  KspaceFile,
  "mask" | "encoded" | "imageSize" | "geometry" | "warnings" | "readReference"
>;

/** An array of numbers in a file that is open. Disposing of it closes the file. */
export interface KspaceArray extends Disposable {
  readonly path: string;
  readonly format: FileFormat;
  /** In the order in which the file lists them, with the names that its format or habit gives. */
  readonly axes: readonly StoredAxis[];
  /** Whether the first axis of the list is the one of columns (BART, NIfTI), not the last (NumPy). */
  readonly columnsFirst: boolean;
  /** Whether the numbers are complex. */
  readonly complex: boolean;
  /** Type of the numbers, for messages. */
  readonly type: string;
  /** Whether names and centre of k-space are sure: the file says what wrote it. */
  readonly sure: boolean;
  /** Whether the format names its axes, so that only the centre of k-space is to be found. */
  readonly named: boolean;
  /**
   * Reads a box: `count` elements of each axis from `start` on, packed in the order of the strides;
   * complex numbers as two values side by side.
   */
  read(start: readonly number[], count: readonly number[]): Float32Array | Promise<Float32Array>;
  /** What else the file says, when its slices have this size; checks that one can be read. */
  facts?(slice: SliceBox): KspaceFacts | Promise<KspaceFacts>;
}

/** Size of a slice, and the box that is read of each axis for one. */
export interface SliceBox extends Pick<KspaceFile, "slices" | "height" | "width" | "transposed"> {
  readonly count: readonly number[];
}

/** What the axes of an array mean. */
export interface KspaceLayout {
  /** A name for each axis of the array. */
  readonly names: readonly string[];
  /** Encoded axes whose index 0, and not the middle, is the centre of k-space. */
  readonly corner?: readonly string[];
  /** Encoded axis of 3-D k-space along which all samples were acquired. Default `readout`. */
  readonly through?: string;
  /** Encoded axis that becomes H, where it is not the first phase encoding that is left. */
  readonly lines?: string;
  /** Whether the samples are conjugated when they are read. Default false. */
  readonly conjugate?: boolean;
}

/** The array with its axis of interleaved parts (re, im, re, im, ...) as two axes. */
export function withParts(array: KspaceArray): KspaceArray {
  const fastest = array.axes.findIndex(({ stride }) => stride === 1);
  const { size } = array.axes[fastest];
  if (size % 2 !== 0) throw new InputError(`Cannot split ${size} values of ${array.path} in pairs`);
  const axes = array.axes.flatMap((axis, i): StoredAxis[] => {
    if (i !== fastest) return [axis];
    const pairs = { ...axis, size: size / 2, stride: 2 };
    const parts = { name: PARTS, size: 2, stride: 1 };
    return array.columnsFirst ? [parts, pairs] : [pairs, parts];
  });
  const at = axes.findIndex(({ name }) => name === PARTS);
  const other = fastest + (array.columnsFirst ? 1 : 0);
  return {
    ...array,
    axes,
    read: async (start, count) => {
      // Of two parts both are read; a box with one of them alone is picked out of that.
      const both = (values: readonly number[]) => values.filter((_, i) => i !== at);
      const from = both(start), to = both(count);
      const place = other > at ? other - 1 : other;
      from[place] *= 2;
      to[place] *= 2;
      const values = await array.read(from, to);
      return count[at] === 2 ? values : values.filter((_, i) => i % 2 === start[at]);
    },
    [Symbol.dispose]: () => array[Symbol.dispose](),
  };
}

/** Where the three axes of a plane or a volume of k-space lie, and what becomes of the others. */
export interface Roles {
  /** Position of each axis in the array; -1 when it has none. */
  readonly coil: number;
  readonly row: number;
  readonly column: number;
  /** Of 3-D k-space: the axis that is transformed first. */
  readonly through: number;
  readonly slices: readonly number[];
  readonly frames: readonly number[];
  readonly transposed: boolean;
}

/** Assigns the axes of a layout. */
export function rolesOf(array: KspaceArray, layout: KspaceLayout): Roles {
  const { names } = layout;
  const at = (name: string | undefined) => name === undefined ? -1 : names.indexOf(name);
  const encoded = ENCODED.filter((name) => names.includes(name));
  const through = encoded.length === 3 ? layout.through ?? "readout" : undefined;
  const inPlane = encoded.filter((name) => name !== through);
  const phases = inPlane.filter((name) => name !== "readout");
  const lines = layout.lines ?? phases[0];
  const row = at(lines), column = at(inPlane.find((name) => name !== lines));
  // Axes of frames in the order in which they change, the fastest first.
  const order = names.map((_, i) => i);
  if (!array.columnsFirst) order.reverse();
  const slowerFirst = array.columnsFirst ? row < column : row > column;
  return {
    coil: at("coil"),
    row,
    column,
    through: at(through),
    slices: order.filter((i) => names[i] === "slice"),
    frames: order.filter((i) => isFrame(names[i])),
    transposed: row >= 0 && column >= 0 && slowerFirst,
  };
}

/**
 * Planes of an array: `[a, 2, b, c]` along three of its axes (position -1: of size 1), at given
 * indices of the others.
 */
export async function readPlanes(
  array: KspaceArray,
  layout: KspaceLayout,
  wanted: readonly [number, number, number],
  at: Readonly<Record<number, number>>,
  slice: number,
): Promise<NdArray> {
  const { axes } = array;
  const { names, corner = [], conjugate } = layout;
  const parts = names.indexOf(PARTS);
  const whole = (i: number) => wanted.includes(i) || i === parts;
  const start = axes.map((_, i) => whole(i) ? 0 : at[i] ?? 0);
  const count = axes.map(({ size }, i) => whole(i) ? size : 1);
  const values = await array.read(start, count);
  const strides = packedStrides(axes, count);
  const unit = array.complex ? 2 : 1;
  const stride = (i: number) => i < 0 ? 0 : unit * strides[i];
  const size = (i: number) => i < 0 ? 1 : axes[i].size;
  const middle = (i: number) => corner.includes(names[i]) ? Math.floor(size(i) / 2) : 0;
  const [a, b, c] = wanted;
  return planarStrided(
    values,
    [size(a), size(b), size(c)],
    {
      coil: stride(a),
      row: stride(b),
      column: stride(c),
      imaginary: array.complex ? 1 : strides[parts],
      conjugate,
      shifts: [middle(a), middle(b), middle(c)],
    },
    { source: array.path, slice },
  );
}

/** The array for a look at its layout: values that are not finite count as zero. */
export function finiteOnly(array: KspaceArray): KspaceArray {
  return {
    ...array,
    read: async (start, count) =>
      (await array.read(start, count)).map((value) => Number.isFinite(value) ? value : 0),
  };
}

/** Distances of the elements of a box, packed in the order of the strides of the file. */
export function packedStrides(axes: readonly StoredAxis[], count: readonly number[]): number[] {
  const order = axes.map((_, i) => i).sort((a, b) => axes[a].stride - axes[b].stride);
  const strides: number[] = [];
  let stride = 1;
  for (const i of order) {
    strides[i] = stride;
    stride *= count[i];
  }
  return strides;
}

/** Largest slice as planar float32. */
const MAX_SLICE_BYTES = 2 ** 31;

/** What k-space of these axes is, without its samples. */
export async function describeKspace(array: KspaceArray, layout: KspaceLayout) {
  const roles = rolesOf(array, layout);
  const { coil, row, column, through, slices, frames, transposed } = roles;
  // Of 3-D k-space one coil is read at a time.
  const read = [through < 0 ? coil : through, row, column, layout.names.indexOf(PARTS)];
  const box = array.axes.map(({ size }, i) => read.includes(i) ? size : 1);
  const size = (i: number) => i < 0 ? 1 : array.axes[i].size;
  const named = (i: number): Axis => ({ name: layout.names[i], size: size(i) });
  const count = sizeOf(slices.map(size)) * frameCount(frames.map(named));
  const sizes = { coils: size(coil), height: size(row), width: size(column) };
  const bytes = 8 * sizeOf(read.slice(0, 3).map(size));
  if (!(bytes <= MAX_SLICE_BYTES)) {
    throw new InputError(
      `Cannot read ${array.path}: a slice of at most ${MAX_SLICE_BYTES} bytes is required, ` +
        `found ${bytes}`,
    );
  }
  return {
    path: array.path,
    format: array.format,
    axes: layout.names.map((_, i) => named(i)).filter(({ name }) =>
      name !== UNUSED && name !== PARTS
    ),
    ...sizes,
    slices: count,
    frames: frames.length > 0 ? frames.map(named) : undefined,
    transposed,
    ...await array.facts?.({ ...sizes, slices: count, transposed, count: box }),
    roles,
  };
}

/**
 * K-space of 2-D slices. Disposing of it closes the array.
 * @throws {InputError} for 3-D k-space, whose readout is to be transformed first
 */
export async function kspaceFrom(array: KspaceArray, layout: KspaceLayout): Promise<KspaceFile> {
  const { roles: { coil, row, column, through, slices, frames }, ...file } = await describeKspace(
    array,
    layout,
  );
  if (through >= 0) {
    throw new InputError(
      `Cannot read slices of ${array.path}: 2-D k-space is required, found 3-D k-space`,
      { hint: "readKspace transforms the readout first" },
    );
  }
  const others = [...slices, ...frames];
  const counted = others.map((i) => array.axes[i]);
  return {
    ...file,
    readSlice: async (index) => {
      checkSlice(index, file.slices, array.path);
      const at = indices(index, counted);
      const places = Object.fromEntries(others.map((i, k) => [i, at[k]]));
      return await readPlanes(array, layout, [coil, row, column], places, index);
    },
    [Symbol.dispose]: () => array[Symbol.dispose](),
  };
}
