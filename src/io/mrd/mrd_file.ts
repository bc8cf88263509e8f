/** An ISMRMRD file, open for reading: its header, and its records some at a time. @module */
import type { Acquisition, Waveform } from "../../mrd/values.ts";
import { TIME_LIMIT, WorkerFile } from "../hdf5/worker_client.ts";
import type { AcquisitionFile } from "./acquisition_file.ts";
import type { RecordBatch, RecordKind } from "./hdf5_records.ts";
import { ACQUISITION, acquisitionLengths, WAVEFORM } from "./headers.ts";
import { parseMrdHeader } from "./xml_header.ts";

/** Records in one request for headers. */
const HEADERS_AT_ONCE = 512;
/** Acquisitions in one request by {@link MrdFile.acquisitions}: one of 32 coils has some 64 kB. */
const ACQUISITIONS_AT_ONCE = 64;

export interface MrdOptions {
  /** The group of the measurement; by default the only one, or `dataset`. */
  readonly group?: string;
  /** Milliseconds after which a request is given up. */
  readonly timeLimit?: number;
}

export interface MrdFile extends AcquisitionFile {
  readonly group: string;
  /** The XML header as text. */
  readonly xml: string;
  readonly waveformCount: number;
  /** Names of the groups of images that are already in it. */
  readonly images: readonly string[];
  /** All acquisitions in order; only some tens are in memory at a time. */
  acquisitions(): AsyncGenerator<Acquisition>;
  /** All waveforms in order. */
  waveforms(): AsyncGenerator<Waveform>;
}

/** Opens an ISMRMRD file, which the caller disposes of; undefined: it is HDF5 of another kind. */
export async function openMrd(
  path: string,
  { group, timeLimit = TIME_LIMIT }: MrdOptions = {},
): Promise<MrdFile | undefined> {
  const file = await WorkerFile.open({ kind: "openMrd", path, group }, timeLimit);
  if (file === undefined) return undefined;
  try {
    return mrdFile(path, file);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

function mrdFile(path: string, file: WorkerFile<{ kind: "openMrd"; path: string }>): MrdFile {
  const { group, xml, acquisitions, waveforms, images } = file.description;
  const read = (records: RecordKind, indices: readonly number[], headersOnly = false) =>
    file.read({ kind: "readMrd", records, indices: Uint32Array.from(indices), headersOnly });
  return {
    path,
    format: "ismrmrd",
    group,
    xml,
    header: parseMrdHeader(xml, path),
    acquisitionCount: acquisitions,
    waveformCount: waveforms,
    images,
    async *headers() {
      for (const some of runs(acquisitions, HEADERS_AT_ONCE)) {
        const { headers } = await read("data", some, true);
        yield* parts(headers, ACQUISITION.bytes).map((bytes) => ACQUISITION.parse(bytes));
      }
    },
    read: async (indices) => acquisitionsOf(await read("data", indices)),
    async *acquisitions() {
      for (const some of runs(acquisitions, ACQUISITIONS_AT_ONCE)) {
        yield* acquisitionsOf(await read("data", some));
      }
    },
    async *waveforms() {
      for (const some of runs(waveforms, ACQUISITIONS_AT_ONCE)) {
        yield* waveformsOf(await read("waveforms", some));
      }
    },
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
}

/** 0 to count - 1 in runs of at most `size`. */
function* runs(count: number, size: number): Generator<number[]> {
  for (let start = 0; start < count; start += size) {
    yield Array.from({ length: Math.min(size, count - start) }, (_, i) => start + i);
  }
}

/** The acquisitions of a batch; samples are views into it. */
function acquisitionsOf({ headers, trajectory, samples }: RecordBatch): Acquisition[] {
  const floats = new Float32Array(samples.buffer, samples.byteOffset, samples.byteLength / 4);
  let sample = 0, point = 0;
  return parts(headers, ACQUISITION.bytes).map((bytes) => {
    const header = ACQUISITION.parse(bytes);
    const lengths = acquisitionLengths(header);
    return {
      header,
      trajectory: trajectory.subarray(point, point += lengths.trajectory),
      samples: floats.subarray(sample, sample += lengths.samples),
    };
  });
}

function waveformsOf({ headers, samples }: RecordBatch): Waveform[] {
  const values = new Uint32Array(samples.buffer, samples.byteOffset, samples.byteLength / 4);
  let at = 0;
  return parts(headers, WAVEFORM.bytes).map((bytes) => {
    const header = WAVEFORM.parse(bytes);
    return { header, data: values.subarray(at, at += header.channels * header.numberOfSamples) };
  });
}

/** The parts of equal length that bytes consist of. */
function parts(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer>[] {
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );
}
