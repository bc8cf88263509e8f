/**
 * The attributes of one MR Image instance (DICOM PS3.3 A.4). Attributes of type 2 must exist but
 * may be empty.
 * @module
 */
import { printable } from "../../quoted.ts";
import { InputError } from "../../errors.ts";
import { indices } from "../axes.ts";
import type { Axis, Geometry } from "../types.ts";
import { type DicomTags, namesPatient } from "./tags.ts";

/** SOP class of MR Image Storage. */
export const MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4";

/** Cosine between rows and columns above which they are not at a right angle. */
const MAX_SHEAR = 1e-4;
/** Most characters of a decimal string (DS). */
const DECIMAL_CHARACTERS = 16;
/** Most characters of a DerivationDescription (ST). */
const SHORT_TEXT = 1024;
/** Most characters of a SeriesDescription (LO). */
const LONG_STRING = 64;
/** Greatest stored value: 16 bits, unsigned. */
export const WHITE = 65535;

/**
 * Values by the keyword of their attribute. `_vrMap` has the value representations where the
 * dictionary allows several.
 */
export interface DicomDataset {
  readonly [keyword: string]: string | number | readonly unknown[] | DicomDataset;
}

/** What the instances of a series share. */
export interface SeriesAttributes {
  readonly study: string;
  readonly series: string;
  readonly frameOfReference: string;
  /** Number of the series within its study. */
  readonly number: number;
  readonly description: string;
  /** How the pixels were made. */
  readonly derivation: string;
  /** Name and version of what made them. */
  readonly software: string;
  readonly geometry: Geometry;
  /** Slices of a volume; those that follow are at the same places again. */
  readonly slices: number;
  /** Axes of the volumes, the fastest first. */
  readonly frames: readonly Axis[];
  readonly rows: number;
  readonly columns: number;
  /** Stored values that are shown black and white. */
  readonly window: readonly [black: number, white: number];
  /** Value of the reconstruction for a stored value of 1. */
  readonly slope: number;
  readonly tags: DicomTags;
}

/** All attributes of slice `index` but its pixels. */
export function sliceAttributes(
  series: SeriesAttributes,
  index: number,
  instance: string,
): DicomDataset {
  const { tags, geometry, slices } = series;
  return {
    SOPClassUID: MR_IMAGE_STORAGE,
    SOPInstanceUID: instance,
    SpecificCharacterSet: "ISO_IR 192",
    ...identification(series),
    InstanceNumber: String(index + 1),
    AcquisitionNumber: String(Math.floor(index / slices) + 1),
    ...frameNumbers(Math.floor(index / slices), series.frames),
    ImageType: ["DERIVED", "PRIMARY", "OTHER"],
    DerivationDescription: printable(series.derivation).slice(0, SHORT_TEXT),
    ...(geometry.known ? {} : { ImageComments: "Position and orientation are not known" }),
    ...imagePlane(geometry, index % slices),
    ...pixelFormat(series),
    ...realWorldValues(series),
    ...tags,
  };
}

/** Axes whose frames are times, and those whose frames are echoes. */
const TIMES = ["time", "repetition", "cardiac"], ECHOES = ["echo", "contrast"];

/** Which time and which echo a volume is. */
function frameNumbers(volume: number, frames: readonly Axis[]): DicomDataset {
  const at = indices(volume, frames);
  const of = (names: readonly string[]) => frames.findIndex(({ name }) => names.includes(name));
  const time = of(TIMES), echo = of(ECHOES);
  return {
    ...(time >= 0 && {
      TemporalPositionIdentifier: String(at[time] + 1),
      NumberOfTemporalPositions: String(frames[time].size),
    }),
    ...(echo >= 0 && { EchoNumbers: String(at[echo] + 1) }),
  };
}

/** Attributes that must be there, of which nothing is known unless the user says it. */
const EMPTY = Object.fromEntries([
  ...["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientPosition"],
  ...["StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"],
  ...["Laterality", "PositionReferenceIndicator", "Manufacturer", "ScanOptions"],
  ...["MRAcquisitionType", "RepetitionTime", "EchoTime", "EchoTrainLength"],
].map((keyword) => [keyword, ""]));

