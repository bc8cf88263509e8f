/** A scan of a Siemens measurement as an acquisition of ISMRMRD. @module */
import type { Acquisition, AcquisitionHeader, Triple } from "../../mrd/values.ts";
import { type ByteSource, decode } from "../bytes.ts";
import { mrdFlags, type ScanFormat, type ScanHeader } from "./mdh.ts";
import { scanBytes } from "./scans.ts";

/** Largest error of unit length that a quaternion may have. */
const UNIT_ERROR = 1e-2;
const FLOAT32 = { kind: "float", bytes: 4, littleEndian: true } as const;

/** The header of an acquisition, with the values that siemens_to_ismrmrd gives it. */
export function acquisitionHeader(
  scan: ScanHeader,
  { sampleTimeUs }: { readonly sampleTimeUs: number },
): AcquisitionHeader {
  const { counters, cutOff: [discardPre, discardPost], iceParameters: ice, tablePosition } = scan;
  const { samples, channels, position } = scan;
  return {
    version: 1,
    flags: mrdFlags(scan),
    measurementUid: scan.measurementUid,
    scanCounter: scan.scanCounter,
    acquisitionTimeStamp: scan.timeStamp,
    physiologyTimeStamp: [scan.pmuTimeStamp, 0, 0],
    numberOfSamples: samples,
    availableChannels: channels,
    activeChannels: channels,
    channelMask: Array(16).fill(0n),
    discardPre,
    discardPost,
    centerSample: scan.centerColumn,
    encodingSpaceRef: 0,
    trajectoryDimensions: 0,
    sampleTimeUs,
    position,
    ...directions(scan.quaternion),
    patientTablePosition: tablePosition ?? [0, 0, 0],
    idx: {
      kspaceEncodeStep1: counters.line,
      kspaceEncodeStep2: counters.partition,
      average: counters.acquisition,
      slice: counters.slice,
      contrast: counters.echo,
      phase: counters.phase,
      repetition: counters.repetition,
      set: counters.set,
      segment: counters.segment,
      user: [...counters.free, scan.centerLine, scan.centerPartition, 0],
    },
    userInt: [...Array.from({ length: 7 }, (_, i) => ice[i] ?? 0), scan.timeSinceLastRf],
    userFloat: Array.from({ length: 8 }, (_, i) => ice[8 + i] ?? 0),
  };
}

/**
 * The columns of the rotation that a quaternion (w, x, y, z) stands for: phase, readout and slice
 * of the gradients in LPS. Zeros where it is none, so that images do not claim to know their place.
 */
function directions(
  quaternion: readonly number[],
): Pick<AcquisitionHeader, "phaseDir" | "readDir" | "sliceDir"> {
  const [w, x, y, z] = quaternion;
  const none: Triple = [0, 0, 0];
  if (!(Math.abs(Math.hypot(w, x, y, z) - 1) < UNIT_ERROR)) {
    return { phaseDir: none, readDir: none, sliceDir: none };
  }
  return {
    phaseDir: [1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)],
    readDir: [2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)],
    sliceDir: [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)],
  };
}

/** Reads a scan that starts at an offset; `header` tells more of it. */
export function readAcquisition(
  source: ByteSource,
  format: ScanFormat,
  place: number,
  toHeader: (scan: ScanHeader) => AcquisitionHeader,
): Acquisition {
  const scan = format.header.parse(source.read(place, format.header.bytes));
  const bytes = source.read(place, scanBytes(format, scan));
  const header = toHeader(scan);
  const samples = new Float32Array(2 * scan.channels * scan.samples);
  for (let channel = 0; channel < scan.channels; channel++) {
    const at = channelPlace(format, scan, channel) + format.channel.bytes;
    const one = bytes.subarray(at, at + 8 * scan.samples);
    samples.set(decode(one, FLOAT32), 2 * channel * scan.samples);
  }
  return { header, samples, trajectory: new Float32Array() };
}

/** Numbers of the receivers whose samples a scan holds, in their order. */
export function channelIds(source: ByteSource, format: ScanFormat, place: number): number[] {
  const scan = format.header.parse(source.read(place, format.header.bytes));
  return Array.from({ length: scan.channels }, (_, channel) => {
    const at = place + channelPlace(format, scan, channel);
    return format.channel.parse(source.read(at, format.channel.bytes)).channelId;
  });
}

/** Where a channel begins within its scan. */
const channelPlace = ({ before, channel }: ScanFormat, { samples }: ScanHeader, index: number) =>
  before + index * (channel.bytes + 8 * samples);
