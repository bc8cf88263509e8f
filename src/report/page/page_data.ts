/**
 * The data that the page passes to its script, and the packing of pixels. The script contains this
 * file, so it imports nothing.
 * @module
 */

/** An input as the script needs it. Values of pictures are parts of the reference's maximum. */
export interface InputData {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Number of each embedded slice in the file. */
  readonly slices: readonly number[];
  /** Value shown white in the default window, which begins at 0. */
  readonly white: number;
  readonly reference: boolean;
  /** Distance of rows and of columns, mm, where it is known. */
  readonly pixelSize?: readonly [rows: number, columns: number];
}

/** Everything the script needs but the pixels. */
export interface PageData {
  readonly inputs: readonly InputData[];
  readonly masks: readonly string[];
  /** `mask` is an index, `picture`, `std`, `error90` and `added` say whether there are any. */
  readonly runs: readonly {
    readonly label: string;
    readonly input: number;
    readonly mask: number;
    readonly picture: boolean;
    readonly std: boolean;
    readonly error90: boolean;
    readonly added: boolean;
  }[];
  /** Value of one level of a packed picture. */
  readonly step: number;
  /** Upper ends of the scales of errors and of standard deviations. */
  readonly errorScale: number;
  readonly stdScale: number;
  /** Upper end of the scale of what was added. */
  readonly addedScale: number;
}

export type PictureKind = "reference" | "recon" | "std" | "error90" | "added";

/** Id of the element that holds a packed picture; `index` of the input or the run. */
export function pictureId(kind: PictureKind, index: number, slice: number): string {
  return `px-${kind}-${index}-${slice}`;
}

/**
 * Packs levels so that they compress well: each minus its left neighbour (modulo 65536), all high
 * bytes before all low bytes.
 */
export function packLevels(levels: Uint16Array, columns: number): Uint8Array<ArrayBuffer> {
  const count = levels.length, bytes = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) {
    const left = i % columns === 0 ? 0 : levels[i - 1];
    const difference = (levels[i] - left) & 0xffff;
    bytes[i] = difference >> 8;
    bytes[count + i] = difference & 0xff;
  }
  return bytes;
}

/** Undoes {@link packLevels}. */
export function unpackLevels(bytes: Uint8Array, columns: number): Uint16Array {
  const count = bytes.length / 2, levels = new Uint16Array(count);
  for (let i = 0; i < count; i++) {
    const left = i % columns === 0 ? 0 : levels[i - 1];
    levels[i] = left + (bytes[i] << 8) + bytes[count + i];
  }
  return levels;
}
