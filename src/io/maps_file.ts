/**
 * Coil sensitivity maps given as files: BART .cfl (as `bart ecalib` writes them) or .npy.
 * @module
 */
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { readCfl } from "./cfl.ts";
import { detectFormat } from "./detect.ts";
import { readNpy } from "./numpy/npy.ts";
import { planarCoils, withZeroImaginary } from "./planar.ts";
import { unreadable } from "./unreadable.ts";

/** Interleaved complex coil planes, `[slices, coils, rows, columns]`. */
interface Planes {
  readonly data: Float32Array;
  readonly shape: readonly [slices: number, coils: number, rows: number, columns: number];
  /** Whether rows are the readout. */
  readonly transpose: boolean;
}

/**
 * Reads coil maps. A .cfl has (readout, phase, 1, coil, maps, ...): of several sets of maps the
 * first is taken; further dimensions are slices. A .npy has ([slice,] coil, readout, phase).
 *
 * @returns `[S, C, 2, H, W]` with H the phase-encode; S = 1 when the maps serve every slice
 * @throws {InputError} when it cannot be read, or has other axes
 */
export function readMapsFile(path: string): NdArray {
  const { data, shape, transpose } = readPlanes(path);
  const [slices, coils, rows, columns] = shape;
  const size = 2 * coils * rows * columns;
  const result = new Float32Array(data.length);
  for (let slice = 0; slice < slices; slice++) {
    const values = data.subarray(slice * size, (slice + 1) * size);
    const options = { transpose, source: path, slice };
    result.set(planarCoils(values, coils, rows, columns, options).data, slice * size);
  }
  const [height, width] = transpose ? [columns, rows] : [rows, columns];
  return ndarray(result, [slices, coils, 2, height, width]);
}

function readPlanes(path: string): Planes {
  const format = detectFormat(path);
  if (format === "bart-cfl") return firstMaps(path);
  if (format === "npy") return npyPlanes(path);
  throw unreadable(`${path} as coil maps`, ".cfl or .npy is", format);
}

function firstMaps(path: string): Planes {
  const { dims, data } = readCfl(path);
  const [width, height, depth, coils, sets, ...rest] = dims;
  if (depth > 1) {
    throw unreadable(
      `${path} as coil maps`,
      "maps of 2-D slices (dimension 2 of size 1) are",
      `size ${depth}`,
    );
  }
  const slices = sizeOf(rest);
  const size = 2 * width * height * coils;
  const first = new Float32Array(slices * size);
  for (let slice = 0; slice < slices; slice++) {
    const start = slice * sets * size;
    first.set(data.subarray(start, start + size), slice * size);
  }
  return { data: first, shape: [slices, coils, height, width], transpose: false };
}

function npyPlanes(path: string): Planes {
  const { data, shape, complex } = readNpy(path);
  if (shape.length !== 3 && shape.length !== 4) {
    throw unreadable(
      `${path} as coil maps`,
      "([slice,] coil, readout, phase) is",
      `shape (${shape.join(", ")})`,
    );
  }
  const [columns, rows, coils, slices = 1] = shape.toReversed();
  const values = complex ? data : withZeroImaginary(data);
  return { data: values, shape: [slices, coils, rows, columns], transpose: true };
}
