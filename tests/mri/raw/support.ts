/** Acquisitions made from k-space whose every sample is known. */
import type {
  Acquisition,
  AcquisitionHeader,
  EncodingCounters,
  Triple,
} from "../../../src/mrd/values.ts";
import type { Encoding, MrdHeader } from "../../../src/mrd/xml_header.ts";
import type { NdArray } from "../../../src/ndarray.ts";

/** What a test wants to differ from a plain header. */
export interface HeaderChange extends Partial<Omit<AcquisitionHeader, "idx">> {
  readonly idx?: Partial<EncodingCounters>;
}

/** A header of a plain line of one coil. */
export function acquisitionHeader({ idx, ...change }: HeaderChange = {}): AcquisitionHeader {
  return {
    version: 1,
    flags: 0n,
    measurementUid: 7,
    scanCounter: 3,
    acquisitionTimeStamp: 11,
    physiologyTimeStamp: [1, 2, 3],
    numberOfSamples: 1,
    availableChannels: 1,
    activeChannels: 1,
    channelMask: Array(16).fill(0n),
    discardPre: 0,
    discardPost: 0,
    centerSample: 0,
    encodingSpaceRef: 0,
    trajectoryDimensions: 0,
    sampleTimeUs: 5,
    position: [0, 0, 0],
    readDir: [1, 0, 0],
    phaseDir: [0, 1, 0],
    sliceDir: [0, 0, 1],
    patientTablePosition: [0, 0, 0],
    idx: {
      kspaceEncodeStep1: 0,
      kspaceEncodeStep2: 0,
      average: 0,
      slice: 0,
      contrast: 0,
      phase: 0,
      repetition: 0,
      set: 0,
      segment: 0,
      user: Array(8).fill(0),
      ...idx,
    },
    userInt: Array(8).fill(0),
    userFloat: Array(8).fill(0),
    ...change,
  };
}

/** Which part of a line is acquired, and how. */
export interface LineOptions extends HeaderChange {
  /** First column and the one after the last; default all. */
  readonly columns?: readonly [number, number];
  /** Counter of the first row; default 0. */
  readonly firstRow?: number;
  /** Whether it is read backwards. */
  readonly reversed?: boolean;
}

/** Row `row` of k-space `[C, 2, H, W]` as an acquisition. */
export function lineOf(kspace: NdArray, row: number, options: LineOptions = {}): Acquisition {
  const [coils, , height, width] = kspace.shape;
  const { columns: [first, end] = [0, width], firstRow = 0, reversed, idx, ...change } = options;
  const count = end - first;
  const samples = new Float32Array(2 * coils * count);
  for (let coil = 0; coil < coils; coil++) {
    for (let i = 0; i < count; i++) {
      const from = (2 * coil * height + row) * width + (reversed ? end - 1 - i : first + i);
      samples[2 * (coil * count + i)] = kspace.data[from];
      samples[2 * (coil * count + i) + 1] = kspace.data[from + height * width];
    }
  }
  const centre = Math.floor(width / 2) - first;
  const header = acquisitionHeader({
    numberOfSamples: count,
    activeChannels: coils,
    availableChannels: coils,
    centerSample: reversed ? 2 * Math.floor(count / 2) - centre : centre,
    idx: { kspaceEncodeStep1: row - firstRow, ...idx },
    ...change,
  });
  return { header, samples, trajectory: new Float32Array() };
}

/** What a test says of an encoding: `[x, y, z]`. */
export interface EncodingChange extends Partial<Omit<Encoding, "encodedSpace" | "reconSpace">> {
  readonly matrix: Triple;
  readonly fieldOfView?: Triple;
  readonly recon?: Triple;
  readonly reconFieldOfView?: Triple;
}

/** An encoding whose images are what was encoded, unless the test says otherwise. */
export function encodingOf({
  matrix,
  fieldOfView = [matrix[0], matrix[1], matrix[2]],
  recon = matrix,
  reconFieldOfView = fieldOfView,
  ...change
}: EncodingChange): Encoding {
  return {
    encodedSpace: { matrix, fieldOfView },
    reconSpace: { matrix: recon, fieldOfView: reconFieldOfView },
    limits: {},
    trajectory: "cartesian",
    ...change,
  };
}

/** A header with these encodings. */
export function mrdHeader(...encodings: readonly EncodingChange[]): MrdHeader {
  return {
    encodings: encodings.map(encodingOf),
    system: {},
    measurement: {},
    sequence: { repetitionTime: [], echoTime: [], inversionTime: [], flipAngle: [] },
    userParameters: {},
  };
}

/** The same header as XML. */
export function headerXml(header: MrdHeader): string {
  const triple = (name: string, [x, y, z]: Triple) =>
    `<${name}><x>${x}</x><y>${y}</y><z>${z}</z></${name}>`;
  const space = (name: string, { matrix, fieldOfView }: Encoding["encodedSpace"]) =>
    `<${name}>${triple("matrixSize", matrix)}${triple("fieldOfView_mm", fieldOfView)}</${name}>`;
  const limits = (encoding: Encoding) =>
    Object.entries(encoding.limits).map(([name, { minimum, maximum, center }]) => {
      const tag = name.replace("kspaceEncodeStep", "kspace_encoding_step_");
      return `<${tag}><minimum>${minimum}</minimum><maximum>${maximum}</maximum>` +
        `<center>${center}</center></${tag}>`;
    }).join("");
  const parallel = ({ parallelImaging }: Encoding) => {
    if (parallelImaging === undefined) return "";
    const { acceleration: [a, b], multibandFactor } = parallelImaging;
    const multiband = multibandFactor === undefined ? "" : "<multiband>" +
      "<spacing><dZ>20</dZ></spacing><deltaKz>1</deltaKz>" +
      `<multiband_factor>${multibandFactor}</multiband_factor>` +
      "<calibration>separable2D</calibration><calibration_encoding>0</calibration_encoding>" +
      "</multiband>";
    return `<parallelImaging><accelerationFactor><kspace_encoding_step_1>${a}` +
      `</kspace_encoding_step_1><kspace_encoding_step_2>${b}</kspace_encoding_step_2>` +
      `</accelerationFactor><calibrationMode>${parallelImaging.calibrationMode}` +
      `</calibrationMode>${multiband}</parallelImaging>`;
  };
  const encodings = header.encodings.map((encoding) =>
    `<encoding>${space("encodedSpace", encoding.encodedSpace)}` +
    `${space("reconSpace", encoding.reconSpace)}` +
    `<encodingLimits>${limits(encoding)}</encodingLimits>` +
    `<trajectory>${encoding.trajectory}</trajectory>${parallel(encoding)}</encoding>`
  );
  const { vendor } = header.system;
  const system = vendor === undefined ? "" : "<acquisitionSystemInformation>" +
    `<systemVendor>${vendor}</systemVendor></acquisitionSystemInformation>`;
  return '<?xml version="1.0"?><ismrmrdHeader xmlns="http://www.ismrm.org/ISMRMRD">' + system +
    "<experimentalConditions><H1resonanceFrequency_Hz>63500000</H1resonanceFrequency_Hz>" +
    `</experimentalConditions>${encodings.join("")}</ismrmrdHeader>`;
}
