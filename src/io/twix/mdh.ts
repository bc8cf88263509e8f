/**
 * The headers of Siemens raw data: of a scan (`sMDH` of VB, `sScanHeader` from VD on) and of
 * a channel, and the bits of their flags. Little endian, packed.
 * @module
 */
import { type Flag, flagBits, type HeaderFields, type HeaderValues } from "../../mrd/values.ts";
import { HeaderFormat } from "../mrd/headers.ts";

const FIRST = {
  flagsAndLength: "u32", // the lower 25 bits are the bytes of the scan
  measurementUid: "u32",
  scanCounter: "u32",
  timeStamp: "u32", // ticks of 2.5 ms since midnight
  pmuTimeStamp: "u32",
} as const satisfies HeaderFields;

const LINE = {
  flags: "u64", // see `TWIX_FLAGS`
  samples: "u16",
  channels: "u16",
  counters: {
    line: "u16",
    acquisition: "u16", // average
    slice: "u16",
    partition: "u16",
    echo: "u16",
    phase: "u16",
    repetition: "u16",
    set: "u16",
    segment: "u16",
    free: "u16x5", // Ida to Ide, of the sequence
  },
  cutOff: "u16x2", // samples to drop at the start and at the end
  centerColumn: "u16",
  coilSelect: "u16",
  readoutOffCentre: "f32",
  timeSinceLastRf: "u32",
  centerLine: "u16",
  centerPartition: "u16",
} as const satisfies HeaderFields;

/** Where the slice's centre lies, in LPS, and how it is turned: (w, x, y, z). */
const SLICE = { position: "f32x3", quaternion: "f32x4" } as const satisfies HeaderFields;

/** Of each channel of a scan. */
const VB_FIELDS = {
  ...FIRST,
  ...LINE,
  iceParameters: "u16x4",
  freeParameters: "u16x4",
  ...SLICE,
  channelId: "u16",
  tablePositionSign: "u16",
} as const satisfies HeaderFields;

/** Of all channels of a scan, which have headers of their own. */
const VD_FIELDS = {
  ...FIRST,
  systemType: "u16",
  tablePositionDelay: "u16",
  tablePosition: "i32x3",
  reserved: "u32",
  ...LINE,
  ...SLICE,
  iceParameters: "u16x24",
  reservedParameters: "u16x4",
  applicationCounter: "u16",
  applicationMask: "u16",
  crc: "u32",
} as const satisfies HeaderFields;

const CHANNEL_FIELDS = {
  typeAndLength: "u32",
  measurementUid: "u32",
  scanCounter: "u32",
  reserved: "u32",
  sequenceTime: "u32",
  unused: "u32",
  channelId: "u16",
  unused2: "u16",
  crc: "u32",
} as const satisfies HeaderFields;

/** What both lines of software say of a scan. */
export type ScanHeader =
  & HeaderValues<typeof FIRST & typeof LINE & typeof SLICE>
  & {
    readonly iceParameters: readonly number[];
    readonly tablePosition?: HeaderValues<typeof VD_FIELDS>["tablePosition"];
  };

/** How the scans of a line of software lie. */
export interface ScanFormat {
  readonly header: HeaderFormat<ScanHeader>;
  /** Bytes of a scan before its first channel. */
  readonly before: number;
  /** What stands before the samples of each channel. */
  readonly channel: HeaderFormat<{ readonly channelId: number }>;
}

const VB_HEADER = new HeaderFormat<HeaderValues<typeof VB_FIELDS>>("a VB scan header", VB_FIELDS);

/** Scans of VB (128 bytes), and from VD on (192 and 32 bytes). */
export const SCAN_FORMATS: Readonly<Record<"VB" | "VD", ScanFormat>> = {
  VB: { header: VB_HEADER, before: 0, channel: VB_HEADER },
  VD: {
    header: new HeaderFormat("a VD scan header", VD_FIELDS),
    before: 192,
    channel: new HeaderFormat("a VD channel header", CHANNEL_FIELDS),
  },
};

