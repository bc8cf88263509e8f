/** Writing raw acquisitions as an ISMRMRD file while they arrive. @module */
import type { Acquisition, Waveform } from "../../mrd/values.ts";
import { Hdf5Output, writeTexts } from "../hdf5/output.ts";
import { ACQUISITION, acquisitionLengths, WAVEFORM } from "./headers.ts";
import { RecordSink } from "./record_sink.ts";
import { RAW_TEMPLATE } from "./templates.ts";

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

  static async create(path: string, xml: string): Promise<MrdWriter> {
    const output = await Hdf5Output.create(path, RAW_TEMPLATE);
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
