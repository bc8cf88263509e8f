/**
 * Images that were made elsewhere, as rows of a comparison: aligned with ours by their affine, or
 * taken in our order of slices, rows and columns where one of the files has none; and scaled by the
 * data, never by the reference.
 * @module
 */
import { UsageError } from "../../errors.ts";
import { openImage } from "../../io/open.ts";
import type { ImageFile } from "../../io/types.ts";
import { magnitudeOf, type NdArray, ndarray, sizeOf, stack } from "../../ndarray.ts";
import type { Reconstruction } from "../../recon/types.ts";

/** An image of a comparison that no method of ours makes. */
export interface OutsideImage {
  readonly path: string;
  /** `data`: scaled so that it fits the data best; `keep`: its values are in the units of the data. */
  readonly scale: "data" | "keep";
}

/** A factor this close to 1 is none: the images are in the units of the data. */
const SAME_UNITS = 0.02;
/** Part of a voxel by which places may differ. */
const TOLERANCE = 0.05;

/**
 * Reads an image and brings it to the grid and the units of ours.
 * @param own `sense` on the same slices of the same data
 * @returns magnitude `[slices, rows, columns]`, and what was done in words
 * @throws {UsageError} when the grids do not fit
 */
export async function readOutsideImage(
  { path, scale }: OutsideImage,
  own: Reconstruction,
): Promise<{ magnitude: NdArray; note: string }> {
  using file = await openImage(path);
  const { image, order } = await onGrid(file, own);
  if (scale === "keep") return { magnitude: image, note: `${order}; not scaled` };
  const factor = fitted(image, own.magnitude);
  if (!Number.isFinite(factor) || factor <= 0) {
    throw new UsageError(`Cannot scale ${path} to the data: it is zero where the data are not`);
  }
  if (Math.abs(factor - 1) < SAME_UNITS) {
    return { magnitude: image, note: `${order}; in the units of the data` };
  }
  const scaled = ndarray(image.data.map((value) => value * factor), image.shape);
  return { magnitude: scaled, note: `${order}; scaled by ${factor.toPrecision(4)} to the data` };
}

/** The factor that brings an image nearest to `sense` of the same data, in least squares. */
function fitted({ data }: NdArray, { data: own }: NdArray): number {
  let product = 0, power = 0;
  data.forEach((value, i) => {
    product += value * own[i];
    power += value * value;
  });
  return product / power;
}

async function onGrid(file: ImageFile, own: Reconstruction) {
  const theirs = file.geometry, ours = own.geometry;
  const volume = await read(file);
  if (theirs?.known && ours?.known) {
    const image = resliced(volume, theirs.affine, own.magnitude.shape, ours.affine);
    if (image !== undefined) return { image, order: "aligned by its affine" };
    throw new UsageError(
      `Cannot compare ${file.path}: voxels at the places of ours are required, found others`,
      { hint: "Resample it to the grid of recon.nii.gz, or save it as .npy in our order" },
    );
  }
  const found = volume.shape.join(" x "), required = own.magnitude.shape.join(" x ");
  if (found === required) return { image: volume, order: "taken in our order" };
  throw new UsageError(
    `Cannot compare ${file.path}: slices, rows and columns of ${required} are required, found ${found}`,
    { hint: "One of the files does not say where its voxels lie: give the image on our grid" },
  );
}

async function read(file: ImageFile): Promise<NdArray> {
  const slices: NdArray[] = [];
  for (let slice = 0; slice < file.slices; slice++) {
    slices.push(magnitudeOf(await file.readSlice(slice)));
  }
  return stack(slices);
}

/** The values at our voxels, where each is the place of one of theirs; undefined otherwise. */
function resliced(
  { data, shape: [theirSlices, theirRows, theirColumns] }: NdArray,
  theirs: readonly number[],
  shape: readonly number[],
  ours: readonly number[],
): NdArray | undefined {
  const inverse = inverted(theirs);
  if (inverse === undefined) return undefined;
  const [slices, rows, columns] = shape;
  const out = new Float32Array(sizeOf(shape));
  const whole = (value: number) => Math.abs(value - Math.round(value)) < TOLERANCE;
  // Affine maps: the corners tell whether all places are whole numbers of voxels.
  const place = (slice: number, row: number, column: number) => {
    const mm = [0, 1, 2].map((axis) =>
      ours[4 * axis] * column + ours[4 * axis + 1] * row + ours[4 * axis + 2] * slice +
      ours[4 * axis + 3]
    );
    return inverse.map((line) => line[0] * mm[0] + line[1] * mm[1] + line[2] * mm[2] + line[3]);
  };
  const ends = (count: number) => [0, count - 1];
  for (const slice of ends(slices)) {
    for (const row of ends(rows)) {
      for (const column of ends(columns)) {
        const at = place(slice, row, column);
        const inside = [theirColumns, theirRows, theirSlices].every((count, axis) =>
          at[axis] > -TOLERANCE && at[axis] < count - 1 + TOLERANCE
        );
        if (!inside || !at.every(whole)) return undefined;
      }
    }
  }
  for (let slice = 0, i = 0; slice < slices; slice++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const [x, y, z] = place(slice, row, column).map(Math.round);
        out[i] = data[(z * theirRows + y) * theirColumns + x];
      }
    }
  }
  return ndarray(out, shape);
}

/** The inverse of an affine, its three lines; undefined where it has none. */
function inverted(affine: readonly number[]): number[][] | undefined {
  const at = (row: number, column: number) => affine[4 * (row % 3) + column % 3];
  const minor = (row: number, column: number) =>
    at(row + 1, column + 1) * at(row + 2, column + 2) -
    at(row + 1, column + 2) * at(row + 2, column + 1);
  const determinant = [0, 1, 2].reduce((sum, column) => sum + at(0, column) * minor(0, column), 0);
  if (determinant === 0) return undefined;
  return [0, 1, 2].map((row) => {
    const line = [0, 1, 2].map((column) => minor(column, row) / determinant);
    return [...line, -line.reduce((sum, value, axis) => sum + value * affine[4 * axis + 3], 0)];
  });
}
