/**
 * Reading NIfTI-1 and NIfTI-2, plain or gzip: images, and complex files that hold k-space.
 * A plain .nii is read slice by slice; a .nii.gz is decompressed into memory.
 * @module
 */
import { InputError } from "../../errors.ts";
import { gunzip, type GunzipOptions } from "../../host.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { habitualNames, namedAxes } from "../axes.ts";
import { type ByteSource, MAX_DEFLATE_RATIO, memoryBytes, openBytes } from "../bytes.ts";
import { packedAxes, type StoredArray, storedImage, storedKspace } from "../stored_array.ts";
import { type KspaceArray } from "../kspace_array.ts";
import type { ImageFile } from "../types.ts";
import { unreadable } from "../unreadable.ts";
import { NIFTI2_BYTES, type NiftiHeader, parseNiftiHeader } from "./header.ts";

/** Compressed bytes that hold the header in any case; 4 KiB expand to at most 4 MiB. */
const HEAD_BYTES = 4096;
/** Most bytes that a file is decompressed to; it is then held in memory. */
const MAX_INFLATED = 2 ** 30;
/** Padding tolerated behind the last voxel; nibabel tolerates any. */
const MAX_PADDING = 1 << 16;

/** An open NIfTI: its header, and its bytes (decompressed), which the caller disposes of. */
type NiftiSource = { readonly header: NiftiHeader; readonly source: ByteSource };

/** The first bytes of a file after decompression, if it is compressed: enough for any header. */
export function inflatedHead(file: ByteSource): Uint8Array<ArrayBuffer> {
  const head = file.read(0, Math.min(HEAD_BYTES, file.size));
  if (!isGzip(head)) return head;
  return inflate(file.path, head, { partial: true });
}

function isGzip(head: Uint8Array): boolean {
  return head.length > 2 && head[0] === 0x1f && head[1] === 0x8b;
}

function inflate(
  path: string,
  bytes: Uint8Array,
  options: GunzipOptions,
): Uint8Array<ArrayBuffer> {
  try {
    return gunzip(bytes, options);
  } catch (cause) {
    const problem = cause instanceof RangeError
      ? `Cannot read ${path}: it decompresses to more than the ${options.limit} ` +
        "bytes that its header announces"
      : `Cannot decompress ${path}: ${(cause as Error).message}`;
    throw new InputError(problem, { cause });
  }
}

function openNifti(path: string): NiftiSource {
  const file = openBytes(path);
  let source = file;
  try {
    const header = parseNiftiHeader(path, inflatedHead(file).subarray(0, NIFTI2_BYTES));
    const required = header.offset + sizeOf(header.dims) * header.type.bytes;
    if (isGzip(file.read(0, Math.min(3, file.size)))) {
      source = inflated(file, required);
      file[Symbol.dispose]();
    }
    if (source.size >= required && source.size <= required + MAX_PADDING) return { header, source };
    throw wrongSize(path, required, `${source.size}`);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** The whole file, decompressed, if its size can be what the header announces. */
function inflated(file: ByteSource, required: number): ByteSource {
  if (required > file.size * MAX_DEFLATE_RATIO) throw wrongSize(file.path, required, "far fewer");
  if (required > MAX_INFLATED) {
    const limit = `a compressed file of at most ${MAX_INFLATED} bytes is`;
    const hint = "Decompress it with gunzip: a plain .nii is read slice by slice";
    throw unreadable(file.path, limit, `${required} bytes after decompression`, hint);
  }
  const options = { limit: required + MAX_PADDING };
  return memoryBytes(file.path, inflate(file.path, file.read(0, file.size), options));
}

function wrongSize(path: string, required: number, found: string): InputError {
  return new InputError(
    `Cannot read ${path}: its header requires ${required} bytes, found ${found}`,
  );
}

/** Names of the dimensions of an image; those from the fourth on are frames. */
const IMAGE_AXES = ["column", "row", "slice", "time", "dim5", "dim6", "dim7"];

/**
 * Opens an image volume. Columns are x, rows y, slices z; further dimensions (time, echoes) are
 * frames, volumes one after the other. The file's own slope and intercept are applied.
 */
export function openNiftiImage(path: string): ImageFile {
  const nifti = openNifti(path);
  const { geometry } = nifti.header;
  return storedImage(stored(nifti, IMAGE_AXES), { format: "nifti", geometry });
}

/**
 * Opens a NIfTI whose numbers are k-space. The habitual names: x is phase-encode, y the readout, the
 * last of the header's dimensions the coils (two dimensions: one coil), the third the slices; those
 * between are frames.
 */
export function openNiftiKspaceArray(path: string): KspaceArray {
  const nifti = openNifti(path);
  const { dims, geometry } = nifti.header;
  const names = habitualNames("nifti", dims.length);
  const array = stored(nifti, names);
  const axes = packedAxes(namedAxes(names, dims));
  const facts = () => ({ geometry });
  return storedKspace(array, { format: "nifti", axes, columnsFirst: true, named: false, facts });
}

/** The array of a file whose dimensions have names; the first is the fastest. */
function stored({ header, source }: NiftiSource, names: readonly string[]): StoredArray {
  const { offset, type, scaling, dims } = header;
  return { source, offset, type, scaling, axes: packedAxes(namedAxes(names, dims)) };
}

/** Reads all slices of an image: `[slices, 2, rows, columns]`. */
export async function readAllSlices(file: ImageFile): Promise<NdArray> {
  const size = 2 * file.rows * file.columns;
  const data = new Float32Array(file.slices * size);
  for (let slice = 0; slice < file.slices; slice++) {
    data.set((await file.readSlice(slice)).data, slice * size);
  }
  return ndarray(data, [file.slices, 2, file.rows, file.columns]);
}
