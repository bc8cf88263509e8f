/** Weights that a model keeps in files beside it. @module */
import { InputError } from "../../errors.ts";
import { fileInside, openFile } from "../../host.ts";
import { MOST_BYTES } from "../../limits.ts";
import type { ExternalLoader } from "./constants.ts";

/**
 * Reads external weights from the folder of a model and from nowhere else: a model is data from
 * strangers, and must not be able to open other files through `..`, an absolute path or a link.
 * @param folder the folder the model lies in
 * @throws {InputError} (the loader) when a path leaves the folder or the file is too short, or before it
 * would have read more than an ONNX model can hold
 */
export function externalLoader(folder: string): ExternalLoader {
  let all = 0;
  return (location, offset, length) => {
    const path = fileInside(folder, location);
    if (path === undefined) {
      const name = JSON.stringify(location);
      throw new InputError(
        `Cannot read the weights in ${name}: a file inside the model's folder is required`,
      );
    }
    using file = openFile(path);
    const available = file.size - offset;
    const count = length ?? available;
    const fits = [offset, count].every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!fits || count > available) {
      throw new InputError(
        `Cannot read the weights in ${location}: ${count} bytes from ${offset} are required, ` +
          `found ${Math.max(0, available)}`,
      );
    }
    all += count;
    if (all > MOST_BYTES) {
      throw new InputError(
        `Cannot read the weights in ${location}: at most ${MOST_BYTES} bytes of a model are possible, ` +
          `found ${all}`,
      );
    }
    const bytes = new Uint8Array(count);
    for (let done = 0, read = -1; done < count && read !== 0; done += read) {
      read = file.read(bytes.subarray(done), offset + done);
    }
    return bytes;
  };
}
