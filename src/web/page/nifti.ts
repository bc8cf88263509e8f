/** The NIfTI volumes of a result, as far as the page looks into them. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />

/** Offsets in the header of NIfTI-1. */
const DIM = 40, PIXDIM = 76, QFORM_CODE = 252, SFORM_CODE = 254, SROW = 280;
const HEADER_BYTES = 352;

/** Sizes of a volume: columns, rows, slices, and volumes one after the other. */
export interface VolumeSize {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  readonly frames: number;
}

/** Sizes of a volume. */
export function sizeOf(bytes: Uint8Array<ArrayBuffer>): VolumeSize {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const count = view.getInt16(DIM, true);
  const dim = (i: number) => i <= count ? view.getInt16(DIM + 2 * i, true) : 1;
  const frames = [4, 5, 6, 7].reduce((product, i) => product * dim(i), 1);
  return { columns: dim(1), rows: dim(2), slices: dim(3), frames };
}

/** Values of one slice, row by row. */
export function sliceOf(
  bytes: Uint8Array<ArrayBuffer>,
  slice: number,
  frame: number,
): Float32Array {
  const { columns, rows, slices } = sizeOf(bytes);
  const size = columns * rows;
  const start = bytes.byteOffset + HEADER_BYTES + 4 * size * (frame * slices + slice);
  return new Float32Array(bytes.buffer, start, size);
}

/** A copy that viewers show with the first row on top: for volumes whose orientation is not known. */
export function upright(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  view.setInt16(QFORM_CODE, 0, true);
  view.setInt16(SFORM_CODE, 1, true);
  const pixel = [1, 2, 3].map((i) => view.getFloat32(PIXDIM + 4 * i, true));
  const rows = [[pixel[0], 0, 0, 0], [0, -pixel[1], 0, 0], [0, 0, pixel[2], 0]];
  rows.flat().forEach((value, i) => view.setFloat32(SROW + 4 * i, value, true));
  return copy;
}

/** The axis of the patient along which slices follow each other: 0 left-right, 1, or 2 head-feet. */
export function sliceAxis(affine: readonly number[] | null): number {
  if (affine === null) return 2;
  const along = [0, 1, 2].map((i) => Math.abs(affine[4 * i + 2]));
  return along.indexOf(Math.max(...along));
}
