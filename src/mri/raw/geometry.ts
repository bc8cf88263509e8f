/**
 * Where the voxels of a reconstruction lie, from the headers of its acquisitions.
 *
 * ISMRMRD gives the position of the *centre* in the patient's system LPS; the Fourier transform puts
 * it at pixel floor(n / 2) of each axis. Affines are NIfTI's: RAS+, millimetres.
 * @module
 */
import type { AcquisitionHeader, Triple } from "../../mrd/values.ts";
import type { RawAxis, RawLayout } from "./layout.ts";

/** Largest error of unit length and right angles that directions of a header may have. */
const UNIT_ERROR = 1e-3;

/** Millimetres by which slices may stray from even distances. */
const EVEN_ERROR = 1e-2;

/** Where voxels lie; the same as io's `Geometry`. */
export interface RawGeometry {
  /** Row-major 4 x 4: maps (column, row, slice, 1) to RAS+ millimetres. */
  readonly affine: readonly number[];
  /** False when the headers said nothing and the affine is only the voxel size on a diagonal. */
  readonly known: boolean;
  /** Thickness of a slice of a 2-D scan, mm, which its spacing may exceed. */
  readonly sliceThickness?: number;
}

export const voxelSize = ({ extent, output }: RawAxis): number => extent / output;

const dot = (a: Triple, b: Triple) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Whether the directions of a header are orthogonal unit vectors. */
export function hasDirections({ readDir, phaseDir, sliceDir }: AcquisitionHeader): boolean {
  const axes = [readDir, phaseDir, sliceDir];
  return axes.every((a, i) =>
    axes.every((b, j) => Math.abs(dot(a, b) - (i === j ? 1 : 0)) < UNIT_ERROR)
  );
}

/**
 * Sorts the slices of a 2-D scan by where they lie along their normal.
 * @param headers one for each slice, in the order of their counters
 * @returns the order; that of the counters when the headers do not say where slices lie
 */
export function sliceOrder(headers: readonly AcquisitionHeader[]): number[] {
  const order = headers.map((_, i) => i);
  const [{ sliceDir }] = headers;
  const along = headers.map(({ position }) => dot(position, sliceDir));
  const parallel = headers.every(hasDirections) && areParallel(headers);
  if (!parallel || new Set(along).size < headers.length) return order;
  return order.sort((a, b) => along[a] - along[b]);
}

/** Whether slices are turned alike. */
function areParallel(headers: readonly AcquisitionHeader[]): boolean {
  const axes = ["readDir", "phaseDir", "sliceDir"] as const;
  return headers.every((header) =>
    axes.every((axis) => dot(header[axis], headers[0][axis]) > 1 - UNIT_ERROR)
  );
}

/**
 * Geometry of a volume.
 *
 * 2-D images are `[slice, row = phase, column = readout]`; a 3-D volume, whose readout was
 * transformed first, is `[slice = readout, row = first phase, column = second phase]`.
 * @param headers 2-D: one for each slice in order; 3-D: one
 */
export function volumeGeometry(
  headers: readonly AcquisitionHeader[],
  layout: RawLayout,
): RawGeometry {
  const [header] = headers;
  const { x, y, z, is3d, sliceThickness } = layout;
  const thickness = sliceThickness === undefined ? {} : { sliceThickness };
  const step = is3d ? undefined : sliceStep(headers);
  const sizes = is3d
    ? [voxelSize(z), voxelSize(y), voxelSize(x)]
    : [voxelSize(x), voxelSize(y), step ? Math.hypot(...step) : voxelSize(z)];
  if (!hasDirections(header) || (headers.length > 1 && !is3d && step === undefined)) {
    const [a, b, c] = sizes;
    return { affine: [a, 0, 0, 0, 0, b, 0, 0, 0, 0, c, 0, 0, 0, 0, 1], known: false, ...thickness };
  }
  const { readDir, phaseDir, sliceDir, position } = header;
  const axes = is3d ? [sliceDir, phaseDir, readDir] : [readDir, phaseDir, sliceDir];
  const columns = axes.map((axis, i) => axis.map((value) => value * sizes[i]));
  if (step !== undefined) columns[2] = step;
  const centre = is3d ? [z, y, x].map(middle) : [middle(x), middle(y), 0];
  // From LPS to RAS: the first two coordinates change sign.
  const affine = [-1, -1, 1].flatMap((sign, i) => {
    const row = columns.map((column) => sign * column[i]);
    const origin = sign * position[i] - row.reduce((sum, value, j) => sum + value * centre[j], 0);
    return [...row, origin];
  });
  return { affine: [...affine.map(plainZero), 0, 0, 0, 1], known: true, ...thickness };
}

const middle = ({ output }: RawAxis) => Math.floor(output / 2);
const plainZero = (value: number) => value === 0 ? 0 : value;

/** From one slice to the next; undefined when they are not evenly spaced in one direction. */
function sliceStep(headers: readonly AcquisitionHeader[]): number[] | undefined {
  if (headers.length < 2) return undefined;
  if (hasDirections(headers[0]) && !areParallel(headers)) return undefined;
  const first = headers[0].position, last = headers[headers.length - 1].position;
  const step = first.map((value, i) => (last[i] - value) / (headers.length - 1));
  const even = headers.every(({ position }, n) =>
    position.every((value, i) => Math.abs(value - first[i] - n * step[i]) < EVEN_ERROR)
  );
  return even && Math.hypot(...step) > EVEN_ERROR ? step : undefined;
}
