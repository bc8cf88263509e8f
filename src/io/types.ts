/**
 * What the readers give and the writers take. `io` turns bytes into arrays and back; it does no
 * maths (no Fourier transform, no combination of coils, no scaling beyond a format's own slope).
 * @module
 */
import type { TakenSign } from "../mrd/fourier_sign.ts";
import type { NdArray } from "../ndarray.ts";
import type { Warning } from "../warning.ts";

/** Names of formats in recon.json; `phantom` is drawn, `array` was in memory. */
export type FileFormat =
  | "fastmri-hdf5"
  | "matlab-hdf5"
  | "ismrmrd"
  | "mrd-stream"
  | "twix"
  | "bart-cfl"
  | "npy"
  | "nifti"
  | "phantom"
  | "array";

/** An axis of a file, e.g. `coil` of size 15. */
export interface Axis {
  /**
   * `coil`, `slice`; `readout`, `phase1` and `phase2` (encoding), along which k-space is encoded; all
   * others are frames: images at the same places.
   */
  readonly name: string;
  /** Elements along it. */
  readonly size: number;
}

/** An axis of a volume `[slice, row, column]`. */
export type SlicesAlong = "slice" | "row" | "column";

/** Where voxels lie: NIfTI's convention (RAS+, millimetres). */
export interface Geometry {
  /**
   * Row-major 4 x 4: maps (column, row, slice, 1) of the images as written (`[slice, row, column]`)
   * to RAS+ millimetres.
   */
  readonly affine: readonly number[];
  /** False when the file said nothing and the affine is only the voxel size on a diagonal. */
  readonly known: boolean;
  /** Thickness of a slice, mm, where the file says it: slices may have gaps. Default: their spacing. */
  readonly sliceThickness?: number;
}

/**
 * A k-space file that has been opened but not read. Slices are read one at a time, so a file may be
 * larger than memory.
 *
 * Inside Larmor H is the phase-encode axis and W the readout. A file whose images have the readout
 * first (fastMRI: the phase-encode axis is the last) is `transposed`: `readSlice` swaps the axes on
 * the way in, and the writers are given images that were swapped back.
 */
export interface KspaceFile extends Disposable {
  /** The path it was opened with. */
  readonly path: string;
  /** What its content was recognised as. */
  readonly format: FileFormat;
  /** The file's own axes, in its own order. */
  readonly axes: readonly Axis[];
  /** Number of slices of all frames together, those of one frame after the other. */
  readonly slices: number;
  /**
   * Axes of images at the same places, such as time or echoes: the slices are those of the first
   * frame, then of the next; the first of these axes changes fastest. Default: none.
   */
  readonly frames?: readonly Axis[];
  /**
   * Axis of the image along which the slices lie: the images of one frame are stacked along it.
   * Default `slice`.
   */
  readonly slicesAlong?: SlicesAlong;
  /** Number of coils. */
  readonly coils: number;
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, W. */
  readonly width: number;
  /** Whether the file's own images are `[row = readout, column = phase]`. */
  readonly transposed: boolean;
  /**
   * What the file itself declares as acquired (fastMRI `mask`), 0 or 1: H lines, the H lines of each
   * slice `[slices, H]`, or points `[H, W]` of the plane.
   */
  readonly mask?: Uint8Array;
  /** Phase-encode lines that the scan could sample, from first to after last, where the file says so. */
  readonly encoded?: readonly [number, number];
  /**
   * Size to which images are cropped about the centre, `[H, W]`, when the file says so (fastMRI:
   * the size of `reconstruction_rss`, or reconSpace of its ISMRMRD header, when smaller than
   * k-space).
   */
  readonly imageSize?: readonly [number, number];
  /** Size to which images are interpolated after that, `[H, W]`, when the file says so. */
  readonly outputSize?: readonly [number, number];
  /**
   * Rows or columns of k-space, from first to after last, where one side of the centre was acquired
   * clearly farther than the other: partial Fourier, or an asymmetric echo.
   */
  readonly partial?: {
    readonly rows?: readonly [number, number];
    readonly columns?: readonly [number, number];
  };
  /**
   * The sign of the exponent of raw acquisitions, or of a file whose sign was asked for. Slices that
   * are read always make their image by an inverse DFT.
   */
  readonly fourierSign?: TakenSign;
  /** What a user should know of the file. */
  readonly warnings?: readonly Warning[];
  /** Where voxels lie, when the file says so. */
  readonly geometry?: Geometry;
  /** Reads one slice of k-space: `[C, 2, H, W]`. NaN and Inf are an InputError. */
  readSlice(index: number): Promise<NdArray>;
  /**
   * Reads the calibration lines of a slice that are not part of it, about the centre of k-space:
   * `[C, 2, a, b]`; undefined when it has none. Absent when no slice has any.
   */
  readCalibration?(index: number): Promise<NdArray | undefined>;
  /**
   * Reads the magnitude image of a slice that the file holds beside its k-space (fastMRI
   * `reconstruction_rss`): `[rows, columns]` as images of the file are written. Absent without one.
   */
  readReference?(index: number): Promise<NdArray>;
}

/**
 * An image volume (to simulate k-space from). Rows and columns as in the file: `[slice, row,
 * column]`.
 */
export interface ImageFile
  extends Disposable, Pick<KspaceFile, "path" | "format" | "slices" | "frames" | "geometry"> {
  /** Rows of a slice. */
  readonly rows: number;
  /** Columns of a slice. */
  readonly columns: number;
  /** Whether the pixels are complex. */
  readonly complex: boolean;
  /** Reads one slice: `[2, rows, columns]` (imaginary part zero for real images). */
  readSlice(index: number): Promise<NdArray>;
}

/** A volume to be written: rows and columns in the file's own orientation. */
export interface ImageVolume {
  /** Real `[slice, row, column]`, or complex planar `[slice, 2, row, column]`. */
  readonly image: NdArray;
  /** Axes of the volumes that the slices make, one after the other; the first changes fastest. */
  readonly frames?: readonly Axis[];
  /** Where voxels lie. */
  readonly geometry?: Geometry;
}
