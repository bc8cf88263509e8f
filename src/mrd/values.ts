/**
 * Acquisitions, waveforms and images of ISMRMRD 1.x (also called MRD) as values. `io/mrd` turns
 * bytes into these and back; `mri/raw` turns acquisitions into k-space. Positions and directions
 * are in the patient's system LPS, lengths in millimetres, times in ticks of the scanner unless a
 * name says more.
 *
 * One table for each fixed header names its fields in the order in which they are stored; the types
 * of the values follow from it.
 * @module
 */

/** Three numbers: x, y, z, or right-left, front-back, foot-head. */
export type Triple = readonly [number, number, number];

export type NumberKind = "u16" | "u32" | "i32" | "f32" | "u64";

/** A field of a header: a number, several side by side, or fields of its own. */
export type HeaderField = NumberKind | `${NumberKind}x${number}` | HeaderFields;

/** The fields of a header in their order. */
export interface HeaderFields {
  readonly [name: string]: HeaderField;
}

type NumberOf<K> = K extends "u64" ? bigint : number;

type FieldValue<F> = F extends NumberKind ? NumberOf<F>
  : F extends `${"u64"}x${number}` ? readonly bigint[]
  : F extends `${string}x3` ? Triple
  : F extends string ? readonly number[]
  : HeaderValues<F>;

/** The values of a header's fields. */
export type HeaderValues<F> = { readonly [N in keyof F]: FieldValue<F[N]> };

/** Where something lies. */
const PLACE = {
  position: "f32x3", // the centre of the slice, slab or image, not of its first pixel
  readDir: "f32x3",
  phaseDir: "f32x3",
  sliceDir: "f32x3",
  patientTablePosition: "f32x3",
} as const satisfies HeaderFields;

/** Which image it is, counted from 0. */
const IMAGE_COUNTERS = {
  average: "u16",
  slice: "u16", // slab of a 3-D scan
  contrast: "u16", // echo
  phase: "u16", // of the heart or breath
  repetition: "u16",
  set: "u16", // such as flow encodings
} as const satisfies HeaderFields;

/** Which line of which image it is, counted from 0. */
const ENCODING_COUNTERS = {
  kspaceEncodeStep1: "u16",
  kspaceEncodeStep2: "u16", // partitions of a 3-D scan
  ...IMAGE_COUNTERS,
  segment: "u16",
  user: "u16x8",
} as const satisfies HeaderFields;

/** Fields of the header of an acquisition (`ISMRMRD_AcquisitionHeader`). */
export const ACQUISITION_FIELDS = {
  version: "u16", // of the format, 1
  flags: "u64", // see `hasFlag` and `FLAGS`
  measurementUid: "u32",
  scanCounter: "u32",
  acquisitionTimeStamp: "u32", // in the scanner's ticks
  physiologyTimeStamp: "u32x3",
  numberOfSamples: "u16",
  availableChannels: "u16",
  activeChannels: "u16", // coils that were recorded
  channelMask: "u64x16", // which they were
  discardPre: "u16", // samples to drop at the start
  discardPost: "u16", // and at the end
  centerSample: "u16", // at the centre of k-space, counted before dropping
  encodingSpaceRef: "u16", // which encoding of the XML header it belongs to
  trajectoryDimensions: "u16", // coordinates of a sample; 0 where there are none
  sampleTimeUs: "f32",
  ...PLACE,
  idx: ENCODING_COUNTERS,
  userInt: "i32x8",
  userFloat: "f32x8",
} as const satisfies HeaderFields;

/** Fields of the header of a waveform (`ISMRMRD_WaveformHeader`). */
export const WAVEFORM_FIELDS = {
  version: "u16",
  flags: "u64",
  measurementUid: "u32",
  scanCounter: "u32", // of the acquisition that it belongs to
  timeStamp: "u32",
  numberOfSamples: "u16", // of a channel
  channels: "u16",
  sampleTimeUs: "f32",
  waveformId: "u16", // 0 ECG, 1 pulse, 2 breath, 3 and 4 external; from 1024 free
} as const satisfies HeaderFields;

/** Fields of the header of an image (`ISMRMRD_ImageHeader`). */
export const IMAGE_FIELDS = {
  version: "u16",
  dataType: "u16", // of the pixels, a key of `PIXEL_TYPES`
  flags: "u64",
  measurementUid: "u32",
  matrixSize: "u16x3", // columns (readout), rows (phase), partitions
  fieldOfView: "f32x3",
  channels: "u16",
  ...PLACE,
  ...IMAGE_COUNTERS,
  acquisitionTimeStamp: "u32",
  physiologyTimeStamp: "u32x3",
  imageType: "u16", // such as `MAGNITUDE_IMAGE`
  imageIndex: "u16", // number of the image in its series
  imageSeriesIndex: "u16",
  userInt: "i32x8",
  userFloat: "f32x8",
  attributeStringLength: "u32",
} as const satisfies HeaderFields;

/** Which line of which image an acquisition is. */
export type EncodingCounters = HeaderValues<typeof ENCODING_COUNTERS>;
/** The fixed header of an acquisition. */
export type AcquisitionHeader = HeaderValues<typeof ACQUISITION_FIELDS>;
/** The fixed header of a waveform. */
export type WaveformHeader = HeaderValues<typeof WAVEFORM_FIELDS>;
/** The fixed header of an image. */
export type ImageHeader = HeaderValues<typeof IMAGE_FIELDS>;

/** One readout of all coils. */
export interface Acquisition {
  readonly header: AcquisitionHeader;
  /** Coordinates `[sample, dimension]`; empty where there are none. */
  readonly trajectory: Float32Array;
  /** Samples `[coil, sample, re/im]`. */
  readonly samples: Float32Array;
}

/** A physiological signal. */
export interface Waveform {
  readonly header: WaveformHeader;
  /** Samples `[channel, sample]`. */
  readonly data: Uint32Array;
}

export interface MrdImage {
  readonly header: ImageHeader;
  /** XML `<ismrmrdMeta>`, or empty. */
  readonly attributes: string;
  /** Pixels `[channel, z, y, x]`, of the type that the header names. */
  readonly data: Pixels;
}

/** `ImageHeader.imageType` of magnitudes. */
export const MAGNITUDE_IMAGE = 1;

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

/** Pixels of an image; complex ones are re, im side by side. */
export type Pixels =
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Flags of acquisitions that are of use here: the number of the bit, counted from 1. */
export const FLAGS = {
  firstInEncodeStep1: 1,
  firstInSlice: 7,
  lastInSlice: 8,
  lastInRepetition: 14,
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
