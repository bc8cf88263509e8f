/**
 * BART's pair of files: name.hdr (text, the 16 dimensions) and name.cfl (complex64, little endian,
 * first dimension fastest). The dimensions are those of BART's src/misc/mri.h.
 * @module
 */
import { InputError } from "../errors.ts";
import { type NdArray, sizeOf } from "../ndarray.ts";
import { writeFileWhole } from "./atomic.ts";
import { bytesOf, type ByteSource, checkFile, decode, openBytes } from "./bytes.ts";
import { interleave } from "./planar.ts";
import { type KspaceArray, type StoredAxis } from "./kspace_array.ts";
import { packedAxes, type StoredArray, storedKspace } from "./stored_array.ts";
import { unreadable } from "./unreadable.ts";

/** Number of dimensions of every BART array. */
const RANK = 16;
/** Dimensions that are used here. */
const READ = 0, PHS1 = 1, COIL = 3, MAPS = 4, SLICE = 13;
/** BART's names of the dimensions, in order. */
const NAMES = [
  ...["readout", "phase1", "phase2", "coil", "maps", "echo", "coeff", "coeff2", "iter", "cshift"],
  ...["time", "time2", "level", "slice", "average", "batch"],
];
const COMPLEX64 = { kind: "complex", bytes: 8, littleEndian: true } as const;
/** Longest .hdr that is read; BART writes its command line into it. */
const MAX_HEADER = 1 << 20;

/** The common part of `name.cfl`, `name.hdr` and `name`. */
export function cflStem(path: string): string {
  return path.replace(/\.(cfl|hdr)$/, "");
}

/** Opens both files and checks them against each other; the caller disposes of the .cfl. */
function openPair(path: string): { dims: readonly number[]; source: ByteSource } {
  const stem = cflStem(path);
  const dims = readDims(`${stem}.hdr`);
  const source = openBytes(`${stem}.cfl`);
  const required = sizeOf(dims) * COMPLEX64.bytes;
  if (required === source.size) return { dims, source };
  source[Symbol.dispose]();
  throw new InputError(
    `Cannot read ${stem}.cfl: the dimensions ${shown(dims)} of its .hdr require ` +
      `${required} bytes, found ${source.size}`,
  );
}

function readDims(path: string): number[] {
  const size = checkFile(path);
  if (size > MAX_HEADER) {
    throw new InputError(`Cannot read ${path}: a text of at most ${MAX_HEADER} bytes is required`);
  }
  using source = openBytes(path);
  const lines = new TextDecoder("latin1").decode(source.read(0, size)).split(/\r?\n/);
  const title = lines.findIndex((line) => /^#\s*Dimensions\s*$/.test(line));
  const sizes = title < 0 ? [] : (lines[title + 1] ?? "").trim().split(/\s+/);
  const dims = sizes.map((word) => /^\d+$/.test(word) ? Number(word) : NaN);
  const sane = dims.every((dim) => Number.isSafeInteger(dim) && dim > 0);
  if (dims.length === 0 || dims.length > RANK || !sane) {
    throw unreadable(
      path,
      `the line "# Dimensions" and under it up to ${RANK} positive integers are`,
      JSON.stringify(sizes.join(" ").slice(0, 120)),
    );
  }
  return [...dims, ...new Array(RANK - dims.length).fill(1)];
}

function shown(dims: readonly number[]): string {
  return dims.slice(0, Math.max(4, dims.findLastIndex((dim) => dim > 1) + 1)).join(" x ");
}

/**
 * Opens the array in a pair: the axes have BART's names, without those of size 1 that k-space does
 * not need. The caller disposes of its source.
 */
export function openCflArray(path: string): StoredArray & { readonly axes: readonly StoredAxis[] } {
  const { dims, source } = openPair(path);
  const axes = packedAxes(NAMES.map((name, dim) => ({ name, size: dims[dim] })))
    .filter(({ size }, dim) => size > 1 || [READ, PHS1, COIL].includes(dim));
  return { source, offset: 0, type: COMPLEX64, axes };
}

/**
 * Opens Cartesian k-space. Dimension 0 is the readout, 1 and 2 are the phase encodings, 3 the coils,
 * 13 the slices; the others are frames.
 * @param path the .cfl, the .hdr or their common stem
 */
export function openCflKspace(path: string): KspaceArray {
  const array = openCflArray(path);
  const facts = { format: "bart-cfl", columnsFirst: true, named: true } as const;
  return { ...storedKspace(array, { ...facts, axes: array.axes }), path };
}

/**
 * Reads a whole array.
 * @returns the 16 dimensions, and complex numbers, interleaved, the first dimension the fastest
 */
export function readCfl(path: string): { dims: readonly number[]; data: Float32Array } {
  const { dims, source } = openPair(path);
  using bytes = source;
  return { dims, data: decode(bytes.read(0, bytes.size), COMPLEX64) };
}

/**
 * Writes a pair of files, each complete or not at all.
 * @param stem name without extension
 * @param dims up to 16 dimensions, first one fastest
 * @param data interleaved complex numbers
 */
export async function writeCfl(
  stem: string,
  dims: readonly number[],
  data: Float32Array,
): Promise<void> {
  if (dims.length > RANK || data.length !== 2 * sizeOf(dims)) {
    throw new RangeError(
      `Cannot write ${stem}.cfl: ${data.length / 2} numbers do not fill ${dims.join(" x ")}`,
    );
  }
  const full = [...dims, ...new Array(RANK - dims.length).fill(1)];
  const text = `# Dimensions\n${full.join(" ")}\n`;
  await writeFileWhole(`${stem}.cfl`, bytesOf(data));
  await writeFileWhole(`${stem}.hdr`, new TextEncoder().encode(text));
}

/**
 * Writes planar coil arrays `[C, 2, H, W]`, `[S, C, 2, H, W]` or, of several sets of maps,
 * `[S, sets, C, 2, H, W]` as BART expects k-space, coil images and maps: W is dimension 0, H 1, C 3,
 * sets 4, S 13.
 */
export async function writeCflCoils(stem: string, planar: NdArray): Promise<void> {
  const [width, height, , coils, ...others] = planar.shape.toReversed();
  const [slices = 1, sets = 1] = others.toReversed();
  const dims = new Array(RANK).fill(1);
  [dims[READ], dims[PHS1], dims[COIL], dims[MAPS], dims[SLICE]] = [
    width,
    height,
    coils,
    sets,
    slices,
  ];
  await writeCfl(stem, dims, interleave(planar));
}