/** Bits of `ScanHeader.flags` (`EvalInfoMask`) that are of use here, counted from 0. */
export const TWIX_FLAGS = {
  acquisitionEnd: 0,
  realTimeFeedback: 1,
  highPriorityFeedback: 2,
  syncData: 5,
  lastScanInMeasurement: 11,
  phaseStabilizationReference: 14,
  phaseStabilization: 15,
  swapped: 19,
  phaseCorrection: 21,
  patReference: 22,
  patReferenceAndImage: 23,
  reflect: 24,
  noise: 25,
  firstInSlice: 28,
  lastInSlice: 29,
  multibandReference: 38,
  multibandPhaseCorrection: 39,
  lastHeartbeat: 50,
  dummyScan: 51,
  b1ControlLoop: 53,
  powerMonitoring: 56,
  noImage: 60,
} as const;

type TwixFlag = keyof typeof TWIX_FLAGS;

/** Whether a flag of a scan is set. */
export const isSet = ({ flags }: Pick<ScanHeader, "flags">, flag: TwixFlag): boolean =>
  (flags & bits([flag])) !== 0n;

/** The bits of some flags together. */
const bits = (flags: readonly TwixFlag[]): bigint =>
  flags.reduce((all, flag) => all | 1n << BigInt(TWIX_FLAGS[flag]), 0n);

/**
 * Flags of ISMRMRD for those of a scan, as siemens_to_ismrmrd sets them; but `RAWDATACORRECTION`
 * is on lines of images and says no more than that a factor belongs to each coil.
 */
const FLAGS: Readonly<Partial<Record<TwixFlag, Flag>>> = {
  realTimeFeedback: "realTimeFeedback",
  highPriorityFeedback: "highPriorityFeedback",
  lastScanInMeasurement: "lastInMeasurement",
  phaseStabilizationReference: "phaseStabilizationReference",
  phaseStabilization: "phaseStabilization",
  phaseCorrection: "phaseCorrection",
  patReference: "calibration",
  patReferenceAndImage: "calibrationAndImaging",
  reflect: "reverse",
  noise: "noise",
  firstInSlice: "firstInSlice",
  lastInSlice: "lastInSlice",
  lastHeartbeat: "dummyScan",
  dummyScan: "dummyScan",
  b1ControlLoop: "dummyScan",
  powerMonitoring: "dummyScan",
  noImage: "dummyScan",
};

const PAIRS = Object.entries(FLAGS).map(([flag, mrd]) =>
  [bits([flag as TwixFlag]), flagBits(mrd)] as const
);

/** The flags of a scan as those of an acquisition. */
export function mrdFlags({ flags }: Pick<ScanHeader, "flags">): bigint {
  const all = PAIRS.reduce((sum, [bit, mrd]) => (flags & bit) === 0n ? sum : sum | mrd, 0n);
  // A line for both is no line for calibration alone.
  return (all & BOTH) === 0n ? all : all & ~flagBits("calibration");
}

const BOTH = flagBits("calibrationAndImaging");

/** Flags of scans that are no lines of an image. */
const OTHER = bits((Object.keys(FLAGS) as TwixFlag[]).filter((flag) =>
  ![
    ...["lastScanInMeasurement", "patReference", "patReferenceAndImage", "reflect"],
    ...["firstInSlice", "lastInSlice"],
  ].includes(flag)
));

/** What a scan is for: a line of an image, one for calibration alone, noise, or none of these. */
export function scanUse(scan: ScanHeader): "image" | "calibration" | "noise" | "other" {
  if (isSet(scan, "noise")) return "noise";
  if ((scan.flags & OTHER) !== 0n) return "other";
  const calibrates = isSet(scan, "patReference") && !isSet(scan, "patReferenceAndImage");
  return calibrates ? "calibration" : "image";
}
