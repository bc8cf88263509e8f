/** Sampling masks given as files: .npy, BART .cfl, or a text of zeros and ones. @module */
import type { InputError } from "../errors.ts";
import { isFile } from "../host.ts";
import { openBytes } from "./bytes.ts";
import { readCfl } from "./cfl.ts";
import { detectFormat } from "./detect.ts";
import { readNpy } from "./numpy/npy.ts";
import { unreadable } from "./unreadable.ts";

/** A mask: which phase-encode lines, or which points of a plane, were acquired. */
export type MaskFile =
  | {
    readonly kind: "lines";
    /** One value for each phase-encode line, 0 or 1. */
    readonly values: Uint8Array;
  }
  | {
    readonly kind: "plane";
    /** Readout samples. */
    readonly rows: number;
    /** Phase-encode lines. */
    readonly columns: number;
    /** `[rows, columns]`, 0 or 1. */
    readonly values: Uint8Array;
  };

/** Longest text read as a mask. */
const MAX_TEXT = 1 << 24;

/** An array that may be a mask; its last axis is the fastest. */
type Plain = { readonly values: ArrayLike<number>; readonly shape: readonly number[] };

/**
 * Reads a mask. With axes of size 1 left out, one axis is phase-encode lines, two are
 * (readout, phase); in a .cfl these are dimensions 0 and 1. Values are 0 and 1, or 0 and 255.
 */
export function readMaskFile(path: string): MaskFile {
  const { values: found, shape } = readPlain(path);
  const axes = shape.filter((size) => size > 1);
  if (axes.length === 0 || axes.length > 2) {
    const required = "one axis (phase) or two (readout, phase) are";
    throw unfit(path, required, `shape (${shape.join(", ")})`);
  }
  // Masks that were saved as pictures have 255 for 1.
  const kept = Array.from(found).find((value) => value !== 0) === 255 ? 255 : 1;
  const values = Uint8Array.from(found, (value, i) => {
    if (value === 0 || value === kept) return value === 0 ? 0 : 1;
    throw unfit(path, `0 and ${kept} are`, `${value} at position ${i}`);
  });
  if (!values.includes(1)) throw unfit(path, "a 1 is", "only 0");
  if (axes.length === 1) return { kind: "lines", values };
  return { kind: "plane", rows: axes[0], columns: axes[1], values };
}

const unfit = (path: string, required: string, found: string): InputError =>
  unreadable(`${path} as a mask`, required, found);

function readPlain(path: string): Plain {
  const text = readText(path);
  if (text !== undefined) return parseText(path, text);
  const format = detectFormat(path);
  if (format === "npy") {
    const { data, shape, complex } = readNpy(path);
    return { values: complex ? realParts(path, data) : data, shape };
  }
  if (format === "bart-cfl") return readCflMask(path);
  throw unfit(path, ".npy, .cfl or a text of 0 and 1 is", format);
}

/** In a .cfl the first dimension is the fastest: the plane is transposed. */
function readCflMask(path: string): Plain {
  const { dims, data } = readCfl(path);
  const used = dims.filter((dim) => dim > 1);
  const stored = realParts(path, data);
  if (used.length !== 2) return { values: stored, shape: dims };
  const [rows, columns] = used;
  const values = stored.map((_, i) => stored[Math.floor(i / columns) + (i % columns) * rows]);
  return { values, shape: used };
}

function realParts(path: string, interleaved: Float32Array): Float32Array {
  return new Float32Array(interleaved.length / 2).map((_, i) => {
    if (interleaved[2 * i + 1] === 0) return interleaved[2 * i];
    const found = `an imaginary part of ${interleaved[2 * i + 1]} at position ${i}`;
    throw unfit(path, "real numbers are", found);
  });
}

/** The file as text, if it holds only numbers, separators and comments. */
function readText(path: string): string | undefined {
  if (path.endsWith(".cfl") || path.endsWith(".hdr")) return undefined;
  if (!isFile(path)) return undefined; // A BART stem, or missing: detectFormat says which.
  using source = openBytes(path);
  if (source.size > MAX_TEXT) return undefined;
  const text = new TextDecoder("latin1").decode(source.read(0, source.size));
  return /^[\t\n\r -~]*$/.test(text) ? text : undefined;
}

/** Rows of one length: numpy.savetxt writes one number a line, or a row of the plane a line. */
function parseText(path: string, text: string): Plain {
  const rows = text.split(/\r?\n/)
    .map((line) => line.replace(/#.*/, "").split(/[\s,;]+/).filter((word) => word !== ""))
    .filter((row) => row.length > 0);
  const lengths = new Set(rows.map((row) => row.length));
  if (lengths.size !== 1) {
    const found = lengths.size === 0 ? "none" : `lengths ${[...lengths].slice(0, 5).join(", ")}`;
    throw unfit(path, "rows of one length are", found);
  }
  const values = rows.flat().map((word, i) => {
    if (Number.isFinite(Number(word))) return Number(word);
    throw unfit(path, "0 and 1 are", `${JSON.stringify(word.slice(0, 40))} at position ${i}`);
  });
  return { values, shape: [rows.length, rows[0].length] };
}
