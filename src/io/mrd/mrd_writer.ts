/**
 * Writing raw acquisitions as an ISMRMRD file, as they come.
 * @module
 */
import { ACQUISITION, acquisitionLengths, WAVEFORM } from "./headers.ts";
import { partialName, remove } from "../../host.ts";
import type { Acquisition, Waveform } from "../../mrd/values.ts";
import type { Hdf5File } from "../hdf5/library.ts";
import { RecordSink } from "./record_sink.ts";
import { fromTemplate, renamed, writeTexts } from "./template_file.ts";
import { RAW_TEMPLATE } from "./templates.ts";

/**
 * An ISMRMRD file that is being written, in the group `dataset`. It appears under its name when
 * {@link finish} was called; disposed of before that, nothing is left.
 */
export class MrdWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #partial: string;
  readonly #file: Hdf5File;
  readonly #data: RecordSink;
  readonly #waveforms: RecordSink;
  #open = true;

  private constructor(path: string, partial: string, file: Hdf5File) {
    this.#path = path;
    this.#partial = partial;
    this.#file = file;
    this.#data = new RecordSink(file, "dataset/data");
    this.#waveforms = new RecordSink(file, "dataset/waveforms");
  }

  /**
   * Begins a file.
   * @param xml the header, kept as it is
   * @throws {InputError} when it cannot be written
   */
  static async create(path: string, xml: string): Promise<MrdWriter> {
    const partial = partialName(path);
    const file = await fromTemplate(path, partial, RAW_TEMPLATE);
    try {
      writeTexts(file, "dataset/xml", [xml]);
      return new MrdWriter(path, partial, file);
    } catch (error) {
      file[Symbol.dispose]();
      await remove(partial).catch(() => {});
      throw error;
    }
  }

  /**
   * Adds an acquisition. Its arrays must stay as they are until {@link finish}, or be dropped.
   * @throws {InputError} when the disk is full
   * @throws {RangeError} when its arrays are not as long as its header says
   */
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

  /** Adds a waveform. @throws {InputError} when the disk is full */
  appendWaveform({ header, data }: Waveform): void {
    this.#waveforms.add({ header: WAVEFORM.encode(header), sequences: [data] });
  }

  /**
   * Writes what is left and gives the file its name.
   * @throws {InputError} when it cannot be written; nothing is left then
   */
  async finish(): Promise<void> {
    this.#data.flush();
    this.#waveforms.flush();
    this.#file.finish();
    await renamed(this.#partial, this.#path);
    this.#open = false;
  }

  /** Drops a file that was not finished. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#file[Symbol.dispose]();
    await remove(this.#partial).catch(() => {});
  }
}
