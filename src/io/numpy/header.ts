/**
 * The header of NumPy's .npy files: `\x93NUMPY`, version, and a Python dictionary with the type,
 * the order and the shape (numpy/lib/format.py documents it).
 * @module
 */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../ndarray.ts";
import type { ByteSource, ElementType } from "../bytes.ts";
import { unreadable } from "../unreadable.ts";

export const NPY_MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;

/** Longest header that is read; numpy itself by default refuses more than 10,000 bytes. */
const MAX_HEADER = 65536;

/** Data start at a multiple of this, as numpy writes them. */
const ALIGNMENT = 64;

/** The content of the header of a .npy file. */
export interface NpyHeader {
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
export function readNpyHeader(source: ByteSource): NpyHeader {
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
  if (descr === null || order === null || axes === null) {
    const found = JSON.stringify(text.slice(0, 120));
    throw unreadable(path, "a header with descr, fortran_order and shape is", found);
  }
  const shape = axes[1].split(",").map((size) => size.trim()).filter((size) => size !== "")
    .map((size) => parseAxis(path, size));
  const name = descr[1] ?? "a structured type";
  return { descr: name, type: parseType(path, name), fortranOrder: order[1] === "True", shape };
}

function parseAxis(path: string, size: string): number {
  // Python 2 wrote 640L.
  const axis = /^\d+L?$/.test(size) ? parseInt(size, 10) : NaN;
  if (Number.isSafeInteger(axis) && axis > 0) return axis;
  throw unreadable(path, "axes of 1 or more are", size);
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
