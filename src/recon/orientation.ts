/** The orientation of images whose file says nothing about it. @module */
import { UsageError } from "../errors.ts";
import type { Geometry, KspaceFile } from "../io/types.ts";
import { outputSize } from "./finish.ts";
import { outputGeometry } from "./slice_supply.ts";
import { slicesOfFrame, volumeShape } from "./volume.ts";

/** The axis of the patient (0 left to right, 1 back to front, 2 foot to head) and the sign. */
const LETTERS: Readonly<Record<string, readonly [axis: number, sign: number]>> = {
  ...{ R: [0, 1], L: [0, -1], A: [1, 1], P: [1, -1], S: [2, 1], I: [2, -1] },
};

/**
 * Checks an orientation: three letters for the directions in which column, row and slice increase,
 * one of each pair R/L, A/P, S/I, as nibabel's `aff2axcodes` gives them.
 * @throws {UsageError} for another text
 */
export function checkOrientation(code: string): string {
  const letters = [...code.toUpperCase()].map((letter) => LETTERS[letter]);
  const axes = letters.map((letter) => letter?.[0]);
  if (letters.length === 3 && [0, 1, 2].every((axis) => axes.includes(axis))) {
    return code.toUpperCase();
  }
  throw new UsageError(
    `Cannot read the orientation '${code}': three letters are required, one of each pair R/L, A/P, ` +
      "S/I, for the directions in which column, row and slice increase, such as LPS",
  );
}

/**
 * A file with an orientation: the voxel sizes are the file's (1 mm where it has none), the middle of
 * the volume is at 0.
 * @param code see {@link checkOrientation}
 * @throws {UsageError} when the file has an orientation of its own
 */
export function withOrientation(file: KspaceFile, code: string): KspaceFile {
  const { geometry } = file;
  if (geometry?.known) {
    throw new UsageError(
      `Cannot set the orientation of ${file.path}: a file that says nothing of it is required`,
      { hint: "Leave out --orientation: the file's own is used" },
    );
  }
  const [rows, columns] = outputSize(outputGeometry(file, file));
  const slices = slicesOfFrame(file);
  const [depth, height, width] = volumeShape([slices, rows, columns], { ...file, frames: [] });
  const old = geometry?.affine ?? [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  const affine = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
  [...checkOrientation(code)].forEach((letter, column) => {
    const [axis, sign] = LETTERS[letter];
    const size = Math.hypot(old[column], old[4 + column], old[8 + column]);
    affine[4 * axis + column] = sign * size;
    affine[4 * axis + 3] = -sign * size * ([width, height, depth][column] - 1) / 2;
  });
  const oriented: Geometry = { ...geometry, affine, known: true };
  return { ...file, geometry: oriented };
}
