/**
 * k-space in the HDF5 layout of fastMRI, which M4Raw shares: a complex dataset `kspace`,
 * `[slice, coil, readout, phase]` (multicoil) or `[slice, readout, phase]` (singlecoil).
 * @module
 */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../ndarray.ts";
import { parseXml, type XmlElement } from "../mrd/xml.ts";
import type { Geometry, KspaceFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { describe } from "./dataset.ts";
import { describeComplex, hdf5Kspace } from "./kspace_dataset.ts";
import type { Hdf5File } from "./library.ts";
import { readAttribute, readNumbers, readText } from "./values.ts";

const LAYOUT = "fastMRI HDF5";

/** The k-space of an open file, read in this thread; disposing of it closes the file. */
export function fastmriKspace(file: Hdf5File): KspaceFile {
  const info = describeComplex(file, "kspace", LAYOUT);
  const { shape } = info;
  if (shape.length !== 3 && shape.length !== 4) {
    throw unreadable(
      `${file.path} as ${LAYOUT}`,
      "kspace [slice, coil, readout, phase] or [slice, readout, phase] is",
      `[${shape}]`,
    );
  }
  const names = ["slice", ...(shape.length === 4 ? ["coil"] : []), "readout", "phase"];
  const kspace = hdf5Kspace(file, info, names, { format: "fastmri-hdf5", transposed: true });
  const { height: phase, width: readout } = kspace;
  const encoding = readEncoding(file);
  return {
    ...kspace,
    mask: readMask(file, phase),
    imageSize: readImageSize(file, encoding, [phase, readout]),
    geometry: readGeometry(file, encoding),
  };
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

/** The mask over phase-encode lines, 0 or 1; axes of size 1 are ignored. */
function readMask(file: Hdf5File, phase: number): Uint8Array | undefined {
  const info = describe(file, "mask");
  if (info === undefined) return undefined;
  const fail = (found: string) => {
    const required = `a mask over the ${phase} phase-encode lines is`;
    throw unreadable(`${file.path} as ${LAYOUT}`, required, found);
  };
  const axes = info.shape.filter((size) => size !== 1);
  if (sizeOf(info.shape) !== phase || axes.length > 1) fail(`[${info.shape}]`);
  const values = readNumbers(file, info);
  if (!values.every(Number.isFinite)) fail("values that are not finite");
  if (values.every((value) => value === 0)) fail("one without any line");
  return Uint8Array.from(values, (value) => value === 0 ? 0 : 1);
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
