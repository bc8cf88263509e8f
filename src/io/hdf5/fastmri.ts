/**
 * k-space in the HDF5 layout of fastMRI, which M4Raw shares: a complex dataset `kspace`,
 * `[slice, coil, readout, phase]` (multicoil) or `[slice, readout, phase]` (singlecoil).
 * @module
 */
import { InputError } from "../../errors.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { MAX_AXES } from "../axes.ts";
import type { SliceBox } from "../kspace_array.ts";
import { parseXml, type XmlElement } from "../mrd/xml.ts";
import { checkFinite } from "../planar.ts";
import type { Geometry } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { describe } from "./dataset.ts";
import { describeDatasets, findKspace, KspaceDataset } from "./kspace_dataset.ts";
import type { Hdf5File } from "./library.ts";
import { readAttribute, readNumbers, readText } from "./values.ts";

const LAYOUT = "fastMRI HDF5";

/** The k-space of an open file, read in this thread; disposing of it closes the file. */
export function fastmriKspace(file: Hdf5File): KspaceDataset {
  const parts = findKspace(file, LAYOUT);
  const { shape } = parts[0];
  if (shape.length > MAX_AXES) {
    const required = `at most ${MAX_AXES} axes of kspace are`;
    throw unreadable(`${file.path} as ${LAYOUT}`, required, `[${shape}]`);
  }
  const encoding = readEncoding(file);
  const description = {
    ...describeDatasets(file, parts, "fastmri-hdf5"),
    sure: parts.length === 1 && (shape.length === 3 || shape.length === 4) &&
      (encoding !== undefined || hasReference(file, shape)),
  };
  return new KspaceDataset(file, parts, description, (slice) => {
    const { height: phase, width: readout } = slice;
    const imageSize = readImageSize(file, encoding, [phase, readout]);
    return {
      mask: readMask(file, slice),
      encoded: readEncoded(encoding, phase),
      imageSize,
      referenceShape: referenceShape(file, slice, imageSize ?? [phase, readout]),
      geometry: readGeometry(file, encoding),
    };
  });
}

/** Whether the file has the images that fastMRI makes of k-space `[slice, ..., readout, phase]`. */
function hasReference(file: Hdf5File, shape: readonly number[]): boolean {
  const image = (describe(file, "reconstruction_rss") ?? describe(file, "reconstruction_esc"))
    ?.shape;
  return image?.length === 3 && image[0] === shape[0] && image[1] <= shape[shape.length - 2] &&
    image[2] <= shape[shape.length - 1];
}

