/**
 * Small Siemens raw data files, made from the description of the format: VB (one measurement, a
 * header before each channel) and VD (a table of measurements, a header for each scan).
 */
import { concatBytes } from "../../../src/io/bytes.ts";
import { TWIX_FLAGS } from "../../../src/io/twix/mdh.ts";

type TwixFlag = keyof typeof TWIX_FLAGS;

/** What a scan says of itself; all may be left out. */
export interface ScanSpec {
  readonly flags?: readonly TwixFlag[];
  readonly line?: number;
  readonly partition?: number;
  readonly slice?: number;
  readonly acquisition?: number;
  readonly echo?: number;
  readonly repetition?: number;
  readonly segment?: number;
  readonly centerColumn?: number;
  readonly centerLine?: number;
  readonly centerPartition?: number;
  readonly cutOff?: readonly [number, number];
  readonly position?: readonly [number, number, number];
  /** (w, x, y, z). Default: none turned. */
  readonly quaternion?: readonly [number, number, number, number];
  readonly channelIds?: readonly number[];
  readonly uid?: number;
  /** Samples `[coil][sample re/im]`. */
  readonly coils: readonly ArrayLike<number>[];
}

export interface MeasurementSpec {
  readonly name?: string;
  /** ASCCONV keys and values beside those of `PROTOCOL`; undefined takes one away. */
  readonly protocol?: Readonly<Record<string, string | number | undefined>>;
  /** XProtocol of `Meas`. */
  readonly meas?: string;
  readonly scans: readonly ScanSpec[];
  /** Bytes of a scan of physiological data before the scans. */
  readonly sync?: number;
  /** Whether the end is marked. Default true. */
  readonly ended?: boolean;
}

/** The protocol of a plain 2-D scan; sizes are of the test. */
export const PROTOCOL: Readonly<Record<string, string | number>> = {
  tProtocolName: '"plain"',
  lContrasts: 1,
  "alTR[0]": 10000,
  "alTE[0]": 3000,
  "alTE[1]": 6000,
  "adFlipAngleDegree[0]": 15,
  "sRXSPEC.alDwellTime[0]": 5000,
  "sSliceArray.lSize": 1,
  "sSliceArray.asSlice[0].dThickness": 4,
  "sSliceArray.asSlice[0].dPhaseFOV": 100,
  "sSliceArray.asSlice[0].dReadoutFOV": 120,
  "sKSpace.lBaseResolution": 6,
  "sKSpace.lPhaseEncodingLines": 5,
  "sKSpace.lPartitions": 1,
  "sKSpace.lImagesPerSlab": 1,
  "sKSpace.ucDimension": "0x2",
  "sKSpace.ucTrajectory": "0x1",
  "sPat.lAccelFactPE": 1,
  "sPat.lAccelFact3D": 1,
  "sPat.ucRefScanMode": "0x1",
};

const MEAS = '<XProtocol>\n{\n  <ParamDouble."flReadoutOSFactor">  { <Precision> 6  2.0 }\n' +
  '  <ParamString."tPatientPosition">  { "HFS" }\n}\n';
const DICOM = '<XProtocol>\n{\n  <ParamString."ManufacturersModelName">  { "Test" }\n' +
  '  <ParamString."SoftwareVersions">  { "syngo MR TEST" }\n}\n';
/** Readers tell VB from VD by the length of the header, which is above this. */
const HEADER_BYTES = 10240;
const TABLE_BYTES = 10240;

/** A file up to VB. */
export const vbFile = (measurement: MeasurementSpec): Uint8Array<ArrayBuffer> =>
  measurementBytes(measurement, "VB");

/** A file from VD on. */
export function vdFile(...measurements: readonly MeasurementSpec[]): Uint8Array<ArrayBuffer> {
  const table = new DataView(new ArrayBuffer(TABLE_BYTES));
  table.setUint32(4, measurements.length, true);
  const parts: Uint8Array[] = [new Uint8Array(table.buffer)];
  let at = TABLE_BYTES;
  measurements.forEach((measurement, i) => {
    const bytes = measurementBytes(measurement, "VD");
    const entry = 8 + i * 152;
    table.setUint32(entry, 100 + i, true);
    table.setBigUint64(entry + 8, BigInt(at), true);
    table.setBigUint64(entry + 16, BigInt(bytes.length), true);
    new TextEncoder().encode(measurement.name ?? "plain").forEach((byte, j) =>
      table.setUint8(entry + 24 + 64 + j, byte)
    );
    const padding = new Uint8Array((512 - bytes.length % 512) % 512);
    parts.push(bytes, padding);
    at += bytes.length + padding.length;
  });
  return concatBytes(parts);
}

