/**
 * What a Siemens protocol says of a measurement, as the header of ISMRMRD: spaces, limits,
 * parallel imaging, the scanner and the sequence.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Triple } from "../../mrd/values.ts";
import type { Encoding, Limit, MrdHeader, Space } from "../../mrd/xml_header.ts";
import { unreadable } from "../unreadable.ts";
import type { Protocol } from "./protocol.ts";
import type { Range, Scans } from "./scans.ts";

/** Most echoes, repetition times and inversion times that are listed. */
const MAX_TIMES = 128;
/** Largest value of a counter and of a matrix in ISMRMRD. */
const MAX_SHORT = 65535;
/** How much larger than announced k-space may be. */
const MAX_GROWTH = 1.25;
/** `sKSpace.ucDimension` of three dimensions. */
const THREE_D = 4;
const CARTESIAN = 1;

const TRAJECTORIES: Readonly<Record<number, Encoding["trajectory"]>> = {
  [CARTESIAN]: "cartesian",
  2: "radial",
  4: "spiral",
};

type CalibrationMode = NonNullable<Encoding["parallelImaging"]>["calibrationMode"];

/** `sPat.ucRefScanMode`: integrated, separate (two kinds), and three that share lines in time. */
const REFERENCE_MODES: Readonly<Record<number, CalibrationMode>> = {
  2: "embedded",
  4: "separate",
  8: "separate",
  16: "interleaved",
  32: "interleaved",
  64: "interleaved",
};

/**
 * Refuses what cannot become an image here, with the reason.
 * @throws {InputError}
 */
export function checkSupported(path: string, protocol: Protocol, scans: Scans): void {
  const fail = (reason: string, hint?: string) => {
    throw new InputError(`Cannot reconstruct ${path}: ${reason}`, { hint });
  };
  if (protocol.isEmpty) fail("the protocol of the measurement is required, found no ASCCONV part");
  const factor = protocol.number("sFastImaging.lEPIFactor") ?? 1;
  if (factor > 1) {
    fail(
      `EPI (factor ${factor}) needs its ghosts corrected and its ramps regridded, which is missing`,
    );
  }
  if ((protocol.parameterNumber("Meas", "alRegridMode") ?? 1) > 1) {
    fail("samples on the ramps of the readout need regridding, which is missing");
  }
  const bands = protocol.number("sSliceAcceleration.lMultiBandFactor") ?? 1;
  if (bands > 1 || scans.multiband) {
    const factor = bands > 1 ? ` (factor ${bands})` : "";
    fail(`slices were excited together${factor}, and nothing here takes them apart`);
  }
  if (scans.swapped) fail("lines have readout and phase encoding swapped, which is not supported");
}

/**
 * The header of a measurement with lines of an image.
 * @throws {InputError} when sizes are missing or make no sense
 */
export function mrdHeader(path: string, protocol: Protocol, scans: Scans): MrdHeader {
  const flip = protocol.number("adFlipAngleDegree[0]");
  const times = (key: string, most = MAX_TIMES) =>
    protocol.numbers(key, most).map((microseconds) => microseconds / 1000);
  return {
    encodings: [encoding(path, protocol, scans)],
    system: {
      vendor: "SIEMENS",
      model: protocol.parameter("Dicom", "ManufacturersModelName"),
      institution: protocol.parameter("Dicom", "InstitutionName"),
      fieldStrength: protocol.number("sProtConsistencyInfo.flNominalB0") ??
        protocol.parameterNumber("Dicom", "flMagneticFieldStrength"),
      receiverChannels: scans.image?.channels,
    },
    h1Frequency: protocol.number("sTXSPEC.asNucleusInfo[0].lFrequency"),
    measurement: {
      patientPosition: protocol.parameter("Meas", "tPatientPosition"),
      protocolName: protocol.text("tProtocolName"),
      frameOfReferenceUid: protocol.parameter("Meas", "tFrameOfReference"),
    },
    sequence: {
      repetitionTime: times("alTR"),
      echoTime: times("alTE", Math.max(1, protocol.number("lContrasts") ?? 1)),
      inversionTime: times("alTI"),
      flipAngle: flip === undefined ? [] : [flip],
    },
    userParameters: {},
  };
}

