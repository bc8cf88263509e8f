/**
 * What a scanner says, in the words of ISMRMRD 1.x (also called MRD): acquisitions, waveforms,
 * images and the XML header, as values. `io/mrd` turns bytes into these and back; `mri/raw` turns
 * acquisitions into k-space. Positions and directions are in the patient's system LPS, lengths in
 * millimetres.
 * @module
 */

/** Three numbers: x, y, z, or right-left, front-back, foot-head. */
export type Triple = readonly [number, number, number];

/** Which line of which image an acquisition is, counted from 0. */
export interface EncodingCounters {
  /** First phase encoding. */
  readonly kspaceEncodeStep1: number;
  /** Second phase encoding (partitions of a 3-D scan). */
  readonly kspaceEncodeStep2: number;
  /** Signal average. */
  readonly average: number;
  /** Slice (slab of a 3-D scan). */
  readonly slice: number;
  /** Echo or other contrast. */
  readonly contrast: number;
  /** Phase of the heart or breath. */
  readonly phase: number;
  /** Repetition, as in dynamic scans. */
  readonly repetition: number;
  /** Set, as flow encodings. */
  readonly set: number;
  /** Segment of a segmented scan. */
  readonly segment: number;
  /** Eight free counters. */
  readonly user: readonly number[];
}

/** The fixed header of an acquisition. */
export interface AcquisitionHeader {
  /** Version of the format, 1. */
  readonly version: number;
  /** Bit field; see `hasFlag` and `FLAGS`. */
  readonly flags: bigint;
  /** Number of the measurement. */
  readonly measurementUid: number;
  /** Number of the acquisition in it. */
  readonly scanCounter: number;
  /** Time stamp in the scanner's ticks. */
  readonly acquisitionTimeStamp: number;
  /** Time stamps of triggers. */
  readonly physiologyTimeStamp: Triple;
  /** Samples of the readout. */
  readonly numberOfSamples: number;
  /** Coils that are plugged in. */
  readonly availableChannels: number;
  /** Coils that were recorded. */
  readonly activeChannels: number;
  /** Which they were: 16 words of 64 bits. */
  readonly channelMask: readonly bigint[];
  /** Samples to drop at the start. */
  readonly discardPre: number;
  /** Samples to drop at the end. */
  readonly discardPost: number;
  /** Sample at the centre of k-space, counted before dropping. */
  readonly centerSample: number;
  /** Which encoding of the XML header it belongs to. */
  readonly encodingSpaceRef: number;
  /** Coordinates of a sample of the trajectory; 0 where there is none. */
  readonly trajectoryDimensions: number;
  /** Microseconds between samples. */
  readonly sampleTimeUs: number;
  /** Centre of the slice or slab. */
  readonly position: Triple;
  /** Direction of the readout, a unit vector. */
  readonly readDir: Triple;
  /** Direction of the first phase encoding. */
  readonly phaseDir: Triple;
  /** Normal of the slice. */
  readonly sliceDir: Triple;
  /** Position of the table. */
  readonly patientTablePosition: Triple;
  /** Which line it is. */
  readonly idx: EncodingCounters;
  /** Eight free integers. */
  readonly userInt: readonly number[];
  /** Eight free numbers. */
  readonly userFloat: readonly number[];
}

/** One readout of all coils. */
export interface Acquisition {
  /** What it is. */
  readonly header: AcquisitionHeader;
  /** Coordinates `[sample, dimension]`; empty where there are none. */
  readonly trajectory: Float32Array;
  /** Samples `[coil, sample, re/im]`. */
  readonly samples: Float32Array;
}

/** The fixed header of a waveform. */
export interface WaveformHeader {
  /** Version of the format, 1. */
  readonly version: number;
  /** Bit field. */
  readonly flags: bigint;
  /** Number of the measurement. */
  readonly measurementUid: number;
  /** Number of the acquisition that it belongs to. */
  readonly scanCounter: number;
  /** Time stamp in the scanner's ticks. */
  readonly timeStamp: number;
  /** Samples of a channel. */
  readonly numberOfSamples: number;
  /** Channels. */
  readonly channels: number;
  /** Microseconds between samples. */
  readonly sampleTimeUs: number;
  /** 0 ECG, 1 pulse, 2 breath, 3 and 4 external; from 1024 free. */
  readonly waveformId: number;
}

/** A physiological signal. */
export interface Waveform {
  /** What it is. */
  readonly header: WaveformHeader;
  /** Samples `[channel, sample]`. */
  readonly data: Uint32Array;
}

