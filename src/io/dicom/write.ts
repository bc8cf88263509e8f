/**
 * Writing DICOM: one MR Image instance for each slice. The only file that imports dcmjs.
 *
 * A file does not depend on when or where it was written: the same images with the same description
 * give the same bytes and identifiers, other images another series.
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import dcmjs from "dcmjs";
import { InputError } from "../../errors.ts";
import { type NdArray, sizeOf } from "../../ndarray.ts";
import { createFolderWhole, writeFileWhole } from "../atomic.ts";
import { frameCount } from "../axes.ts";
import type { Geometry, ImageVolume } from "../types.ts";
import { MR_IMAGE_STORAGE, type SeriesAttributes, sliceAttributes, WHITE } from "./dataset.ts";
import type { DicomTags } from "./tags.ts";

/** Explicit VR, little endian. */
const TRANSFER_SYNTAX = "1.2.840.10008.1.2.1";
/** Where the geometry is unknown, as in `writeNifti`. */
const UNIT_GEOMETRY: Geometry = {
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  known: false,
};

/** Root of identifiers that are a UUID as a decimal number (ISO/IEC 9834-8, DICOM PS3.5 B.2). */
const UUID_ROOT = "2.25";
const UUID_BYTES = 16;

/** The part of dcmjs that is used; the package has no types. */
interface DcmjsData {
  readonly DicomMetaDictionary: { denaturalizeDataset(dataset: unknown): unknown };
  readonly DicomDict: new (meta: unknown) => { dict: unknown; write(): ArrayBuffer };
}
const { DicomMetaDictionary, DicomDict } = (dcmjs as { readonly data: DcmjsData }).data;

/** A volume, real and not negative, that becomes a series. */
export interface DicomSeries
  extends
    Pick<SeriesAttributes, "number" | "description" | "derivation" | "software">,
    ImageVolume {
  /** Values that are shown black and white. */
  readonly window: readonly [black: number, white: number];
  /** What was reconstructed, e.g. the checksum of the file: its series share a study. */
  readonly source: string;
  /** Patient, study and scan; without them the files are anonymous. */
  readonly tags?: DicomTags;
}

/**
 * Writes a series into its own folder, `0001.dcm` and so on, completely or not at all. Values are
 * stored as 16-bit integers, the largest of the volume as 65535; RealWorldValueMappingSequence
 * holds the factor. Negative values are an InputError.
 */
export async function writeDicomSeries(folder: string, content: DicomSeries): Promise<void> {
  const { shape: [slices, rows, columns], data } = content.image;
  const { values, slope } = quantised(content.image);
  const attributes = seriesAttributes(content, slope, values);
  const size = rows * columns;
  const digits = Math.max(4, String(slices).length);
  await createFolderWhole(folder, async (partial) => {
    for (let index = 0; index < data.length / size; index++) {
      const instance = dicomUid("instance", attributes.series, String(index));
      const dataset = {
        ...sliceAttributes(attributes, index, instance),
        PixelData: [values.slice(index * size, (index + 1) * size).buffer],
        _vrMap: { PixelData: "OW" },
      };
      const name = `${String(index + 1).padStart(digits, "0")}.dcm`;
      await writeFileWhole(join(partial, name), encode(dataset, instance, attributes.software));
    }
    // Programs that send a folder send every file in it.
  }, { manifest: false });
}

/** Whole numbers from 0 to 65535, and what 1 stands for. */
function quantised({ data, shape }: NdArray) {
  if (shape.length !== 3 || sizeOf(shape) === 0) {
    throw new RangeError(`Cannot write DICOM: [slice, row, column] is required, found [${shape}]`);
  }
  const bad = data.find((value) => !(value >= 0 && value < Infinity));
  if (bad !== undefined) {
    throw new InputError(`Cannot write DICOM: finite values from 0 are required, found ${bad}`);
  }
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  const slope = most > 0 ? most / WHITE : 1;
  return { values: Uint16Array.from(data, (value) => Math.round(value / slope)), slope };
}

function seriesAttributes(
  { image, geometry = UNIT_GEOMETRY, window, tags = {}, source, frames = [], ...rest }: DicomSeries,
  slope: number,
  values: Uint16Array<ArrayBuffer>,
): SeriesAttributes {
  const said = JSON.stringify([rest, geometry, window, slope, tags, source, frames, image.shape]);
  const [slices, rows, columns] = image.shape;
  return {
    ...rest,
    study: dicomUid("study", source),
    frameOfReference: dicomUid("frame of reference", source),
    series: dicomUid("series", said, new Uint8Array(values.buffer)),
    geometry,
    slices: slices / frameCount(frames),
    frames,
    rows,
    columns,
    window: [window[0] / slope, window[1] / slope],
    slope,
    tags,
  };
}

function encode(dataset: object, instance: string, software: string): Uint8Array {
  const meta = {
    FileMetaInformationVersion: [Uint8Array.of(0, 1).buffer],
    MediaStorageSOPClassUID: MR_IMAGE_STORAGE,
    MediaStorageSOPInstanceUID: instance,
    TransferSyntaxUID: TRANSFER_SYNTAX,
    ImplementationClassUID: dicomUid("implementation", software),
    ImplementationVersionName: software.slice(0, 16),
    _vrMap: { FileMetaInformationVersion: "OB" },
  };
  const file = new DicomDict(DicomMetaDictionary.denaturalizeDataset(meta));
  file.dict = DicomMetaDictionary.denaturalizeDataset(dataset);
  return new Uint8Array(file.write());
}

/**
 * An identifier that depends on its parts alone, on any machine: a UUID of version 8 (RFC 9562)
 * made of their SHA-256.
 */
export function dicomUid(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = typeof part === "string" ? new TextEncoder().encode(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  const uuid = hash.digest().subarray(0, UUID_BYTES);
  uuid[6] = 0x80 | (uuid[6] & 0x0f); // version 8
  uuid[8] = 0x80 | (uuid[8] & 0x3f); // variant of RFC 9562
  return `${UUID_ROOT}.${BigInt(`0x${uuid.toString("hex")}`)}`;
}