/** The encoding of the file's ISMRMRD header; undefined when there is none, or it is damaged. */
function readEncoding(file: Hdf5File): XmlElement | undefined {
  const info = describe(file, "ismrmrd_header");
  const text = info && readText(file, info);
  try {
    return text === undefined
      ? undefined
      : parseXml(text, "ismrmrdHeader", file.path).child("encoding");
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Three numbers of an element of a space, in its order x (readout), y (phase), z. */
function triple(space: XmlElement | undefined, name: string): number[] | undefined {
  const values = ["x", "y", "z"].map((axis) => Number(space?.child(name)?.text(axis)));
  return values.every((value) => value > 0 && value < Infinity) ? values : undefined;
}

/**
 * The mask, 0 or 1: over phase-encode lines, over those of each slice, or over the plane (readout,
 * phase), of which `[phase, readout]` is given where the lines differ. Axes of size 1 are ignored.
 */
function readMask(
  file: Hdf5File,
  { slices, height: phase, width: readout }: SliceBox,
): Uint8Array | undefined {
  const info = describe(file, "mask");
  if (info === undefined) return undefined;
  const fail = (found: string) => {
    const required =
      `a mask [${phase}] over the phase-encode lines, [${slices}, ${phase}] (slice, ` +
      `phase) or [${readout}, ${phase}] (readout, phase) is`;
    const hint = "Reshape or remove the dataset mask: lines of zeros count as not acquired anyway";
    throw unreadable(`${file.path} as ${LAYOUT}`, required, found, hint);
  };
  const axes = info.shape.filter((size) => size !== 1);
  const fits = axes.length <= 2 && (axes.at(-1) ?? 1) === phase &&
    (axes.length < 2 || axes[0] === slices || axes[0] === readout);
  if (!fits && sizeOf(info.shape) !== phase) fail(`[${info.shape}]`);
  const values = readNumbers(file, info);
  if (!values.every(Number.isFinite)) fail("values that are not finite");
  if (values.every((value) => value === 0)) fail("one without any line");
  const kept = Uint8Array.from(values, (value) => value === 0 ? 0 : 1);
  if (kept.every((value, i) => value === kept[i % phase])) return kept.slice(0, phase);
  if (axes[0] !== readout) return kept;
  if (slices === readout) fail(`[${info.shape}], which may be either`);
  return kept.map((_, i) => kept[(i % readout) * phase + Math.floor(i / readout)]);
}

/**
 * The lines that the scan could sample, by the header's encodingLimits: others are padding. Line
 * `center` of the limits is the centre of k-space.
 */
function readEncoded(
  encoding: XmlElement | undefined,
  phase: number,
): readonly [number, number] | undefined {
  const limit = encoding?.child("encodingLimits")?.child("kspace_encoding_step_1");
  const [first, last, centre] = ["minimum", "maximum", "center"].map((name) =>
    Number(limit?.text(name) || NaN)
  );
  const shift = Math.floor(phase / 2) - centre;
  const found = [first + shift, last + shift + 1] as const;
  const isWithin = found.every(Number.isInteger) && found[0] >= 0 && found[1] <= phase &&
    found[1] > found[0];
  return isWithin ? found : undefined;
}

/**
 * Size of the reference image, else of the header's reconSpace, `[H, W]`; undefined when it is that
 * of k-space. Along an axis with fewer k-space samples than that, nothing is cropped.
 */
function readImageSize(
  file: Hdf5File,
  encoding: XmlElement | undefined,
  [height, width]: readonly [number, number],
): [number, number] | undefined {
  const reference = describe(file, "reconstruction_rss") ?? describe(file, "reconstruction_esc");
  let size = reference?.shape.slice(-2);
  if (size?.length !== 2 || size.includes(0)) {
    size = triple(encoding?.child("reconSpace"), "matrixSize")?.slice(0, 2);
  }
  if (size === undefined || !size.every(Number.isInteger)) return undefined;
  const [rows, columns] = size;
  const cropped: [number, number] = [Math.min(columns, height), Math.min(rows, width)];
  return cropped[0] === height && cropped[1] === width ? undefined : cropped;
}

/** The shape of `reconstruction_rss`, where it has the size of the images `[H, W]`. */
function referenceShape(
  file: Hdf5File,
  { slices, transposed }: SliceBox,
  [height, width]: readonly [number, number],
): readonly number[] | undefined {
  const shape = describe(file, REFERENCE)?.shape;
  return transposed && `${shape}` === `${[slices, width, height]}` ? shape : undefined;
}

const REFERENCE = "reconstruction_rss";

/** A slice of `reconstruction_rss`, which has this shape. */
export function readReference(
  file: Hdf5File,
  slice: number,
  [, rows, columns]: readonly number[],
): NdArray {
  const info = describe(file, REFERENCE)!;
  const part = { offset: [slice, 0, 0], count: [1, rows, columns] };
  const values = Float32Array.from(readNumbers(file, info, part));
  checkFinite(values, file.path, `${REFERENCE} of slice ${slice}`);
  return ndarray(values, [rows, columns]);
}

/**
 * The affine that our own writer stores, else the voxel size from the header. The image of k-space
 * has the pixels of encodedSpace; cropping does not change them.
 */
function readGeometry(file: Hdf5File, encoding: XmlElement | undefined): Geometry | undefined {
  const affine = readAttribute(file, "affine");
  if (Array.isArray(affine) && affine.length === 16) {
    if (affine.every(Number.isFinite)) return { affine, known: true };
    throw new InputError(
      `Cannot read ${file.path} as ${LAYOUT}: 16 finite numbers are required for attribute ` +
        `affine, found ${affine.find((value) => !Number.isFinite(value))}`,
    );
  }
  const space = encoding?.child("encodedSpace") ?? encoding?.child("reconSpace");
  const matrix = triple(space, "matrixSize"), extent = triple(space, "fieldOfView_mm");
  if (matrix === undefined || extent === undefined) return undefined;
  const [row, column, slice] = extent.map((length, axis) => length / matrix[axis]);
  return { affine: [column, 0, 0, 0, 0, row, 0, 0, 0, 0, slice, 0, 0, 0, 0, 1], known: false };
}
