/**
 * The XML header of an ISMRMRD measurement as values: what reconstruction and its outputs need.
 * `io/mrd/xml_header.ts` reads it.
 * @module
 */
import type { Triple } from "./values.ts";

/** Matrix and extent; x is the readout, y the first phase encoding, z the second or the slice. */
export interface Space {
  /** Number of samples or pixels. */
  readonly matrix: Triple;
  /** Millimetres. */
  readonly fieldOfView: Triple;
}

/** Smallest and largest value of a counter, and the one at the centre of k-space. */
export interface Limit {
  readonly minimum: number;
  readonly maximum: number;
  readonly center: number;
}

/** Counters that the header may limit. */
export const LIMITED = [
  ...["kspaceEncodeStep0", "kspaceEncodeStep1", "kspaceEncodeStep2", "average", "slice"] as const,
  ...["contrast", "phase", "repetition", "set", "segment"] as const,
] as const;

/** How k-space was traversed. */
export const TRAJECTORIES = [
  "cartesian",
  "epi",
  "radial",
  "goldenangle",
  "spiral",
  "other",
] as const;

/** How coils are calibrated. */
export const CALIBRATION_MODES = [
  "embedded",
  "interleaved",
  "separate",
  "external",
  "other",
] as const;

/** One way of encoding; acquisitions name theirs by `encodingSpaceRef`. */
export interface Encoding {
  /** What is acquired, oversampling included. */
  readonly encodedSpace: Space;
  /** What is to be reconstructed. */
  readonly reconSpace: Space;
  /** Limits of the counters that the header mentions. */
  readonly limits: { readonly [K in typeof LIMITED[number]]?: Limit };
  readonly trajectory: typeof TRAJECTORIES[number];
  /** Undersampling, where the header mentions it. */
  readonly parallelImaging?: {
    /** Along the first and the second phase encoding. */
    readonly acceleration: readonly [number, number];
    readonly calibrationMode?: typeof CALIBRATION_MODES[number];
    /** Slices that are acquired at once. Default 1. */
    readonly multibandFactor?: number;
  };
}

/** The XML header. */
export interface MrdHeader {
  readonly encodings: readonly Encoding[];
  /** The scanner; its field strength in tesla. */
  readonly system: {
    readonly fieldStrength?: number;
    readonly receiverChannels?: number;
    readonly relativeReceiverNoiseBandwidth?: number;
    readonly vendor?: string;
    readonly model?: string;
    readonly institution?: string;
  };
  /** Resonance frequency of hydrogen, Hz. */
  readonly h1Frequency?: number;
  /** The measurement; nothing here identifies a patient. */
  readonly measurement: {
    readonly id?: string;
    readonly patientPosition?: string;
    readonly protocolName?: string;
    readonly seriesDescription?: string;
    readonly seriesDate?: string;
    readonly seriesTime?: string;
    readonly frameOfReferenceUid?: string;
  };
  /** Sequence: milliseconds and degrees. */
  readonly sequence: {
    readonly repetitionTime: readonly number[];
    readonly echoTime: readonly number[];
    readonly inversionTime: readonly number[];
    readonly flipAngle: readonly number[];
    readonly type?: string;
  };
  /** Free parameters, of all types (numbers as text), by name. */
  readonly userParameters: Readonly<Record<string, string>>;
}
