/** Which format a file is, by its content. @module */
import { InputError } from "../errors.ts";
import { isFile } from "../host.ts";
import { type ByteSource, openBytes } from "./bytes.ts";
import { cflStem } from "./cfl.ts";
import { hasHdf5Signature } from "./hdf5/library.ts";
import { isMrdStream } from "./mrd/stream_file.ts";
import { niftiKind } from "./nifti/header.ts";
import { inflatedHead } from "./nifti/read.ts";
import { NPY_MAGIC } from "./numpy/npy.ts";
import { isTwix } from "./twix/container.ts";

/** Formats that the content of a file shows; the reader of HDF5 finds its layout. */
export type ContentFormat = "hdf5" | "bart-cfl" | "npy" | "nifti" | "mrd-stream" | "twix";

/** First line of a BART .hdr, within its first bytes. */
const CFL_TITLE = /^#\s*Dimensions\s*$/m;
const CFL_TITLE_WITHIN = 1024;
/** Bytes shown of a file of unknown format. */
const SHOWN = 8;

/**
 * Recognises a file by its content. A BART .cfl, which has no signature, is recognised by the .hdr
 * beside it; so is the common stem of the two.
 */
export function detectFormat(path: string): ContentFormat {
  const stem = cflStem(path);
  if (path.endsWith(".cfl") || !isFile(path)) {
    if (isFile(`${stem}.hdr`) && isFile(`${stem}.cfl`)) return "bart-cfl";
  }
  using source = openBytes(path);
  const head = source.read(0, Math.min(CFL_TITLE_WITHIN, source.size));
  if (startsWith(head, NPY_MAGIC)) return "npy";
  if (hasHdf5Signature(source)) return "hdf5";
  if (CFL_TITLE.test(new TextDecoder("latin1").decode(head))) return "bart-cfl";
  if (isMrdStream(source)) return "mrd-stream";
  if (isTwix(source)) return "twix";
  if (isNifti(source)) return "nifti";
  throw unknown(path, head);
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, i) => bytes[i] === byte);
}

/** Whether a file is NIfTI; damaged gzip, or gzip of something else, is not. */
function isNifti(source: ByteSource): boolean {
  try {
    return niftiKind(inflatedHead(source)) !== undefined;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function unknown(path: string, head: Uint8Array): InputError {
  const found = [...head.subarray(0, SHOWN)].map((byte) => byte.toString(16).padStart(2, "0"));
  const isCfl = path.endsWith(".cfl");
  return new InputError(
    `Cannot tell what ${path} is: fastMRI, ISMRMRD or MATLAB 7.3 HDF5, an MRD stream, Siemens twix, ` +
      `BART .cfl/.hdr, NumPy .npy or NIfTI is required, found a file that begins with ${
        found.join(" ")
      }`,
    { hint: isCfl ? `A .cfl needs its header beside it: ${cflStem(path)}.hdr` : hintFor(head) },
  );
}

function hintFor(head: Uint8Array): string | undefined {
  if (startsWith(head, [0x50, 0x4b])) {
    return "From an .npz take one array: numpy.save(name, numpy.load(file)[key])";
  }
  const text = new TextDecoder("latin1").decode(head.subarray(0, 10));
  if (text.startsWith("yardl")) {
    return "This is MRD 2 (yardl): turn it into a stream of ISMRMRD 1 with mrd_to_ismrmrd of the " +
      "mrd package";
  }
  return text === "MATLAB 5.0" ? "In MATLAB save it with save(name, '-v7.3')" : undefined;
}
