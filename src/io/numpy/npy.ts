/** NumPy .npy files: k-space and images slice by slice, small arrays, and writing. @module */
import { type NdArray, sizeOf } from "../../ndarray.ts";
import { writeFileWhole } from "../atomic.ts";
import { namedAxes } from "../axes.ts";
import { bytesOf, concatBytes, decode, openBytes } from "../bytes.ts";
import { checkFinite, interleave } from "../planar.ts";
import { packedAxes, type StoredArray, storedImage, storedKspace } from "../stored_array.ts";
import type { ImageFile, KspaceFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { type NpyHeader, npyHeader, readNpyHeader } from "./header.ts";

/** A whole .npy array. */
export interface NpyArray {
  /** Elements in C order whatever the file's; complex ones interleaved, two values for each. */
  readonly data: Float32Array;
  /** Sizes of the axes, without one for re/im. */
  readonly shape: readonly number[];
  /** Numpy's name of the type in the file, e.g. `<c8`. */
  readonly dtype: string;
  /** Whether the elements are complex. */
  readonly complex: boolean;
}

/**
 * Opens k-space: `(readout, phase)`, `(coil, readout, phase)` or `(slice, coil, readout, phase)`,
 * complex64 or complex128; further leading axes are flattened into slices. The last axis is
 * phase-encode, as in fastMRI.
 */
export function openNpyKspace(path: string): KspaceFile {
  const array = openNpyArray(path, ({ type, shape, descr }) => {
    const subject = `${path} as k-space`;
    if (type.kind !== "complex") {
      const hint = "To simulate k-space from an image, use --simulate";
      throw unreadable(subject, "complex64 or complex128 is", descr, hint);
    }
    if (shape.length < 2) {
      const required = "the axes ([slice,] [coil,] readout, phase) are";
      throw unreadable(subject, required, `shape (${shape})`);
    }
    const leading = shape.slice(0, -4).map((_, axis) => `axis${axis}`);
    return [...leading, ...["slice", "coil", "readout", "phase"].slice(-shape.length)];
  });
  return storedKspace(array, { format: "npy", axes: array.axes.toReversed(), transposed: true });
}

/**
 * Opens an array whose axes get names. The caller disposes of its source.
 * @param names of the axes, the slowest first; throws for axes that do not fit
 */
export function openNpyArray(
  path: string,
  names: (header: NpyHeader) => readonly string[],
): StoredArray {
  const source = openBytes(path);
  try {
    const header = readNpyHeader(source);
    const { type, offset, fortranOrder } = header;
    const axes = namedAxes(names(header), header.shape);
    const counted = fortranOrder ? packedAxes(axes).reverse() : packedAxes(axes.toReversed());
    return { source, type, offset, axes: counted };
  } catch (error) {
    source[Symbol.dispose]();
    throw error;
  }
}

/** Opens a real or complex image `(row, column)` or volume `(slice, row, column)`. */
export function openNpyImage(path: string): ImageFile {
  const array = openNpyArray(path, ({ shape }) => {
    if (shape.length === 2 || shape.length === 3) {
      return ["slice", "row", "column"].slice(-shape.length);
    }
    const required = "the axes ([slice,] row, column) are";
    throw unreadable(`${path} as an image`, required, `shape (${shape})`);
  });
  return storedImage(array, { format: "npy" });
}

/** Reads a whole array, all of whose numbers must be finite: masks, maps, small images. */
export function readNpy(path: string): NpyArray {
  using source = openBytes(path);
  const header = readNpyHeader(source);
  const { type, shape, descr } = header;
  const values = decode(source.read(header.offset, source.size - header.offset), type);
  checkFinite(values, path);
  const complex = type.kind === "complex";
  const data = header.fortranOrder ? fromFortran(values, shape, complex ? 2 : 1) : values;
  return { data, shape, dtype: descr, complex };
}

/** Elements of `parts` values in C order, from an array whose first index is the fastest. */
function fromFortran(values: Float32Array, shape: readonly number[], parts: number): Float32Array {
  const result = new Float32Array(values.length);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < values.length; to += parts) {
    for (let part = 0; part < parts; part++) result[to + part] = values[parts * from + part];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** Writes a real array as float32, complete or not at all. */
export async function writeNpy(path: string, { data, shape }: NdArray): Promise<void> {
  await writeFileWhole(path, concatBytes([npyHeader("<f4", shape), bytesOf(data)]));
}

/** Writes planar `[..., 2, H, W]` as complex64 `(..., H, W)`, complete or not at all. */
export async function writeNpyComplex(path: string, planar: NdArray): Promise<void> {
  const shape = planar.shape.toSpliced(-3, 1);
  await writeFileWhole(path, concatBytes([npyHeader("<c8", shape), bytesOf(interleave(planar))]));
}
