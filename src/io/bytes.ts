/** Bytes at any offset of a plain (not HDF5) file, and their decoding to float32. @module */
import { InputError } from "../errors.ts";
import { float16, type OpenFile, openFile, type PathFacts, pathFacts, reason } from "../host.ts";
import { unreadable } from "./unreadable.ts";

/** Bytes that can be read at any offset: of an open file, or in memory. */
export interface ByteSource extends Disposable {
  readonly path: string;
  readonly size: number;
  /** Synchronous, so that two reads never share a file position. */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

export interface ElementType {
  /** Kind of number; complex numbers are two floats. */
  readonly kind: "bool" | "int" | "uint" | "float" | "complex";
  /** Bytes of one number (of both parts of a complex one). */
  readonly bytes: number;
  readonly littleEndian: boolean;
}

/** Opens a file for reading at offsets. The caller disposes of it. */
export function openBytes(path: string): ByteSource {
  const size = checkFile(path);
  let file: OpenFile;
  try {
    file = openFile(path);
  } catch (cause) {
    throw new InputError(`Cannot open ${path}: ${reason(cause)}`, { cause });
  }
  return {
    path,
    size,
    read(offset, length) {
      checkRange(path, size, offset, length);
      const bytes = allocate(path, length);
      for (let done = 0; done < length;) {
        const count = file.read(bytes.subarray(done), offset + done);
        if (count === 0) throw truncated(path, offset + length, offset + done);
        done += count;
      }
      return bytes;
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

/** Bytes in memory as a {@link ByteSource}. */
export function memoryBytes(path: string, bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    path,
    size: bytes.length,
    read(offset, length) {
      checkRange(path, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    [Symbol.dispose]() {},
  };
}

/** Size of a file in bytes, which must be there and not be empty. */
export function checkFile(path: string): number {
  const fail = (why: string, cause?: unknown) =>
    new InputError(`Cannot open ${path}: ${why}`, { cause });
  let found: PathFacts;
  try {
    found = pathFacts(path);
  } catch (cause) {
    throw fail(reason(cause), cause);
  }
  if (found.kind === "folder") throw fail("a file is required, found a folder");
  if (found.kind !== "file") throw fail("a regular file is required");
  if (found.size === 0) throw fail("the file is empty");
  return found.size;
}

function checkRange(path: string, size: number, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw truncated(path, offset + length, size);
  }
}

function truncated(path: string, required: number, found: number): InputError {
  return unreadable(path, `${required} bytes are`, `${found} (is the file truncated?)`);
}

/** Largest ratio that DEFLATE reaches: 258 bytes in 2 bits. */
export const MAX_DEFLATE_RATIO = 1032;

export function allocate(path: string, length: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new InputError(`Cannot read ${path}: no memory for ${length} bytes`, { cause });
  }
}

/** A format's own scaling: value = slope * stored + intercept. */
export interface Scaling {
  readonly slope: number;
  /** Added to real parts only. */
  readonly intercept: number;
}

/**
 * Decodes numbers to float32; complex numbers stay interleaved (two values for each).
 * Scaling is done in float64. 64-bit numbers are rounded; those beyond float32 become infinite.
 */
export function decode(
  bytes: Uint8Array<ArrayBuffer>,
  type: ElementType,
  { slope, intercept }: Scaling = { slope: 1, intercept: 0 },
): Float32Array {
  const width = type.kind === "complex" ? type.bytes / 2 : type.bytes;
  const isFloat = type.kind === "float" || type.kind === "complex";
  const count = bytes.length / width;
  const asStored = slope === 1 && intercept === 0 && isFloat && width === 4 && type.littleEndian;
  if (asStored && bytes.byteOffset % 4 === 0) {
    return new Float32Array(bytes.buffer, bytes.byteOffset, count);
  }
  const kind = isFloat ? "float" : type.kind;
  const get = numberGetter(bytes, kind, width, type.littleEndian);
  if (get === undefined) throw new RangeError(`Cannot decode ${kind} of ${width} bytes`);
  const values = new Float32Array(count);
  const imaginary = type.kind === "complex" ? 1 : 0;
  for (let i = 0; i < count; i++) {
    values[i] = slope * get(i * width) + ((i & imaginary) === 1 ? 0 : intercept);
  }
  return values;
}

/** How to read the number at an offset; undefined where there is no number of such a width. */
export function numberGetter(
  bytes: Uint8Array<ArrayBuffer>,
  kind: ElementType["kind"],
  width: number,
  littleEndian: boolean,
): ((offset: number) => number) | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const getters: Record<string, (offset: number) => number> = {
    bool1: (offset) => view.getUint8(offset) === 0 ? 0 : 1,
    int1: (offset) => view.getInt8(offset),
    uint1: (offset) => view.getUint8(offset),
    int2: (offset) => view.getInt16(offset, littleEndian),
    uint2: (offset) => view.getUint16(offset, littleEndian),
    int4: (offset) => view.getInt32(offset, littleEndian),
    uint4: (offset) => view.getUint32(offset, littleEndian),
    int8: (offset) => Number(view.getBigInt64(offset, littleEndian)),
    uint8: (offset) => Number(view.getBigUint64(offset, littleEndian)),
    float2: (offset) => float16(view.getUint16(offset, littleEndian)),
    float4: (offset) => view.getFloat32(offset, littleEndian),
    float8: (offset) => view.getFloat64(offset, littleEndian),
  };
  return getters[`${kind}${width}`];
}

/** Pieces of bytes as one. */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** The bytes of a typed array. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
