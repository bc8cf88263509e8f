/** From reconstructed slices to volumes: frames, the axis that slices lie along, and where they lie. @module */
import { UsageError } from "../errors.ts";
import { frameCount } from "../io/axes.ts";
import type { Axis, Geometry, KspaceFile, SlicesAlong } from "../io/types.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";

/** First slice and the one after the last. */
export type SliceRange = readonly [number, number];

/**
 * Checks a range of slices; by default all are taken.
 * @throws {UsageError} when there are no such slices, or they make neither whole frames nor a part of one
 */
export function sliceRange(
  file: Pick<KspaceFile, "slices" | "path" | "frames">,
  slices: SliceRange = [0, file.slices],
): SliceRange {
  const [first, end] = slices;
  const fail = (required: string) => {
    throw new UsageError(
      `Cannot take slices ${first}:${end} of ${file.path}: ${required} required`,
    );
  };
  if (!slices.every(Number.isInteger) || first < 0 || end > file.slices || first >= end) {
    fail(`a range within 0:${file.slices} is`);
  }
  const each = slicesOfFrame(file);
  const inOne = Math.floor(first / each) === Math.floor((end - 1) / each);
  if (!inOne && (first % each !== 0 || end % each !== 0)) {
    fail(`slices of one frame, or whole frames of ${each} slices, are`);
  }
  return slices;
}

/** Slices of one frame. */
export const slicesOfFrame = ({ slices, frames }: Pick<KspaceFile, "slices" | "frames">): number =>
  slices / frameCount(frames);

/** The frames that a range of slices makes; undefined for a part of one. */
export function framesIn(
  file: Pick<KspaceFile, "slices" | "frames">,
  [first, end]: SliceRange,
): readonly Axis[] | undefined {
  const { frames = [] } = file;
  if (end - first === file.slices) return frames.length > 0 ? frames : undefined;
  const count = (end - first) / slicesOfFrame(file);
  return count > 1
    ? [{ name: frames.length === 1 ? frames[0].name : "time", size: count }]
    : undefined;
}

const AFFINE_COLUMN: Readonly<Record<SlicesAlong, number>> = { column: 0, row: 1, slice: 2 };

/** Where the voxels of a range of slices lie: the first slice that is taken is the volume's first. */
export function geometryOf(
  { geometry, slicesAlong = "slice", ...file }: Pick<
    KspaceFile,
    "geometry" | "slicesAlong" | "slices" | "frames"
  >,
  first: number,
): Geometry | undefined {
  const skipped = first % slicesOfFrame(file);
  if (geometry === undefined || skipped === 0) return geometry;
  const column = AFFINE_COLUMN[slicesAlong];
  const affine = geometry.affine.map((value, i) =>
    i % 4 === 3 && i < 12 ? value + skipped * geometry.affine[i - 3 + column] : value
  );
  return { ...geometry, affine };
}

/** The shape `[slice, row, column]` of volumes whose slices lie along an axis, from that of the slices. */
export function volumeShape(
  [slices, rows, columns]: readonly [number, number, number],
  { slicesAlong, frames }: Pick<KspaceFile, "slicesAlong" | "frames">,
): [number, number, number] {
  const count = slicesAlong === undefined || slicesAlong === "slice" ? 1 : frameCount(frames);
  const depth = slices / count;
  if (slicesAlong === "row") return [count * rows, depth, columns];
  if (slicesAlong === "column") return [count * rows, columns, depth];
  return [slices, rows, columns];
}

/**
 * Slices `[slices, ..., rows, columns]`, of one frame after the other, as volumes
 * `[slice, ..., row, column]` in the order of the file's own axes.
 */
export function inVolume(
  slices: NdArray,
  { slicesAlong = "slice", frames }: Pick<KspaceFile, "slicesAlong" | "frames">,
): NdArray {
  if (slicesAlong === "slice") return slices;
  const { data, shape: [total, ...rest] } = slices;
  const [rows, columns] = rest.slice(-2);
  const parts = sizeOf(rest.slice(0, -2));
  const count = frameCount(frames), depth = total / count;
  const [height, width] = slicesAlong === "row" ? [depth, columns] : [columns, depth];
  const volume = new Float32Array(data.length);
  let to = 0;
  for (let frame = 0; frame < count; frame++) {
    for (let row = 0; row < rows; row++) {
      for (let part = 0; part < parts; part++) {
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++, to++) {
            const [slice, column] = slicesAlong === "row" ? [y, x] : [x, y];
            const from = ((frame * depth + slice) * parts + part) * rows + row;
            volume[to] = data[from * columns + column];
          }
        }
      }
    }
  }
  return ndarray(volume, [count * rows, ...rest.slice(0, -2), height, width]);
}
