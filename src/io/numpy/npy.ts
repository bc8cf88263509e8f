/**
 * NumPy .npy files: k-space and images slice by slice, small arrays, and writing. The header is
 * `\x93NUMPY`, version, and a Python dictionary with the type, the order and the shape
 * (numpy/lib/format.py documents it).
 * @module
 */
import { InputError } from "../../errors.ts";
import { type NdArray, sizeOf } from "../../ndarray.ts";
import { writeFileWhole } from "../atomic.ts";
import { habitualNames, MAX_AXES, namedAxes } from "../axes.ts";
import {
  bytesOf,
  type ByteSource,
  concatBytes,
  decode,
  type ElementType,
  openBytes,
} from "../bytes.ts";
import { checkFinite, interleave } from "../planar.ts";
import { packedAxes, type StoredArray, storedImage, storedKspace } from "../stored_array.ts";
import { type KspaceArray, type StoredAxis } from "../kspace_array.ts";
import type { ImageFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";

export const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;

/** Longest header that is read; numpy itself by default refuses more than 10,000 bytes. */
const MAX_HEADER = 65536;

/** Data start at a multiple of this, as numpy writes them. */
const ALIGNMENT = 64;

/** The content of the header of a .npy file. */
interface NpyHeader {
  /** Numpy's own name of the type, e.g. `<c8`. */
  readonly descr: string;
  readonly type: ElementType;
  /** Whether the first index is the fastest. */
  readonly fortranOrder: boolean;
  /** Sizes of the axes; empty for a scalar. */
  readonly shape: readonly number[];
  /** Offset of the first element in the file. */
  readonly offset: number;
}

/** Parses the header; the elements must be exactly the rest of the file. */
function readNpyHeader(source: ByteSource): NpyHeader {
  const { path } = source;
  const start = source.read(0, Math.min(12, source.size));
  if (start.length < 12 || NPY_MAGIC.some((byte, i) => start[i] !== byte)) {
    throw new InputError(`Cannot read ${path}: the first bytes \\x93NUMPY of a .npy are required`);
  }
  const version = start[6];
  if (version < 1 || version > 3) throw unreadable(path, ".npy version 1, 2 or 3 is", version);
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER) {
    throw unreadable(path, `a header of at most ${MAX_HEADER} bytes is`, length);
  }
  const textStart = version === 1 ? 10 : 12;
  const text = new TextDecoder("latin1").decode(source.read(textStart, length));
  const header = { ...parseDictionary(path, text), offset: textStart + length };
  const { type: { bytes }, shape, offset } = header;
  const required = offset + sizeOf(shape) * bytes;
  if (required === source.size) return header;
  throw new InputError(
    `Cannot read ${path}: its header (shape ${shape.join(" x ")}, ${bytes} bytes each) requires ` +
      `${required} bytes, found ${source.size}`,
  );
}

/** Reads the three entries of the dictionary. */
function parseDictionary(path: string, text: string): Omit<NpyHeader, "offset"> {
  const descr = /'descr'\s*:\s*(?:'([^']*)'|(\[))/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const axes = /'shape'\s*:\s*\(([^)]*)\)/.exec(text);
  const keys = text.match(/'(descr|fortran_order|shape)'\s*:/g) ?? [];
  if (descr === null || order === null || axes === null || keys.length > 3) {
    const found = JSON.stringify(text.slice(0, 120));
    throw unreadable(path, "a header with descr, fortran_order and shape, each once, is", found);
  }
  const shape = axes[1].split(",").map((size) => size.trim()).filter((size) => size !== "")
    .map((size) => {
      // Python 2 wrote 640L.
      const axis = /^\d+L?$/.test(size) ? parseInt(size, 10) : NaN;
      if (Number.isSafeInteger(axis) && axis > 0) return axis;
      throw unreadable(path, "axes of 1 or more are", size);
    });
  const name = descr[1] ?? "a structured type";
  return { descr: name, type: parseType(path, name), fortranOrder: order[1] === "True", shape };
}

function parseType(path: string, descr: string): ElementType {
  const kinds = { b: "bool", i: "int", u: "uint", f: "float", c: "complex" } as const;
  const match = /^([<>|=]?)(b1|[iu][1248]|f[248]|c8|c16)$/.exec(descr);
  if (match === null) {
    const hint = "Convert it with numpy: numpy.save(path, array.astype(numpy.complex64))";
    throw unreadable(path, "a numeric type (bool, integer, float or complex) is", descr, hint);
  }
  return {
    kind: kinds[match[2][0] as keyof typeof kinds],
    bytes: Number(match[2].slice(1)),
    littleEndian: match[1] !== ">",
  };
}

/** Header of a new version 1 file in C order; `descr` is numpy's name of the type, e.g. `<f4`. */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  const axes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${axes}), }`;
  const total = Math.ceil((10 + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(total).fill(0x20);
  bytes.set([...NPY_MAGIC, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, total - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[total - 1] = 0x0a;
  return bytes;
}

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
 * Opens an array that is k-space. Its axes have the habitual names: `(readout, phase1)`,
 * `(coil, readout, phase1)`, `(slice, coil, readout, phase1)`; those before are frames. The last axis
 * is phase-encode, as in fastMRI.
 */
export function openNpyKspaceArray(path: string): KspaceArray {
  const array = openNpyArray(path, ({ shape }) => {
    if (shape.length < 2 || shape.length > MAX_AXES) {
      const required = `2 to ${MAX_AXES} axes ([slice,] [coil,] readout, phase) are`;
      throw unreadable(`${path} as k-space`, required, `shape (${shape})`);
    }
    return habitualNames("npy", shape.length);
  });
  // Counted from the fastest, whichever that is: the header lists the slowest of C order first.
  const axes = array.axes.toReversed();
  return {
    ...storedKspace(array, { format: "npy", axes, columnsFirst: false, named: false }),
    type: array.descr,
  };
}

/**
 * Opens an array whose axes get names. The caller disposes of its source.
 * @param names of the axes, the slowest first; throws for axes that do not fit
 */
export function openNpyArray(
  path: string,
  names: (header: NpyHeader) => readonly string[],
): StoredArray & { readonly axes: readonly StoredAxis[]; readonly descr: string } {
  const source = openBytes(path);
  try {
    const header = readNpyHeader(source);
    const { type, offset, fortranOrder } = header;
    const axes = namedAxes(names(header), header.shape);
    const counted = fortranOrder ? packedAxes(axes).reverse() : packedAxes(axes.toReversed());
    return { source, type, offset, axes: counted, descr: header.descr };
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
