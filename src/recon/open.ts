/** K-space from a file of any format, from arrays, or slice by slice from anywhere. @module */
import { UsageError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { promiseTry } from "../host.ts";
import { openKspaceArray, type OpenOptions } from "../io/open.ts";
import type { KspaceFile } from "../io/types.ts";
import type { FourierSignRequest } from "../mrd/fourier_sign.ts";
import { exchanged, type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { noArray, openLayout } from "./layout/open_layout.ts";
import { withOrientation } from "./orientation.ts";
import { openRaw } from "./raw_file.ts";
import { checkFinite, planarCoils } from "../io/planar.ts";
import { checkSlice, namedAxes } from "../io/axes.ts";

/** Options of {@link readKspace}. */
export interface ReadOptions extends OpenOptions {
  /**
   * Where the centre of k-space lies along the encoded axes of a plain array: in the middle, or at
   * index 0 as `numpy.fft` has it. Default `auto`: where the energy is.
   */
  readonly dc?: "auto" | "centre" | "corner";
  /**
   * Where the image of a plain array has its origin: in the middle, or at its first pixel as
   * `numpy.fft` has it. Default `auto`: where the object is not cut by the edges.
   */
  readonly origin?: "auto" | "centre" | "corner";
  /** Group of the measurement in an ISMRMRD file. Default: the only one, or `dataset`. */
  readonly group?: string;
  /** Measurement of a Siemens twix file, from 0. Default: the last one that holds an image. */
  readonly measurement?: number;
  /** Encoding of an ISMRMRD file. Default: that of the first line of an image. */
  readonly encoding?: number;
  /**
   * Sign of the exponent of the samples: `+` where the image is the forward DFT of k-space, `-` where
   * it is the inverse DFT. Default `auto`: `+` for raw acquisitions of Siemens, `-` for all others.
   */
  readonly fourierSign?: FourierSignRequest;
  /** Whether noise scans in raw data whiten what is read. Default true. */
  readonly noiseScans?: boolean;
  /**
   * Directions in which column, row and slice of the images increase, such as `LPS`, for a file that
   * does not say it. Default: unknown.
   */
  readonly orientation?: string;
  /** What prepares raw acquisitions; default a runtime on the CPU. It must outlive the file. */
  readonly runtime?: Runtime;
}

/**
 * Opens k-space of any format understood, ISMRMRD's raw acquisitions included. The caller disposes
 * of it.
 * @throws {InputError} when it cannot be read, or is an image
 */
export async function readKspace(
  path: string,
  { orientation, ...options }: ReadOptions = {},
): Promise<KspaceFile> {
  const file = await opened(path, options);
  if (orientation === undefined) return file;
  try {
    return withOrientation(file, orientation);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

async function opened(
  path: string,
  { domain, axes, dc, origin, ...raw }: Omit<ReadOptions, "orientation">,
): Promise<KspaceFile> {
  if (domain !== "image") {
    const file = await openRaw(path, raw);
    const option = Object.entries({ axes, dc, origin }).find(([, value]) => value !== undefined);
    if (file !== undefined && option !== undefined) {
      file[Symbol.dispose]();
      throw noArray(path, option[0]);
    }
    if (file !== undefined) return file;
  }
  const { runtime, fourierSign } = raw;
  const array = await openKspaceArray(path, { domain });
  return await openLayout(array, { axes, dc, origin, runtime, conjugate: fourierSign === "+" });
}

/** What is known of k-space beside its samples; all may be left out. */
export interface KspaceDescription
  extends Pick<KspaceFile, "geometry" | "imageSize" | "outputSize" | "partial" | "frames"> {
  /** What messages and reports call it. Default `array`. */
  readonly name?: string;
  /**
   * What was acquired, 0 or 1: H lines, `[slices, H]`, or points `[H, W]`. Default: what holds anything
   * but zeros.
   */
  readonly mask?: Uint8Array;
}

/** Options of {@link kspaceFromArray}. */
export interface ArrayOptions extends KspaceDescription {
  /**
   * How complex numbers lie. `planar`: re and im are an axis of size 2 before the image axes,
   * `[[slice,] coil, 2, rows, columns]`. `interleaved`: side by side, as NumPy has them,
   * `[[slice,] coil, rows, columns]` with two values for each element. Default `planar`.
   */
  readonly layout?: "planar" | "interleaved";
  /** Which axis is the readout; the other one is the phase-encode axis. Default `columns`. */
  readonly readout?: "rows" | "columns";
}

/**
 * K-space in memory. Images come out as the array lies: rows stay rows.
 *
 * @param array see `layout`; it is not copied, and must not change while the result is used
 * @throws {UsageError} for an array of another shape
 * @example
 * ```ts
 * import { kspaceFromArray, reconstruct } from "@larmor/larmor";
 *
 * const array = { data: new Float32Array(2 * 2 * 16 * 16).fill(1), shape: [2, 2, 16, 16] };
 * using kspace = kspaceFromArray(array);
 * const { magnitude } = await reconstruct(kspace, { method: "rss", device: "cpu" });
 * console.assert(`${magnitude.shape}` === "1,16,16");
 * ```
 */
export function kspaceFromArray(
  array: NdArray,
  { layout = "planar", readout = "columns", ...description }: ArrayOptions = {},
): KspaceFile {
  const { slices, coils, rows, columns } = arraySizes(array, layout);
  const size = 2 * coils * rows * columns;
  const transpose = readout === "rows";
  const options = { transpose, source: description.name ?? "array" };
  return kspaceFromSlices({
    ...description,
    slices,
    coils,
    height: transpose ? columns : rows,
    width: transpose ? rows : columns,
    transposed: transpose,
    readSlice: (slice) => {
      const values = array.data.subarray(slice * size, (slice + 1) * size);
      const from = { ...options, slice };
      if (layout === "interleaved") return planarCoils(values, coils, rows, columns, from);
      checkFinite(values, options.source, `slice ${slice}`);
      return transpose
        ? ndarray(exchanged(values, [rows, columns]), [coils, 2, columns, rows])
        : ndarray(values, [coils, 2, rows, columns]);
    },
  });
}

/** Sizes of k-space whose slices are read by a function. */
export interface KspaceSlices extends KspaceDescription {
  /** Number of slices. */
  readonly slices: number;
  /** Number of coils. */
  readonly coils: number;
  /** Phase-encode lines, H. */
  readonly height: number;
  /** Readout samples, W. */
  readonly width: number;
  /** Whether images are to have the readout along rows. Default false. */
  readonly transposed?: boolean;
  /** Reads one slice: planar `[C, 2, H, W]`. */
  readSlice(index: number): NdArray | Promise<NdArray>;
}

/** K-space whose slices come from a function, so that they need not all be in memory. */
export function kspaceFromSlices(
  { name = "array", transposed = false, readSlice, ...sizes }: KspaceSlices,
): KspaceFile {
  const { slices, coils, height, width } = sizes;
  return {
    ...sizes,
    path: name,
    format: "array",
    axes: transposed
      ? namedAxes(["slice", "coil", "readout", "phase1"], [slices, coils, width, height])
      : namedAxes(["slice", "coil", "phase1", "readout"], [slices, coils, height, width]),
    transposed,
    readSlice: (index) =>
      promiseTry(() => {
        checkSlice(index, slices, name);
        return readSlice(index);
      }),
    [Symbol.dispose]: () => {},
  };
}

function arraySizes({ data, shape }: NdArray, layout: "planar" | "interleaved") {
  const sizes = shape.length === (layout === "planar" ? 4 : 3) ? [1, ...shape] : shape;
  const [slices, coils, ...rest] = sizes;
  const [rows, columns] = rest.slice(-2);
  const known = layout === "planar" ? sizes.length === 5 && rest[0] === 2 : sizes.length === 4;
  if (known && data.length === 2 * sizeOf([slices, coils, rows, columns]) && data.length > 0) {
    return { slices, coils, rows, columns };
  }
  const axes = layout === "planar"
    ? "[[slice,] coil, 2, rows, columns]"
    : "[[slice,] coil, rows, columns] with two values for each element";
  throw new UsageError(
    `Cannot take an array as ${layout} k-space: ${axes} is required, found [${shape}] with ` +
      `${data.length} values`,
  );
}
