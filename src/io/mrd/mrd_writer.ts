/** Writing raw acquisitions as an ISMRMRD file while they arrive, some tens at a time. @module */
import type { Acquisition, Waveform } from "../../mrd/values.ts";
import { bytesOf } from "../bytes.ts";
import { H5T } from "../hdf5/h5wasm.ts";
import type { Hdf5File } from "../hdf5/library.ts";
import { Hdf5Output, writeTexts } from "../hdf5/output.ts";
import { ACQUISITION, acquisitionLengths, WAVEFORM } from "./headers.ts";
import { RAW_TEMPLATE } from "./templates.ts";

/** Records written at once. */
const BATCH = 64;
/** Bytes of samples after which fewer records are written. */
const BATCH_BYTES = 1 << 24;
/** Bytes of a pointer, and of the length before it, in WebAssembly. */
const WORD = 4;

interface RecordBytes {
  readonly header: Uint8Array;
  readonly sequences: readonly (Float32Array | Uint32Array)[];
}

/** A dataset of records that grows. */
export class RecordSink {
  readonly #file: Hdf5File;
  readonly #name: string;
  /** Size of a record, and the offsets of its sequences. */
  readonly #place: { readonly size: number; readonly sequences: readonly number[] };
  #waiting: RecordBytes[] = [];
  #bytes = 0;
  #written = 0;

  /** @param name path of a dataset of records without or with sequences of 32-bit numbers */
  constructor(file: Hdf5File, name: string) {
    const metadata = file.call(`describe ${name}`, (h5, id) => h5.get_dataset_metadata(id, name));
    const members = metadata.compound_type?.members ?? [];
    const sequences = members.filter(({ type }) => type === H5T.vlen).map(({ offset }) => offset);
    this.#file = file;
    this.#name = name;
    this.#place = { size: metadata.size, sequences };
  }

  /** Adds a record; records are written in batches. */
  add(record: RecordBytes): void {
    this.#waiting.push(record);
    this.#bytes += record.sequences.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (this.#waiting.length >= BATCH || this.#bytes >= BATCH_BYTES) this.flush();
  }

  /** Writes the records that wait. */
  flush(): void {
    const records = this.#waiting;
    if (records.length === 0) return;
    const head = this.#place.size * records.length;
    const total = head + this.#bytes;
    this.#file.withMemory(total, (pointer) => {
      this.#lay(records, this.#file.heap(pointer, total), pointer, head);
      const name = this.#name;
      const end = this.#written + records.length;
      const count = [BigInt(records.length)], offset = [BigInt(this.#written)];
      this.#file.call(`extend ${name}`, (h5, id) => h5.resize_dataset(id, name, [BigInt(end)]));
      this.#file.call(
        `write ${name}`,
        (h5, id) => h5.set_dataset_data(id, name, count, offset, [1n], BigInt(pointer)),
      );
      this.#written = end;
    });
    this.#waiting = [];
    this.#bytes = 0;
  }

  /** Records side by side, their sequences behind them. */
  #lay(
    records: readonly RecordBytes[],
    heap: Uint8Array<ArrayBuffer>,
    pointer: number,
    head: number,
  ): void {
    const view = new DataView(heap.buffer, heap.byteOffset, heap.byteLength);
    let at = head;
    heap.fill(0, 0, head);
    records.forEach(({ header, sequences }, i) => {
      const start = i * this.#place.size;
      heap.set(header, start);
      sequences.forEach((values, n) => {
        const place = start + this.#place.sequences[n];
        view.setUint32(place, values.length, true);
        view.setUint32(place + WORD, values.length === 0 ? 0 : pointer + at, true);
        heap.set(bytesOf(values), at);
        at += values.byteLength;
      });
    });
  }
}

/**
 * An ISMRMRD file that is being written, in the group `dataset`. {@link finish} gives it its name;
 * disposing of it before that removes it.
 */
export class MrdWriter implements AsyncDisposable {
  readonly #output: Hdf5Output;
  readonly #data: RecordSink;
  readonly #waveforms: RecordSink;

  private constructor(output: Hdf5Output) {
    this.#output = output;
    this.#data = new RecordSink(output.file, "dataset/data");
    this.#waveforms = new RecordSink(output.file, "dataset/waveforms");
  }

  /** @param mode permissions of the file; default: those that the system gives */
  static async create(
    path: string,
    xml: string,
    { mode }: { readonly mode?: number } = {},
  ): Promise<MrdWriter> {
    const output = await Hdf5Output.create(path, RAW_TEMPLATE, mode);
    try {
      writeTexts(output.file, "dataset/xml", [xml]);
      return new MrdWriter(output);
    } catch (error) {
      await output[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Adds an acquisition. Its arrays must stay as they are until {@link finish}, or be dropped. */
  append({ header, trajectory, samples }: Acquisition): void {
    const required = acquisitionLengths(header);
    if (required.samples !== samples.length || required.trajectory !== trajectory.length) {
      throw new RangeError(
        `Cannot write an acquisition: ${required.samples} values of samples and ` +
          `${required.trajectory} of the trajectory are required, ` +
          `found ${samples.length} and ${trajectory.length}`,
      );
    }
    this.#data.add({ header: ACQUISITION.encode(header), sequences: [trajectory, samples] });
  }

  appendWaveform({ header, data }: Waveform): void {
    this.#waveforms.add({ header: WAVEFORM.encode(header), sequences: [data] });
  }

  /** Adds texts beside the data, in the dataset of this name. */
  writeTexts(name: string, texts: readonly string[]): void {
    writeTexts(this.#output.file, `dataset/${name}`, texts);
  }

  /** Writes what is left and gives the file its name. */
  async finish(): Promise<void> {
    this.#data.flush();
    this.#waveforms.flush();
    await this.#output.finish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#output[Symbol.asyncDispose]();
  }
}
