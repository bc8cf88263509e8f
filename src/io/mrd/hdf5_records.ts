/**
 * The measurement in an ISMRMRD HDF5 file, read in this thread: a group of any name with `xml` and
 * `data`, whose records are compounds {head, traj, data} with sequences of variable length.
 *
 * Records are read some tens at a time, and what libhdf5 allocates for their sequences is given
 * back at once, so memory stays flat however long the file. Where a member lies differs between
 * writers (C pads the record, h5py packs it), so offsets are those that the file states.
 * @module
 */
import { InputError } from "../../errors.ts";
import { concatBytes } from "../bytes.ts";
import { checkSlab, describe, groupNames, isDataset } from "../hdf5/dataset.ts";
import type { DatasetInfo } from "../hdf5/dataset.ts";
import { H5T, type Hdf5Member, type Hdf5Metadata } from "../hdf5/h5wasm.ts";
import type { Hdf5File } from "../hdf5/library.ts";
import { readText } from "../hdf5/values.ts";
import type { ReadRequest } from "../hdf5/worker_client.ts";
import { unreadable } from "../unreadable.ts";
import { ACQUISITION, acquisitionLengths, type FieldPlace, WAVEFORM } from "./headers.ts";

/** Records read at once: 16 to 64 are fastest, and more only take memory. */
const BATCH = 32;
/** Bytes of a pointer, and of the length before it, in WebAssembly. */
const WORD = 4;
/** Most groups that are looked through for measurements. */
const MAX_GROUPS = 1000;
/** Group that writers use when nothing is said. */
const DEFAULT_GROUP = "dataset";

/** The headers of each kind of record. */
const HEADERS = { data: ACQUISITION, waveforms: WAVEFORM } as const;

/** Datasets of a group that hold records. */
export type RecordKind = "data" | "waveforms";

/** What an ISMRMRD file holds. */
export interface MrdDescription {
  readonly group: string;
  readonly xml: string;
  readonly acquisitions: number;
  readonly waveforms: number;
  /** Names of the groups of images in it. */
  readonly images: readonly string[];
}

/** Some records, side by side. The sequences are empty when only headers were asked for. */
export interface RecordBatch {
  readonly headers: Uint8Array<ArrayBuffer>;
  readonly trajectory: Float32Array<ArrayBuffer>;
  /** Float32, or uint32 of waveforms, as bytes. */
  readonly samples: Uint8Array<ArrayBuffer>;
}

/** Bytes to copy from a record of the file into a header of the stream. */
interface HeaderCopy {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** A dataset of records, and where its members lie. */
interface RecordTable {
  readonly info: DatasetInfo;
  readonly count: number;
  readonly headerBytes: number;
  readonly copies: readonly HeaderCopy[];
  /** Offset of the pointer to the trajectory; undefined for waveforms. */
  readonly trajectory: number | undefined;
  readonly samples: number;
}

/** An open ISMRMRD file. */
export class MrdRecords implements Disposable {
  readonly description: MrdDescription;
  readonly #file: Hdf5File;
  readonly #tables: { readonly [K in RecordKind]?: RecordTable };

  private constructor(file: Hdf5File, group: string) {
    this.#file = file;
    const data = recordTable(file, group, "data");
    const waveforms = isDataset(file, `${group}/waveforms`)
      ? recordTable(file, group, "waveforms")
      : undefined;
    this.#tables = { data, waveforms };
    const images = groupNames(file, group);
    this.description = {
      group,
      xml: readHeader(file, group),
      acquisitions: data.count,
      waveforms: waveforms?.count ?? 0,
      images: images.filter((name) => /^images?_/.test(name)),
    };
  }

  /**
   * Finds the measurement of a file; undefined when there is none and none was asked for. Disposing
   * of the result closes the file.
   * @param group its group; by default the only one that has `xml` and `data`, or `dataset`
   */
  static find(file: Hdf5File, group?: string): MrdRecords | undefined {
    const all = groupNames(file);
    if (all.length > MAX_GROUPS) {
      throw unreadable(file.path, `at most ${MAX_GROUPS} groups are`, `${all.length}`);
    }
    const groups = all.filter((name) =>
      ["data", "xml"].every((member) => isDataset(file, `${name}/${member}`))
    );
    const wanted = group ?? (groups.length === 1 ? groups[0] : DEFAULT_GROUP);
    if (groups.includes(wanted)) return new MrdRecords(file, wanted);
    if (group === undefined && groups.length === 0) return undefined;
    throw unreadable(
      `${file.path} as ISMRMRD`,
      `${group === undefined ? "one measurement" : `the group ${group} with xml and data`} is`,
      `${groups.length === 0 ? "none" : `the groups ${groups.join(", ")}`}`,
      "Name the group of the measurement",
    );
  }

