/** k-space in a dataset of HDF5, or in two: one of real, one of imaginary parts. @module */
import type { InputError } from "../../errors.ts";
import { sizeOf } from "../../ndarray.ts";
import { decode } from "../bytes.ts";
import { habitualNames, PARTS } from "../axes.ts";
import type { KspaceArray, KspaceFacts, SliceBox } from "../kspace_array.ts";
import type { FileFormat } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { checkSlab, datasetNames, describe, groupNames, namesIn, readSlab } from "./dataset.ts";
import type { ComplexLayout, DatasetInfo } from "./dataset.ts";
import { H5T } from "./h5wasm.ts";
import type { Hdf5File } from "./library.ts";

/** Datasets named in the message about a file without k-space. */
const MAX_LISTED = 12;

/** What is known of k-space in HDF5 before its axes have been recognised. */
export interface KspaceDescription extends Pick<KspaceArray, "path" | "format" | "type" | "sure"> {
  /** Sizes of the axes, the slowest first; of two datasets with one for the parts in front. */
  readonly shape: readonly number[];
  /** Their habitual names. */
  readonly names: readonly string[];
  readonly complex: boolean;
}

/** What a file says beside the samples, as a message can carry it. */
export interface StoredFacts extends Omit<KspaceFacts, "readReference"> {
  /** Shape of the images that the file holds, where they are those of its slices. */
  readonly referenceShape?: readonly number[];
}

/** What the file says beside the samples, when its slices have these sizes. */
export type FactsOf = (slice: SliceBox) => StoredFacts;

/** K-space in an open file, read in this thread. Disposing of it closes the file. */
export class KspaceDataset implements Disposable {
  /** @param parts the dataset, or that of the real and that of the imaginary parts */
  constructor(
    readonly file: Hdf5File,
    private readonly parts: readonly DatasetInfo[],
    readonly description: KspaceDescription,
    readonly facts: FactsOf = () => ({}),
  ) {
    const { shape } = parts[0];
    if (!shape.includes(0)) return;
    const required = `${parts[0].name} with at least one slice, coil, row and column is`;
    throw unreadable(file.path, required, `[${shape}]`);
  }

