/** What the axes of a file mean: the one table of their names. @module */
import { UsageError } from "../errors.ts";
import { sizeOf } from "../ndarray.ts";
import { didYouMean } from "../suggest.ts";
import type { Axis, FileFormat } from "./types.ts";

/** The axes along which k-space is encoded, in the order in which they are counted. */
export const ENCODED = ["readout", "phase1", "phase2"] as const;

/** The axis of size 2 that holds real and imaginary parts. */
export const PARTS = "parts";

/** An axis that has no meaning; it must have size 1. */
export const UNUSED = "unused";

/** The names of axes, and what else people call them. All but the first six are frames. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  coil: ["coils", "channel", "channels"],
  slice: ["slices"],
  readout: ["read", "frequency", "kx"],
  phase1: ["phase", "ky"],
  phase2: ["partition", "kz"],
  [PARTS]: ["part", "complex", "reim"],
  time: ["frame", "dynamic", "measurement"],
  echo: ["echoes"],
  contrast: [],
  average: ["averages"],
  repetition: [],
  set: [],
  cardiac: [],
  // The further dimensions of BART (src/misc/mri.h).
  ...Object.fromEntries(
    ["maps", "coeff", "coeff2", "iter", "cshift", "time2", "level", "batch"].map((n) => [n, []]),
  ),
  dim5: [],
  dim6: [],
  dim7: [],
  [UNUSED]: ["none"],
};

/** The table's own name of an axis. @throws {UsageError} when nobody calls an axis so */
export function axisName(text: string): string {
  const wanted = text.trim().toLowerCase();
  const found = Object.entries(NAMES).find(([name, also]) =>
    name === wanted || also.includes(wanted)
  );
  if (found !== undefined) return found[0];
  const known = Object.keys(NAMES);
  throw new UsageError(
    `Cannot understand the axis '${text}': one of ${known.join(", ")} is required`,
    didYouMean(wanted, [...known, ...Object.values(NAMES).flat()]),
  );
}

/**
 * What the axes of k-space usually are in formats that do not name them, in the order of the list.
 * NIfTI lists columns first: x is the phase encoding, the last dimension the coils.
 */
export function habitualNames(format: FileFormat, rank: number): string[] {
  if (format === "nifti") {
    const names = ["phase1", "readout", "slice", "time", "dim5", "dim6", "dim7"].slice(0, rank);
    return rank > 2 ? [...names.slice(0, -1), "coil"] : names;
  }
  const outer = ["dim7", "dim6", "dim5", "time", "slice"];
  if (format === "matlab-hdf5") return [...outer, "coil", "phase1", "readout"].slice(-rank);
  // fastMRI: three axes are slices of one coil.
  const coil = format === "fastmri-hdf5" && rank === 3 ? [] : ["coil"];
  return [...outer, ...coil, "readout", "phase1"].slice(-rank);
}

/** Most axes that k-space can have. */
export const MAX_AXES = 8;

/** Whether k-space is encoded along an axis. */
export const isEncoded = (name: string): boolean => ENCODED.some((encoded) => encoded === name);

/** Whether an axis counts images at the same places: time, echoes and the like. */
export const isFrame = (name: string): boolean =>
  !isEncoded(name) && !["coil", "slice", PARTS, UNUSED].includes(name);

/** Axes as a reader is shown them: `slice 16, coil 15, readout 640, phase1 368`. */
export function axesText(axes: readonly Axis[]): string {
  return axes.map(({ name, size }) => `${name} ${size}`).join(", ");
}

/** Axes of these names and sizes. */
export function namedAxes(names: readonly string[], sizes: readonly number[]): Axis[] {
  return sizes.map((size, i) => ({ name: names[i], size }));
}

/** Images at the same places that frames make: 1 without any. */
export const frameCount = (frames: readonly Axis[] = []): number =>
  sizeOf(frames.map(({ size }) => size));

/** Checks the index of a slice. @throws {RangeError} when the file has no such slice */
export function checkSlice(index: number, slices: number, path: string): void {
  if (Number.isInteger(index) && index >= 0 && index < slices) return;
  throw new RangeError(`Cannot read slice ${index} of ${path}: 0 to ${slices - 1} exist`);
}

/** Index along each axis, the first the fastest, of the element number `index`. */
export function indices(index: number, axes: readonly Axis[]): number[] {
  return axes.map(({ size }) => {
    const at = index % size;
    index = Math.floor(index / size);
    return at;
  });
}