function encoding(path: string, protocol: Protocol, scans: Scans): Encoding {
  const is3d = protocol.number("sKSpace.ucDimension") === THREE_D;
  const { encodedSpace, reconSpace } = spaces(path, protocol, scans, is3d);
  const { lines, partitions, centerLine, centerPartition } = scans;
  const announced = (key: string, { last }: Range) =>
    Math.min(MAX_SHORT, Math.max(last, (protocol.parameterNumber("Meas", key) ?? 0) - 1));
  return {
    encodedSpace,
    reconSpace,
    limits: {
      kspaceEncodeStep1: limit(lines, centerLine, announced("iNoOfFourierLines", lines)),
      ...is3d && {
        kspaceEncodeStep2: limit(
          partitions,
          centerPartition,
          announced("iNoOfFourierPartitions", partitions),
        ),
      },
    },
    trajectory: TRAJECTORIES[protocol.number("sKSpace.ucTrajectory") ?? CARTESIAN] ?? "other",
    parallelImaging: parallelImaging(protocol),
  };
}

/** A centre that no line lies at is not known, which ISMRMRD writes as 0. */
function limit({ first, last }: Range, center: number, maximum: number): Limit {
  const known = center >= first && center <= last;
  return { minimum: Math.min(first, maximum), maximum, center: known ? center : 0 };
}

function parallelImaging(protocol: Protocol): Encoding["parallelImaging"] {
  const factor = (key: string) => Math.max(1, Math.round(protocol.number(`sPat.${key}`) ?? 1));
  const acceleration = [factor("lAccelFactPE"), factor("lAccelFact3D")] as const;
  const calibrationMode = REFERENCE_MODES[protocol.number("sPat.ucRefScanMode") ?? 1];
  if (calibrationMode === undefined && acceleration.every((each) => each === 1)) return undefined;
  return { acceleration, calibrationMode };
}

function spaces(
  path: string,
  protocol: Protocol,
  { image, lines, partitions, centerLine, centerPartition }: Scans,
  is3d: boolean,
): { readonly encodedSpace: Space; readonly reconSpace: Space } {
  const positive = (key: string) => {
    const value = protocol.number(key) ?? NaN;
    if (value > 0) return value;
    throw unreadable(`the protocol of ${path}`, `a positive ${key} is`, value);
  };
  const size = (key: string) => {
    const value = positive(key);
    if (Number.isInteger(value) && value <= MAX_SHORT) return value;
    throw unreadable(`the protocol of ${path}`, `${key} up to ${MAX_SHORT} is`, value);
  };
  const slice = "sSliceArray.asSlice[0].";
  const base = size("sKSpace.lBaseResolution");
  const [readout, phase, thickness] = [
    positive(`${slice}dReadoutFOV`),
    positive(`${slice}dPhaseFOV`),
    positive(`${slice}dThickness`),
  ];
  const oversampling = (direction: string) =>
    1 + Math.max(0, protocol.number(`sKSpace.d${direction}OversamplingForDialog`) ?? 0);
  const columns = readoutSamples(protocol, base, image!);
  const rows = holding(size("sKSpace.lPhaseEncodingLines"), lines, centerLine);
  const depth = is3d ? holding(size("sKSpace.lPartitions"), partitions, centerPartition) : 1;
  const extent: Triple = [readout, phase, thickness];
  const imageRows = Math.max(1, Math.round(base * phase / readout));
  if (imageRows > MAX_SHORT) {
    throw unreadable(`the protocol of ${path}`, `at most ${MAX_SHORT} rows are`, imageRows);
  }
  return {
    encodedSpace: {
      matrix: [columns, rows, depth],
      fieldOfView: [
        readout * columns / base,
        phase * oversampling("Phase"),
        thickness * (is3d ? oversampling("Slice") : 1),
      ],
    },
    reconSpace: {
      matrix: [base, imageRows, is3d ? size("sKSpace.lImagesPerSlab") : 1],
      fieldOfView: extent,
    },
  };
}

/**
 * Samples of a whole readout. The base resolution reaches as far into k-space as the samples of a
 * symmetric echo do, so these say how much it was oversampled; an asymmetric echo lacks some.
 */
function readoutSamples(
  protocol: Protocol,
  base: number,
  { samples, centerColumn, cutOff: [pre, post] }: NonNullable<Scans["image"]>,
): number {
  const symmetric = pre === 0 && post === 0 &&
    (centerColumn === 0 || centerColumn === Math.floor(samples / 2));
  if (symmetric) return samples;
  const factor = protocol.parameterNumber("Meas", "flReadoutOSFactor") ?? 2;
  const whole = Math.min(MAX_SHORT, Math.round(base * Math.max(1, factor)));
  return holding(whole, { first: pre, last: samples - post - 1 }, centerColumn);
}

/**
 * A size at least as announced that holds the counters with the centre in its middle: acceleration
 * rounds the number of lines up. Counters far outside are damage, which the assembler refuses.
 */
function holding(announced: number, { first, last }: Range, center: number): number {
  const needed = center < first || center > last
    ? last + 1
    : Math.max(2 * (center - first), 2 * (last - center) + 1);
  return needed > MAX_GROWTH * announced ? announced : Math.max(announced, needed);
}