  /** A box in C order; complex numbers as two values side by side. */
  read(start: readonly number[], count: readonly number[]): Float32Array {
    const [info] = this.parts;
    if (this.parts.length === 1) return this.#box(info, start, count);
    const wanted = this.parts.slice(start[0], start[0] + count[0]);
    const boxes = wanted.map((part) => this.#box(part, start.slice(1), count.slice(1)));
    const values = new Float32Array(sizeOf(count));
    boxes.forEach((box, i) => values.set(box, i * box.length));
    return values;
  }

  /** Checks that a box can be read, as libhdf5 would not. */
  check(count: readonly number[]): void {
    const own = this.parts.length === 1 ? count : count.slice(1);
    for (const info of this.parts) checkSlab(this.file, info, own);
  }

  #box(info: DatasetInfo, start: readonly number[], count: readonly number[]): Float32Array {
    return readSlab(this.file, info, start, count, (bytes) => {
      // The bytes lie in the library's heap.
      if (info.complex !== undefined) return interleaved(bytes, info.complex, info.size);
      return decode(bytes.slice(), realType(info)!);
    });
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

/** The type of real numbers; undefined for other types. */
function realType({ metadata: { type, signed, size } }: DatasetInfo) {
  const kind = type === H5T.float ? "float" : type === H5T.integer ? signed ? "int" : "uint" : null;
  const known = kind === "float" ? [2, 4, 8] : [1, 2, 4, 8];
  if (kind === null || !known.includes(size)) return undefined;
  return { kind, bytes: size, littleEndian: true } as const;
}

/** Datasets that hold k-space: one, or those of its parts. */
export function findKspace(file: Hdf5File, layout: string): readonly DatasetInfo[] {
  const names = datasetNames(file);
  const numeric = (name: string) => {
    const info = describe(file, name);
    if (info === undefined || info.shape.length < 2) return [];
    return info.complex !== undefined || realType(info) !== undefined ? [info] : [];
  };
  const named = names.filter((name) => name.startsWith("kspace"));
  const pair = pairOf(file, names);
  if (named.includes("kspace") || pair === undefined) {
    const own = named.includes("kspace") ? numeric("kspace") : named.flatMap(numeric);
    const complex = own.filter(({ complex }) => complex !== undefined);
    if (complex.length > 1) {
      const found = complex.map(({ name }) => name).join(", ");
      throw unreadable(`${file.path} as ${layout}`, `one dataset "kspace..." is`, found);
    }
    if (own.length > 0) return complex.length > 0 ? complex : own.slice(0, 1);
    const others = names.flatMap(numeric).filter(({ complex }) => complex !== undefined);
    if (named.length === 0 && others.length === 1) return others;
    throw withoutKspace(file, layout);
  }
  const parts = pair.flatMap(numeric).filter(({ complex }) => complex === undefined);
  if (parts.length === 2 && `${parts[0].shape}` === `${parts[1].shape}`) return parts;
  throw withoutKspace(file, layout);
}

const REAL = /^(.*?)(real|re|r)$/i;

/** The names of the datasets of real and of imaginary parts, in the root group or one `kspace`. */
function pairOf(file: Hdf5File, names: readonly string[]): [string, string] | undefined {
  const group = groupNames(file).find((name) => /^k[-_]?space$/i.test(name));
  const all = group === undefined
    ? names
    : [...names, ...datasetNames(file, group).map((name) => `${group}/${name}`)];
  for (const name of all) {
    const [, stem, word] = REAL.exec(name) ?? [];
    if (stem === undefined) continue;
    const wanted = { real: ["imag", "imaginary"], re: ["im"], r: ["i"] }[word.toLowerCase()]!;
    const imaginary = all.find((other) =>
      wanted.some((word) => other.toLowerCase() === `${stem}${word}`.toLowerCase())
    );
    if (imaginary !== undefined) return [name, imaginary];
  }
  return undefined;
}

/** Sizes and type of the datasets of k-space, with habitual names that fit their number. */
export function describeDatasets(
  file: Hdf5File,
  parts: readonly DatasetInfo[],
  format: FileFormat,
): Omit<KspaceDescription, "sure"> {
  const [{ shape, type, complex }] = parts;
  const pair = parts.length === 2;
  const names = habitualNames(format, shape.length);
  return {
    path: file.path,
    format,
    shape: pair ? [2, ...shape] : shape,
    names: pair ? [PARTS, ...names] : names,
    complex: complex !== undefined,
    type: `${type} [${shape}]`,
  };
}

/** The error for a file that holds no k-space under an expected name. */
function withoutKspace(file: Hdf5File, layout: string): InputError {
  const names = namesIn(file);
  const datasets = datasetNames(file);
  const shown = names.slice(0, MAX_LISTED).map((name) => {
    const info = datasets.includes(name) ? describe(file, name) : undefined;
    return info === undefined ? `group ${name}` : `${name} [${info.shape}] ${info.type}`;
  });
  const more = names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "";
  return unreadable(
    `${file.path} as ${layout}`,
    `a complex dataset "kspace" in the root group is`,
    names.length === 0 ? "nothing" : shown.join(", ") + more,
  );
}

/** A copy of complex elements as float32 re, im side by side. */
function interleaved(
  bytes: Uint8Array<ArrayBuffer>,
  { width, real, imaginary }: ComplexLayout,
  size: number,
): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  const source = width === 4
    ? new Float32Array(buffer, byteOffset, byteLength / 4)
    : new Float64Array(buffer, byteOffset, byteLength / 8);
  if (source instanceof Float32Array && size === 8 && real === 0) return source.slice();
  const result = new Float32Array(2 * byteLength / size);
  const stride = size / width;
  const [re, im] = [real / width, imaginary / width];
  for (let to = 0, from = 0; to < result.length; to += 2, from += stride) {
    result[to] = source[from + re];
    result[to + 1] = source[from + im];
  }
  return result;
}