/** The fixed header of an image. */
export interface ImageHeader {
  /** Version of the format, 1. */
  readonly version: number;
  /** Type of the pixels, a key of `PIXEL_TYPES`. */
  readonly dataType: number;
  /** Bit field. */
  readonly flags: bigint;
  /** Number of the measurement. */
  readonly measurementUid: number;
  /** Columns (readout), rows (phase), partitions. */
  readonly matrixSize: Triple;
  /** Millimetres along the same axes. */
  readonly fieldOfView: Triple;
  /** Channels. */
  readonly channels: number;
  /** Centre of the image (not its first pixel). */
  readonly position: Triple;
  /** Direction of x. */
  readonly readDir: Triple;
  /** Direction of y. */
  readonly phaseDir: Triple;
  /** Direction of z. */
  readonly sliceDir: Triple;
  /** Position of the table. */
  readonly patientTablePosition: Triple;
  /** Signal average. */
  readonly average: number;
  /** Slice. */
  readonly slice: number;
  /** Contrast. */
  readonly contrast: number;
  /** Phase. */
  readonly phase: number;
  /** Repetition. */
  readonly repetition: number;
  /** Set. */
  readonly set: number;
  /** Time stamp in the scanner's ticks. */
  readonly acquisitionTimeStamp: number;
  /** Time stamps of triggers. */
  readonly physiologyTimeStamp: Triple;
  /** One of `IMAGE_TYPES`. */
  readonly imageType: number;
  /** Number of the image in its series. */
  readonly imageIndex: number;
  /** Number of the series. */
  readonly imageSeriesIndex: number;
  /** Eight free integers. */
  readonly userInt: readonly number[];
  /** Eight free numbers. */
  readonly userFloat: readonly number[];
  /** Bytes of the attributes. */
  readonly attributeStringLength: number;
}

/** Pixels of an image; complex ones are re, im side by side. */
export type Pixels =
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** An image. */
export interface MrdImage {
  /** What it is. */
  readonly header: ImageHeader;
  /** XML `<ismrmrdMeta>`, or empty. */
  readonly attributes: string;
  /** Pixels `[channel, z, y, x]`, of the type that the header names. */
  readonly data: Pixels;
}

/** Values of `ImageHeader.imageType`. */
export const IMAGE_TYPES = {
  magnitude: 1,
  phase: 2,
  real: 3,
  imaginary: 4,
  complex: 5,
  rgb: 6,
} as const;

/** Values of `ImageHeader.dataType`: the array of the pixels, and whether they are complex. */
export const PIXEL_TYPES = {
  1: { array: Uint16Array, complex: false },
  2: { array: Int16Array, complex: false },
  3: { array: Uint32Array, complex: false },
  4: { array: Int32Array, complex: false },
  5: { array: Float32Array, complex: false },
  6: { array: Float64Array, complex: false },
  7: { array: Float32Array, complex: true },
  8: { array: Float64Array, complex: true },
} as const;

/** Flags of acquisitions by name: the number of the bit, counted from 1. */
export const FLAGS = {
  firstInEncodeStep1: 1,
  lastInEncodeStep1: 2,
  firstInEncodeStep2: 3,
  lastInEncodeStep2: 4,
  firstInAverage: 5,
  lastInAverage: 6,
  firstInSlice: 7,
  lastInSlice: 8,
  firstInContrast: 9,
  lastInContrast: 10,
  firstInPhase: 11,
  lastInPhase: 12,
  firstInRepetition: 13,
  lastInRepetition: 14,
  firstInSet: 15,
  lastInSet: 16,
  firstInSegment: 17,
  lastInSegment: 18,
  noise: 19,
  calibration: 20,
  calibrationAndImaging: 21,
  reverse: 22,
  navigation: 23,
  phaseCorrection: 24,
  lastInMeasurement: 25,
  highPriorityFeedback: 26,
  dummyScan: 27,
  realTimeFeedback: 28,
  surfaceCoilCorrection: 29,
  phaseStabilizationReference: 30,
  phaseStabilization: 31,
  compression1: 53,
  compression2: 54,
  compression3: 55,
  compression4: 56,
  user1: 57,
  user2: 58,
  user3: 59,
  user4: 60,
  user5: 61,
  user6: 62,
  user7: 63,
  user8: 64,
} as const;

/** Name of a flag. */
export type Flag = keyof typeof FLAGS;

/** The bits of some flags together, as `AcquisitionHeader.flags` holds them. */
export function flagBits(...names: readonly Flag[]): bigint {
  return names.reduce((bits, name) => bits | 1n << BigInt(FLAGS[name] - 1), 0n);
}

/** Whether any of the flags is set. */
export function hasFlag({ flags }: { readonly flags: bigint }, ...names: readonly Flag[]): boolean {
  return (flags & flagBits(...names)) !== 0n;
}
