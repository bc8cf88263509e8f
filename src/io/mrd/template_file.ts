/**
 * Files that begin as one of templates.ts.
 * @module
 */
import { Buffer } from "node:buffer";
import { rename, writeFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { InputError } from "../../errors.ts";
import { isFolder, reason } from "../../host.ts";
import { H5T, Hdf5File } from "../hdf5/library.ts";

/** Bytes of a pointer in WebAssembly. */
const WORD = 4;

/** Moves a file that is complete to its name. */
export async function renamed(partial: string, path: string): Promise<void> {
  try {
    await rename(partial, path);
  } catch (cause) {
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
}

/**
 * Begins a file from one of templates.ts.
 * @throws {InputError} when it cannot be written
 */
export async function fromTemplate(
  path: string,
  partial: string,
  template: string,
): Promise<Hdf5File> {
  try {
    if (await isFolder(path)) {
      throw new Error("a file name is required, found a folder of that name");
    }
    await writeFile(partial, gunzipSync(Buffer.from(template, "base64")));
  } catch (cause) {
    throw new InputError(`Cannot write ${path}: ${reason(cause)}`, { cause });
  }
  return await Hdf5File.edit(partial, path);
}

/** Writes a list of texts, as C strings: what the ISMRMRD library reads. */
export function writeTexts(file: Hdf5File, name: string, texts: readonly string[]): void {
  const shape = [BigInt(texts.length)];
  const type = { type: H5T.string, size: WORD, signed: false, vlen: true, cset: 0 };
  file.call(`write ${name}`, (h5, id) =>
    h5.create_vlen_str_dataset(id, name, [...texts], {
      ...type,
      shape,
      maxshape: shape,
      chunks: null,
    }));
}