  /** Reads records. */
  read({ records: kind, indices, headersOnly }: ReadRequest & { kind: "readMrd" }): RecordBatch {
    const table = this.#tables[kind];
    if (table === undefined) throw new RangeError(`Cannot read ${kind}: there are none`);
    const headers: Uint8Array[] = [], trajectories: Uint8Array[] = [], samples: Uint8Array[] = [];
    for (let from = 0; from < indices.length;) {
      let count = 1;
      while (count < BATCH && indices[from + count] === indices[from] + count) count++;
      this.#visit(table, indices[from], count, (address, index) => {
        const record = this.#copy(table, kind, address, index);
        headers.push(record.header);
        if (headersOnly) return;
        // Copied out of the library's heap.
        trajectories.push(record.trajectory.slice());
        samples.push(record.samples.slice());
      });
      from += count;
    }
    return {
      headers: concatBytes(headers),
      trajectory: new Float32Array(concatBytes(trajectories).buffer),
      samples: concatBytes(samples),
    };
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  /** Calls `visit` with the address in the heap of each of some records in succession. */
  #visit(
    { info: { name, size }, count: total }: RecordTable,
    first: number,
    count: number,
    visit: (address: number, index: number) => void,
  ): void {
    const file = this.#file;
    if (first + count > total) {
      throw new RangeError(`Cannot read record ${first + count - 1}: ${total} exist`);
    }
    file.withMemory(size * count, (pointer) => {
      const at = BigInt(pointer);
      const extent = [BigInt(count)];
      file.call(`read ${name}`, (h5, id) => {
        h5.HEAPU8.fill(0, pointer, pointer + size * count);
        return h5.get_dataset_data(id, name, extent, [BigInt(first)], [1n], at);
      });
      try {
        for (let i = 0; i < count; i++) visit(pointer + i * size, first + i);
      } finally {
        file.call(
          `read ${name}`,
          (h5, id) => h5.reclaim_vlen_memory_count(id, name, "", at, extent),
        );
      }
    });
  }

  /** A record at an address of the heap: its header copied, its sequences where they lie. */
  #copy(table: RecordTable, kind: RecordKind, address: number, index: number) {
    const { info, headerBytes, copies, trajectory, samples } = table;
    const record = this.#file.heap(address, info.size);
    const header = new Uint8Array(headerBytes);
    for (const { from, to, bytes } of copies) header.set(record.subarray(from, from + bytes), to);
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const required = lengthsOf(kind, header);
    const sequence = (offset: number, length: number, what: string) => {
      const found = view.getUint32(offset, true);
      if (found === length) {
        return this.#file.heap(view.getUint32(offset + WORD, true), WORD * length);
      }
      throw new InputError(
        `Cannot read ${this.#file.path} as ISMRMRD: record ${index} of ${kind} must have ${length} ` +
          `values of ${what}, found ${found}`,
      );
    };
    return {
      header,
      trajectory: trajectory === undefined
        ? new Uint8Array()
        : sequence(trajectory, required.trajectory, "the trajectory"),
      samples: sequence(samples, required.samples, "samples"),
    };
  }
}

function lengthsOf(kind: RecordKind, bytes: Uint8Array) {
  if (kind === "data") return acquisitionLengths(ACQUISITION.parse(bytes));
  const { channels, numberOfSamples } = WAVEFORM.parse(bytes);
  return { trajectory: 0, samples: channels * numberOfSamples };
}

function readHeader(file: Hdf5File, group: string): string {
  const info = describe(file, `${group}/xml`);
  const text = info && readText(file, info);
  if (text !== undefined) return text;
  throw new InputError(
    `Cannot read ${file.path} as ISMRMRD: one text is required in ${group}/xml, ` +
      `found ${info?.type ?? "nothing"} [${info?.shape}]`,
  );
}

function recordTable(file: Hdf5File, group: string, kind: RecordKind): RecordTable {
  const info = describe(file, `${group}/${kind}`)!;
  const members: readonly Hdf5Member[] = info.metadata.compound_type?.members ?? [];
  const fail = (required: string) =>
    new InputError(
      `Cannot read ${file.path} as ISMRMRD: ${required} is required in ${info.name}, ` +
        `found ${info.type.slice(0, 200)} [${info.shape}]`,
    );
  if (info.shape.length !== 1) throw fail("a list of records");
  const head = members.find(({ name }) => name === "head");
  const copies = head && headerCopies(head, head.offset, HEADERS[kind].places);
  if (copies === undefined) throw fail("an ISMRMRD header `head`");
  const sequence = (name: string, type: number) => {
    const member = members.find((each) => each.name === name);
    const element = member?.vlen_type;
    if (member?.type === H5T.vlen && element?.type === type && element.size === WORD) {
      return member.offset;
    }
    throw fail(`a sequence \`${name}\` of 32-bit numbers`);
  };
  const isData = kind === "data";
  checkSlab(file, info, [BATCH]);
  return {
    info,
    count: info.shape[0],
    headerBytes: HEADERS[kind].bytes,
    copies,
    trajectory: isData ? sequence("traj", H5T.float) : undefined,
    samples: sequence("data", isData ? H5T.float : H5T.integer),
  };
}

/** Names of members that do not follow from ours. */
const NAMES: Readonly<Record<string, string>> = {
  kspaceEncodeStep1: "kspace_encode_step_1",
  kspaceEncodeStep2: "kspace_encode_step_2",
};

const snakeCase = (name: string) =>
  NAMES[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * How to bring a member of a record, whose fields begin at `base`, into the bytes of the stream;
 * undefined when one of its own is missing or of another size.
 */
function headerCopies(
  parent: Hdf5Member,
  base: number,
  places: readonly FieldPlace[],
): HeaderCopy[] | undefined {
  const members = new Map(parent.compound_type?.members.map((member) => [member.name, member]));
  const copies: HeaderCopy[] = [];
  for (const { name, at, bytes, inside } of places) {
    const member = members.get(snakeCase(name));
    const from = base + (member?.offset ?? 0);
    const own = inside && member && headerCopies(member, from, inside);
    if (own !== undefined) copies.push(...own);
    else if (member?.size !== bytes || !isPlain(member)) return undefined;
    else copies.push({ from, to: at, bytes });
  }
  return copies;
}

/** Little-endian numbers: nothing else can be copied as it is. */
function isPlain({ type, littleEndian, array_type }: Hdf5Metadata): boolean {
  if (type === H5T.array) return array_type !== undefined && isPlain(array_type);
  return (type === H5T.integer || type === H5T.float) && littleEndian !== false;
}