function measurementBytes(
  { protocol = {}, meas = MEAS, scans, sync = 0, ended = true }: MeasurementSpec,
  software: "VB" | "VD",
): Uint8Array<ArrayBuffer> {
  const values = Object.entries({ ...PROTOCOL, ...protocol }).filter(([, value]) =>
    value !== undefined
  );
  const lines = values.map(([key, value]) => `${key}\t = \t${value}`);
  const buffers = {
    Config: '<XProtocol>\n{\n  <ParamString."chronSliceIndices">  { "0 -1 -1" }\n}\n',
    Dicom: DICOM,
    Meas: meas,
    MeasYaps: `### ASCCONV BEGIN ###\n${lines.join("\n")}\n### ASCCONV END ###\n`,
    Phoenix: "<XProtocol>\n{\n}\n",
  };
  const write = software === "VB" ? vbScan : vdScan;
  const end: ScanSpec = { flags: ["acquisitionEnd"], coils: [new Float32Array(32)] };
  return concatBytes([
    headerBytes(buffers),
    ...sync > 0 ? [syncScan(sync, software)] : [],
    ...scans.map((scan, i) => write(scan, i + 1)),
    ...ended ? [write(end, scans.length + 1)] : [],
  ]);
}

function headerBytes(buffers: Readonly<Record<string, string>>): Uint8Array {
  const texts = Object.entries(buffers).map(([name, text]) => {
    const bytes = new TextEncoder().encode(`${name}\0....${text}`);
    new DataView(bytes.buffer).setUint32(name.length + 1, text.length, true);
    return bytes;
  });
  const content = concatBytes(texts);
  const length = Math.ceil(Math.max(HEADER_BYTES, 8 + content.length) / 32) * 32;
  const header = new DataView(new ArrayBuffer(length));
  header.setUint32(0, length, true);
  header.setUint32(4, texts.length, true);
  const bytes = new Uint8Array(header.buffer);
  bytes.set(content, 8);
  return bytes;
}

/** The header of a scan: what is common to both lines of software, each part at its offset. */
function scanHeader(
  scan: ScanSpec,
  { counter, bytes, length, flagsAt, placeAt }: {
    readonly counter: number;
    readonly bytes: number;
    readonly length: number;
    readonly flagsAt: number;
    readonly placeAt: number;
  },
): DataView {
  const view = new DataView(new ArrayBuffer(bytes));
  const { coils, line = 0, partition = 0, slice = 0, acquisition = 0, echo = 0 } = scan;
  const { repetition = 0, segment = 0, cutOff = [0, 0] } = scan;
  const samples = coils[0].length / 2;
  const flags = (scan.flags ?? []).reduce((all, flag) => all | 1n << BigInt(TWIX_FLAGS[flag]), 8n);
  const shorts = [
    ...[samples, coils.length],
    ...[line, acquisition, slice, partition, echo, 0, repetition, 0, segment, 0, 0, 0, 0, 0],
    ...cutOff,
    scan.centerColumn ?? Math.floor(samples / 2),
  ];
  view.setUint32(0, length, true);
  view.setUint32(4, scan.uid ?? 358, true);
  view.setUint32(8, counter, true);
  view.setUint32(12, 4000 + counter, true);
  view.setBigUint64(flagsAt, flags, true);
  shorts.forEach((value, i) => view.setUint16(flagsAt + 8 + 2 * i, value, true));
  view.setUint16(flagsAt + 56, scan.centerLine ?? 2, true);
  view.setUint16(flagsAt + 58, scan.centerPartition ?? 0, true);
  const place = [...scan.position ?? [0, 0, 0], ...scan.quaternion ?? [1, 0, 0, 0]];
  place.forEach((value, i) => view.setFloat32(placeAt + 4 * i, value, true));
  return view;
}

const idsOf = ({ channelIds, coils }: ScanSpec): readonly number[] =>
  channelIds ?? coils.map((_, i) => i);

function vbScan(scan: ScanSpec, counter: number): Uint8Array {
  const length = scan.coils.length * (128 + 4 * scan.coils[0].length);
  return concatBytes(scan.coils.flatMap((samples, i) => {
    const view = scanHeader(scan, { counter, bytes: 128, length, flagsAt: 20, placeAt: 96 });
    view.setUint16(124, idsOf(scan)[i], true);
    return [new Uint8Array(view.buffer), floats(samples)];
  }));
}

function vdScan(scan: ScanSpec, counter: number): Uint8Array {
  const length = 192 + scan.coils.length * (32 + 4 * scan.coils[0].length);
  const head = scanHeader(scan, { counter, bytes: 192, length, flagsAt: 40, placeAt: 100 });
  return concatBytes([
    new Uint8Array(head.buffer),
    ...scan.coils.flatMap((samples, i) => {
      const view = new DataView(new ArrayBuffer(32));
      view.setUint32(4, scan.uid ?? 358, true);
      view.setUint32(8, counter, true);
      view.setUint16(24, idsOf(scan)[i], true);
      return [new Uint8Array(view.buffer), floats(samples)];
    }),
  ]);
}

/** Data of another kind between the scans, as long as its header says. */
function syncScan(bytes: number, software: "VB" | "VD"): Uint8Array {
  const [header, flagsAt] = software === "VB" ? [128, 20] : [192, 40];
  const view = new DataView(new ArrayBuffer(header + bytes));
  view.setUint32(0, header + bytes, true);
  view.setUint32(4, 358, true);
  view.setBigUint64(flagsAt, 1n << BigInt(TWIX_FLAGS.syncData), true);
  return new Uint8Array(view.buffer).fill(0x55, header);
}

const floats = (values: ArrayLike<number>): Uint8Array =>
  new Uint8Array(Float32Array.from(values).buffer);
