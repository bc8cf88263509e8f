/** Coil sensitivity maps as files: BART .cfl (as `bart ecalib` writes them) or .npy. @module */
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { openCflArray } from "./cfl.ts";
import { detectFormat } from "./detect.ts";
import { openNpyArray } from "./numpy/npy.ts";
import { readPlanes, type StoredArray } from "./stored_array.ts";
import { unreadable } from "./unreadable.ts";

const IN_SLICE = ["coil", "phase1", "readout"];

/**
 * Reads coil maps. A .cfl has (readout, phase, 1, coil, maps, ...), maps being the sets; further
 * dimensions are slices. A .npy has ([slice,] [set,] coil, readout, phase): with four axes the first
 * counts slices.
 * @returns `[slices, sets, C, 2, H, W]` with H the phase-encode; slices = 1 when the maps serve every slice
 */
export function readMapsFile(path: string): NdArray {
  const stored = openMaps(path);
  using _source = stored.source;
  const isSet = ({ name }: { readonly name: string }) => name === SETS;
  // The sets of a slice are counted first.
  const axes = [...stored.axes.filter(isSet), ...stored.axes.filter((axis) => !isSet(axis))];
  const length = (name: string) => axes.find((axis) => axis.name === name)?.size ?? 1;
  const [coils, height, width] = IN_SLICE.map(length);
  const sets = length(SETS);
  const planes = sizeOf(axes.map(({ size }) => size)) / (coils * height * width);
  const size = 2 * coils * height * width;
  const maps = new Float32Array(planes * size);
  for (let plane = 0; plane < planes; plane++) {
    const { data } = readPlanes({ ...stored, axes }, IN_SLICE, plane);
    maps.set(data, plane * size);
  }
  return ndarray(maps, [planes / sets, sets, coils, 2, height, width]);
}

/** BART's name of the dimension of the sets. */
const SETS = "maps";

function openMaps(path: string): StoredArray {
  const format = detectFormat(path);
  const subject = `${path} as coil maps`;
  if (format === "bart-cfl") {
    const array = openCflArray(path);
    const partitions = array.axes.find(({ name }) => name === "phase2");
    if (partitions === undefined) return array;
    array.source[Symbol.dispose]();
    const required = "2-D maps (dimension 2 of size 1) are";
    throw unreadable(subject, required, `dimension 2 of size ${partitions.size}`);
  }
  if (format !== "npy") throw unreadable(subject, ".cfl or .npy is", format);
  return openNpyArray(path, ({ shape }) => {
    const names = ["slice", ...(shape.length === 5 ? [SETS] : []), "coil", "readout", "phase1"];
    if (shape.length >= 3 && shape.length <= 5) return names.slice(-shape.length);
    const found = `shape (${shape.join(", ")})`;
    throw unreadable(subject, "([slice,] [set,] coil, readout, phase) is", found);
  });
}
