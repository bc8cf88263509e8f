/**
 * Records of an ISMRMRD file as the HDF5 worker sends them: headers in the bytes of the stream, and
 * all sequences of a batch in one array.
 * @module
 */
import type { Acquisition, Waveform } from "../../mrd/values.ts";
import { ACQUISITION, acquisitionLengths, WAVEFORM } from "./headers.ts";

/** Datasets of a group that hold records. */
export type RecordKind = "data" | "waveforms";

/** The headers of each kind of record. */
export const HEADERS = { data: ACQUISITION, waveforms: WAVEFORM } as const;

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

/** The acquisitions of a batch; samples are views into it. */
export function acquisitionsOf({ headers, trajectory, samples }: RecordBatch): Acquisition[] {
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

export function waveformsOf({ headers, samples }: RecordBatch): Waveform[] {
  const values = new Uint32Array(samples.buffer, samples.byteOffset, samples.byteLength / 4);
  let at = 0;
  return parts(headers, WAVEFORM.bytes).map((bytes) => {
    const header = WAVEFORM.parse(bytes);
    return { header, data: values.subarray(at, at += header.channels * header.numberOfSamples) };
  });
}

/** The parts of equal length that bytes consist of. */
export function parts(bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer>[] {
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => bytes.subarray(i * size, (i + 1) * size),
  );
}
