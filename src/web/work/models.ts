/** Models of the page's folder, fetched when a method needs them. @module */
import { InputError } from "../../errors.ts";
import { giveFile, isFile, MODELS_FOLDER } from "../host/host.ts";
import type { Catalog } from "../messages.ts";

/** Fetches a file of the page's folder. */
export async function fetchOwn(path: string): Promise<Response> {
  const response = await fetch(new URL(path, globalThis.location.href));
  if (response.ok) return response;
  throw new InputError(`Cannot fetch ${path}: ${response.status} ${response.statusText}`, {
    hint: "The folder of the page is not whole; build it again with deno task web",
  });
}

/**
 * Gives the library a model, fetched once.
 * @param onProgress called with the part that has come
 */
export async function fetchModel(
  { models }: Catalog,
  name: string,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const model = models.find((entry) => entry.name === name);
  // An unknown name is reported by the library, which lists those that there are.
  if (model === undefined || isFile(`${MODELS_FOLDER}/${name}/${model.file}`)) return;
  const folder = `${MODELS_FOLDER}/${name}`;
  const yaml = await (await fetchOwn(`${folder}/model.yaml`)).blob();
  const { body } = await fetchOwn(`${folder}/${model.file}`);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of body!) {
    pieces.push(piece);
    onProgress((length += piece.length) / model.bytes);
  }
  giveFile(`${folder}/${model.file}`, new Blob(pieces));
  giveFile(`${folder}/model.yaml`, yaml);
}
