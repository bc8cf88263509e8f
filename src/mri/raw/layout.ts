/**
 * From the spaces and limits of an ISMRMRD encoding to the arrays of a reconstruction: how large
 * k-space is, where its centre lies, and what of the image is kept.
 * @module
 */
import { InputError } from "../../errors.ts";
import type { AcquisitionHeader } from "../../mrd/values.ts";
import type { Encoding, Limit, Space } from "../../mrd/xml_header.ts";

/** Most points of a k-space: 2^31 complex numbers of one coil are 16 GiB. */
const MAX_POINTS = 2 ** 31;

/** Part by which two fields of view may differ and still be the same. */
const SAME = 1e-3;

/** Pixels of the scan over those of the image from which these are interpolated. */
const INTERPOLATED = 1.2;

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
  /** Largest counters of both phase encodings that the header announces. */
  readonly lastCounters: readonly [number, number];
  /** Millimetres of a slice's thickness, of a 2-D scan. */
  readonly sliceThickness?: number;
  /** Samples of the readout that the header states, where its oversampling was removed before. */
  readonly oversampled?: number;
}

/** What the lines say of an encoding, where its header may be wrong. */
export interface LayoutFacts {
  /** Whether lines differ in their second phase encoding. Default: what the header says. */
  readonly hasPartitions?: boolean;
  /** Counters at the centre of k-space. Default: those of the header. */
  readonly centre?: readonly [number, number];
  /** Samples of a readout, and the one at its centre. Default: those of the header. */
  readonly readout?: Pick<AcquisitionHeader, "numberOfSamples" | "centerSample">;
  /** Whether the samples of the readout are the field of view of the image, whatever the header says. */
  readonly isWhole?: boolean;
}

/**
 * Part of the image along the readout that the header keeps, where what it says is doubtful: lines as
 * long as the image whose field of view is larger, so that its pixels would be interpolated, and those
 * of the phase encoding would not. A matrix that was changed when oversampling was removed looks so.
 */
export function doubtfulCrop({ encodedSpace, reconSpace }: Encoding): number | undefined {
  const [x, y] = ([0, 1] as const).map((i) => ({
    kept: reconSpace.fieldOfView[i] / encodedSpace.fieldOfView[i],
    finer: encodedSpace.fieldOfView[i] / encodedSpace.matrix[i] /
      (reconSpace.fieldOfView[i] / reconSpace.matrix[i]),
  }));
  const isAlike = encodedSpace.matrix[0] === reconSpace.matrix[0];
  return isAlike && x.finer > INTERPOLATED && y.finer < INTERPOLATED ? x.kept : undefined;
}

/**
 * Lays out an encoding.
 * @param index its number in the header
 * @throws {InputError} when it is not Cartesian, has simultaneous slices, or is too large
 */
export function rawLayout(encoding: Encoding, index: number, facts: LayoutFacts = {}): RawLayout {
  const { reconSpace, limits, trajectory, parallelImaging } = encoding;
  const encodedSpace = facts.isWhole
    ? wholeReadout(encoding)
    : withoutOversampling(encoding, facts.readout);
  const multiband = parallelImaging?.multibandFactor ?? 1;
  if (multiband > 1) {
    throw new InputError(
      `Cannot reconstruct encoding ${index}: slices that were acquired one by one are required, ` +
        `found ${multiband} at once (multiband), which are not separated`,
      { hint: "Separate the slices first, or select another encoding with --encoding" },
    );
  }
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
  const { kspaceEncodeStep1: first, kspaceEncodeStep2: second } = limits;
  const { hasPartitions = second === undefined || second.maximum > 0 } = facts;
  const is3d = matrix[2] > 1 && hasPartitions;
  const axis = (i: 0 | 1 | 2) =>
    rawAxis([matrix[i], fieldOfView[i]], [reconSpace.matrix[i], reconSpace.fieldOfView[i]]);
  // Thickness is that of the image; slices may be counted in the matrix.
  const sliceThickness = reconSpace.fieldOfView[2] / reconSpace.matrix[2];
  const single = { encoded: 1, kept: 1, output: 1, extent: sliceThickness };
  return {
    encoding: index,
    is3d,
    x: axis(0),
    y: axis(1),
    z: is3d ? axis(2) : single,
    rowShift: Math.floor(matrix[1] / 2) - (facts.centre?.[0] ?? centre(first, matrix[1])),
    partitionShift: is3d
      ? Math.floor(matrix[2] / 2) - (facts.centre?.[1] ?? centre(second, matrix[2]))
      : 0,
    acceleration: parallelImaging?.acceleration ?? [1, 1],
    lastCounters: [first?.maximum || matrix[1] - 1, second?.maximum || matrix[2] - 1],
    ...(is3d ? {} : { sliceThickness }),
    ...(matrix[0] !== encoding.encodedSpace.matrix[0] &&
      { oversampled: encoding.encodedSpace.matrix[0] }),
  };
}

/**
 * The encoded space, whose readout is as long as the lines where their oversampling was removed and the
 * header still states it: they have as many samples as the image keeps, with the centre in their
 * middle or where it was. An asymmetric echo of this length has its centre near an end.
 */
function withoutOversampling(
  { encodedSpace, reconSpace }: Encoding,
  readout: LayoutFacts["readout"],
): Space {
  const [stated, ...others] = encodedSpace.matrix;
  const [extent, ...otherExtents] = encodedSpace.fieldOfView;
  const [wanted] = reconSpace.fieldOfView;
  const kept = Math.round(stated * wanted / extent);
  if (readout === undefined || wanted > extent * (1 - SAME)) return encodedSpace;
  const { numberOfSamples, centerSample } = readout;
  const middles = [numberOfSamples, stated].map((length) => Math.floor(length / 2));
  const isCentred = centerSample === 0 ||
    middles.some((middle) => Math.abs(centerSample - middle) <= 1);
  if (numberOfSamples !== kept || !isCentred) return encodedSpace;
  return { matrix: [kept, ...others], fieldOfView: [wanted, ...otherExtents] };
}

/** The encoded space whose samples of the readout are the field of view of the image. */
function wholeReadout({ encodedSpace, reconSpace }: Encoding): Space {
  const [, ...others] = encodedSpace.fieldOfView;
  return { ...encodedSpace, fieldOfView: [reconSpace.fieldOfView[0], ...others] };
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
