/** Coil sensitivity maps as files: BART .cfl (as `bart ecalib` writes them) or .npy. @module */
import { type NdArray, ndarray } from "../ndarray.ts";
import { kspaceSizes } from "./axes.ts";
import { openCflArray } from "./cfl.ts";
import { detectFormat } from "./detect.ts";
import { openNpyArray } from "./numpy/npy.ts";
import { readPlanes, type StoredArray } from "./stored_array.ts";
import { unreadable } from "./unreadable.ts";

/**
 * Reads coil maps. A .cfl has (readout, phase, 1, coil, maps, ...): of several sets of maps the
 * first is taken; further dimensions are slices. A .npy has ([slice,] coil, readout, phase).
 * @returns `[S, C, 2, H, W]` with H the phase-encode; S = 1 when the maps serve every slice
 */
export function readMapsFile(path: string): NdArray {
  const stored = openMaps(path);
  using _source = stored.source;
  // Without this axis, its first index is read.
  const array = { ...stored, axes: stored.axes.filter(({ name }) => name !== "maps") };
  const { slices, coils, height, width } = kspaceSizes(array.axes);
  const size = 2 * coils * height * width;
  const maps = new Float32Array(slices * size);
  for (let slice = 0; slice < slices; slice++) {
    const { data } = readPlanes(array, ["coil", "phase", "readout"], slice);
    maps.set(data, slice * size);
  }
  return ndarray(maps, [slices, coils, 2, height, width]);
}

function openMaps(path: string): StoredArray {
  const format = detectFormat(path);
  if (format === "bart-cfl") return openCflArray(path, "coil maps");
  const subject = `${path} as coil maps`;
  if (format !== "npy") throw unreadable(subject, ".cfl or .npy is", format);
  return openNpyArray(path, ({ shape }) => {
    const names = ["slice", "coil", "readout", "phase"].slice(-shape.length);
    if (shape.length === 3 || shape.length === 4) return names;
    const found = `shape (${shape.join(", ")})`;
    throw unreadable(subject, "([slice,] coil, readout, phase) is", found);
  });
}
