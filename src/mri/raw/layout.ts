/**
 * From the spaces and limits of an ISMRMRD encoding to the arrays of a reconstruction: how large
 * k-space is, where its centre lies, and what of the image is kept.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { Encoding, Limit } from "../../mrd/xml_header.ts";

/** Most points of a k-space: 2^31 complex numbers of one coil are 16 GiB. */
const MAX_POINTS = 2 ** 31;

/** Part by which two fields of view may differ and still be the same. */
const SAME = 1e-3;

export interface RawAxis {
  /** Samples of k-space. */
  readonly encoded: number;
  /** Pixels that are kept about the centre of the image: the rest is oversampling. */
  readonly kept: number;
  /** Pixels that these become by interpolation (zero-filling of k-space, or its opposite). */
  readonly output: number;
  /** Millimetres of the pixels that are kept, all together. */
  readonly extent: number;
}

/** The arrays of an encoding. */
export interface RawLayout {
  readonly encoding: number;
  /** Whether there are two phase encodings. */
  readonly is3d: boolean;
  readonly x: RawAxis;
  /** First phase encoding. */
  readonly y: RawAxis;
  /** Second phase encoding; of a 2-D scan one sample of the slice's thickness. */
  readonly z: RawAxis;
  /** Row of the counter 0 of the first phase encoding. */
  readonly rowShift: number;
  /** Partition of the counter 0 of the second phase encoding. */
  readonly partitionShift: number;
  /** Lines that were meant to be left out: every how many-th is acquired. */
  readonly acceleration: readonly [number, number];
}

/**
 * Lays out an encoding.
 * @param index its number in the header
 * @throws {InputError} when it is not Cartesian, or too large
 */
export function rawLayout(encoding: Encoding, index: number): RawLayout {
  const { encodedSpace, reconSpace, limits, trajectory, parallelImaging } = encoding;
  if (trajectory !== "cartesian" && trajectory !== "epi") {
    throw new InputError(
      `Cannot reconstruct encoding ${index}: a Cartesian trajectory is required, ` +
        `found ${trajectory}`,
    );
  }
  const { matrix, fieldOfView } = encodedSpace;
  const points = matrix[0] * matrix[1] * matrix[2];
  if (points > MAX_POINTS) {
    throw new InputError(
      `Cannot reconstruct encoding ${index}: at most ${MAX_POINTS} points are possible, ` +
        `found ${matrix.join(" x ")}`,
    );
  }
  const second = limits.kspaceEncodeStep2;
  const is3d = matrix[2] > 1 && (second === undefined || second.maximum > 0);
  const axis = (i: 0 | 1 | 2) =>
    rawAxis([matrix[i], fieldOfView[i]], [reconSpace.matrix[i], reconSpace.fieldOfView[i]]);
  const single = { encoded: 1, kept: 1, output: 1, extent: fieldOfView[2] / matrix[2] };
  return {
    encoding: index,
    is3d,
    x: axis(0),
    y: axis(1),
    z: is3d ? axis(2) : single,
    rowShift: Math.floor(matrix[1] / 2) - centre(limits.kspaceEncodeStep1, matrix[1]),
    partitionShift: is3d ? Math.floor(matrix[2] / 2) - centre(second, matrix[2]) : 0,
    acceleration: parallelImaging?.acceleration ?? [1, 1],
  };
}

/** Encoded and wanted matrix and field of view of an axis. */
function rawAxis(
  [encoded, extent]: readonly [number, number],
  [wanted, wantedExtent]: readonly [number, number],
): RawAxis {
  const ratio = wantedExtent / extent;
  if (Math.abs(ratio - 1) < SAME) return { encoded, kept: encoded, output: wanted, extent };
  // A field of view larger than the encoded one is cut to that.
  if (ratio > 1) {
    const output = Math.max(1, Math.round(wanted / ratio));
    return { encoded, kept: encoded, output, extent };
  }
  const kept = Math.max(1, Math.round(encoded * ratio));
  const output = Math.max(1, Math.round(wanted * kept / (encoded * ratio)));
  return { encoded, kept, output, extent: extent * kept / encoded };
}

/**
 * The counter at the centre of k-space. The schema's default is 0, which no scan has as its centre:
 * then it is the middle of the counters, or of the encoded matrix where there are no limits.
 */
function centre(limit: Limit | undefined, encoded: number): number {
  if (limit === undefined || limit.maximum === 0) return Math.floor(encoded / 2);
  return limit.center > 0 ? limit.center : Math.floor((limit.maximum + 1) / 2);
}

/**
 * Sizes of the k-space of a bin, which are its slices, H and W, of what is kept of its images, and
 * of what that is interpolated to.
 */
export function binShape({ x, y, z, is3d }: RawLayout) {
  const columns = is3d ? z : x;
  return {
    slices: is3d ? x.output : 1,
    height: y.encoded,
    width: columns.encoded,
    imageSize: [y.kept, columns.kept] as const,
    outputSize: [y.output, columns.output] as const,
  };
}
