/** K-space whose axes are named: by the user, the format, or habit. @module */
import { type InputError, UsageError } from "../errors.ts";
import { axisName, ENCODED, isEncoded, PARTS, UNUSED } from "./axes.ts";
import { type KspaceArray, kspaceFrom } from "./kspace_array.ts";
import type { KspaceFile } from "./types.ts";
import { unreadable } from "./unreadable.ts";

/** An array with names given by the user, in the order of the file or without the axes of size 1. */
export function givenNames(array: KspaceArray, given: readonly string[]): string[] {
  const names = given.map(axisName);
  const { axes } = array;
  const long = axes.filter(({ size }) => size > 1);
  const trailing = axes.slice(names.length).every(({ size }) => size === 1);
  const fail = (required: string) => {
    const sizes = axes.map(({ size }) => size).join(" x ");
    throw new UsageError(
      `Cannot use --axes ${given.join(",")} for ${array.path} (${sizes}): ${required} required`,
    );
  };
  const twice = names.find((name, i) => name !== UNUSED && names.indexOf(name) !== i);
  if (twice !== undefined) fail(`each name once is (${twice} stands twice), and it is`);
  if (!names.some(isEncoded)) fail(`at least one of ${ENCODED.join(", ")} is`);
  const unused = axes.map(() => UNUSED);
  const all = names.length === axes.length || (array.columnsFirst && trailing)
    ? axes.map((_, i) => names[i] ?? UNUSED)
    : names.length === long.length
    ? unused.map((name, i) => axes[i].size > 1 ? names[long.indexOf(axes[i])] : name)
    : fail(`a name for each of its ${axes.length} axes is`)!;
  const lost = all.findIndex((name, i) => name === UNUSED && axes[i].size > 1);
  if (lost >= 0) fail(`a meaning of axis ${lost} of size ${axes[lost].size} is`);
  return all;
}

/** K-space whose axes have the names that are given, or those of its format or habit. */
export async function kspaceByNames(
  array: KspaceArray,
  given?: readonly string[],
): Promise<KspaceFile> {
  try {
    const names = given ? givenNames(array, given) : array.axes.map(({ name }) => name);
    if (!array.complex && !names.includes(PARTS)) throw notComplex(array);
    return await kspaceFrom(array, { names });
  } catch (error) {
    array[Symbol.dispose]();
    throw error;
  }
}

/** The error for numbers that are neither complex nor pairs of real and imaginary parts. */
export function notComplex({ path, type, format }: KspaceArray): InputError {
  const required = "complex64 or complex128, or real and imaginary parts in pairs, are";
  const image = format === "npy" || format === "nifti";
  return unreadable(`${path} as k-space`, required, type, image ? IMAGE_HINT : PAIRS_HINT);
}

const IMAGE_HINT = "If it is an image, use --simulate to make k-space from it. If its parts lie " +
  "along an axis of size 2, name all axes: --axes coil,readout,phase1,parts";
const PAIRS_HINT = "If real and imaginary parts lie along an axis of size 2, name all axes: " +
  "--axes slice,coil,readout,phase1,parts";
