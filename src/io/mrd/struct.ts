/**
 * Fixed headers as tables of fields: one table reads and writes, so that the two cannot disagree.
 * @module
 */
import { InputError } from "../../errors.ts";

/** How one number is stored, little endian. */
type Kind = "u16" | "u32" | "i32" | "f32" | "u64";

/** Where a field lies and what it is; `count` numbers side by side make an array. */
export interface Field {
  /** Byte offset. */
  readonly at: number;
  /** How one number is stored. */
  readonly kind: Kind;
  /** Set for arrays. */
  readonly count?: number;
}

/** A field for every member of a header. */
export type Layout<T> = { readonly [K in keyof T]: Field };

const BYTES: { readonly [K in Kind]: number } = { u16: 2, u32: 4, i32: 4, f32: 4, u64: 8 };

const GET: { readonly [K in Kind]: (view: DataView, at: number) => number | bigint } = {
  u16: (view, at) => view.getUint16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
};

const SET: { readonly [K in Kind]: (view: DataView, at: number, value: never) => void } = {
  u16: (view, at, value) => view.setUint16(at, value, true),
  u32: (view, at, value) => view.setUint32(at, value, true),
  i32: (view, at, value) => view.setInt32(at, value, true),
  f32: (view, at, value) => view.setFloat32(at, value, true),
  u64: (view, at, value) => view.setBigUint64(at, value, true),
};

/** Bytes of a field, all its numbers together. */
export function fieldBytes({ kind, count = 1 }: Field): number {
  return BYTES[kind] * count;
}

/** A view of the bytes of a header. @throws {InputError} when they are too few */
export function headerView(bytes: Uint8Array, size: number, what: string): DataView {
  if (bytes.length < size) {
    throw new InputError(
      `Cannot read ${what}: ${size} bytes are required, found ${bytes.length}`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}

/** The fields of each layout, listed once: a stream brings thousands of headers a second. */
const ENTRIES = new WeakMap<object, readonly (readonly [string, Field])[]>();

function entriesOf<T>(layout: Layout<T>): readonly (readonly [string, Field])[] {
  let entries = ENTRIES.get(layout);
  if (entries === undefined) ENTRIES.set(layout, entries = Object.entries<Field>(layout));
  return entries;
}

/** Reads all fields of a layout. */
export function readFields<T>(view: DataView, layout: Layout<T>): T {
  const result: Record<string, unknown> = {};
  for (const [name, { at, kind, count }] of entriesOf(layout)) {
    const get = GET[kind];
    if (count === undefined) {
      result[name] = get(view, at);
      continue;
    }
    const values = new Array<number | bigint>(count);
    for (let i = 0; i < count; i++) values[i] = get(view, at + i * BYTES[kind]);
    result[name] = values;
  }
  return result as T;
}

/** Writes all fields of a layout; missing members of an array are 0. */
export function writeFields<T>(view: DataView, layout: Layout<T>, values: T): void {
  for (const [name, { at, kind, count }] of Object.entries<Field>(layout)) {
    const value = (values as Record<string, unknown>)[name];
    const all = (count === undefined ? [value] : value) as readonly never[];
    all.slice(0, count ?? 1).forEach((one, i) => SET[kind](view, at + i * BYTES[kind], one));
  }
}