/** Patient, study, series and equipment (RM is "research mode"). */
function identification(series: SeriesAttributes): DicomDataset {
  return {
    ...EMPTY,
    ...(namesPatient(series.tags) ? {} : {
      PatientIdentityRemoved: "YES",
      DeidentificationMethod: "Nothing about the patient is copied from the raw data",
    }),
    StudyInstanceUID: series.study,
    Modality: "MR",
    SeriesInstanceUID: series.series,
    SeriesNumber: String(series.number),
    SeriesDescription: printable(series.description).slice(0, LONG_STRING),
    FrameOfReferenceUID: series.frameOfReference,

    SoftwareVersions: series.software.slice(0, LONG_STRING),
    ScanningSequence: "RM",
    SequenceVariant: "NONE",
  };
}

/** PS3.3 C.11.2.1.2.1: black and white are at centre - 1/2 -/+ (width - 1)/2. */
function pixelFormat({ rows, columns, window: [black, white] }: SeriesAttributes): DicomDataset {
  return {
    SamplesPerPixel: 1,
    PhotometricInterpretation: "MONOCHROME2",
    Rows: rows,
    Columns: columns,
    BitsAllocated: 16,
    BitsStored: 16,
    HighBit: 15,
    PixelRepresentation: 0,
    WindowCenter: String(Math.round((black + white + 1) / 2)),
    WindowWidth: String(Math.max(1, Math.round(white - black + 1))),
  };
}

/**
 * The values of the reconstruction for the stored integers. RescaleSlope is not an attribute of an
 * MR Image, and would make windows narrower than 1.
 */
function realWorldValues({ slope }: SeriesAttributes): DicomDataset {
  return {
    RealWorldValueMappingSequence: [{
      RealWorldValueFirstValueMapped: 0,
      RealWorldValueLastValueMapped: WHITE,
      RealWorldValueIntercept: 0,
      RealWorldValueSlope: slope,
      LUTExplanation: "Values of the reconstruction",
      LUTLabel: "RECON",
      _vrMap: { RealWorldValueFirstValueMapped: "US", RealWorldValueLastValueMapped: "US" },
      MeasurementUnitsCodeSequence: [{
        CodeValue: "1",
        CodingSchemeDesignator: "UCUM",
        CodeMeaning: "no units",
      }],
    }],
  };
}

/** A number in at most 16 characters, as precise as they allow. */
export function decimalString(value: number): string {
  if (value === 0) return "0";
  for (let digits = 15; digits > 0; digits--) {
    const rounded = Number(value.toPrecision(digits));
    // Small numbers are shorter with an exponent.
    const fits = [String(rounded), rounded.toExponential()]
      .find((text) => text.length <= DECIMAL_CHARACTERS);
    if (fits !== undefined) return fits;
  }
  throw new RangeError(`Cannot write ${value} in ${DECIMAL_CHARACTERS} characters`);
}

/**
 * The plane of a slice. NIfTI's axes point right and to the front (RAS+), DICOM's left and to the
 * back (LPS+): the first two coordinates change sign. Lengths are millimetres.
 */
export function imagePlane({ affine, sliceThickness }: Geometry, slice: number) {
  const lps = (column: number) => [-affine[column], -affine[4 + column], affine[8 + column]];
  const [across, down, through, origin] = [0, 1, 2, 3].map(lps);
  const [width, height, spacing] = [across, down, through].map((axis) => Math.hypot(...axis));
  const thickness = sliceThickness ?? spacing;
  if (![width, height, spacing, thickness].every((size) => size > 0 && size < Infinity)) {
    throw new InputError(
      `Cannot write DICOM: voxels with a size are required, found ${width} x ${height} x ` +
        `${spacing} mm, ${thickness} mm thick`,
    );
  }
  const row = across.map((value) => value / width);
  const column = down.map((value) => value / height);
  const cosine = row.reduce((sum, value, i) => sum + value * column[i], 0);
  if (Math.abs(cosine) > MAX_SHEAR) {
    throw new InputError(
      "Cannot write DICOM: rows and columns at a right angle are required, found the cosine " +
        cosine.toPrecision(3),
    );
  }
  return {
    /** Between rows, then between columns. */
    PixelSpacing: [height, width].map(decimalString),
    SliceThickness: decimalString(thickness),
    SpacingBetweenSlices: decimalString(spacing),
    /** Direction of a row (rising column), then of a column (rising row). */
    ImageOrientationPatient: [...row, ...column].map(decimalString),
    /** Centre of the first voxel. */
    ImagePositionPatient: origin.map((value, i) => decimalString(value + slice * through[i])),
  };
}
