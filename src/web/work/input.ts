/** The files that the page was given, as k-space. @module */
import { InputError } from "../../errors.ts";
import type { Runtime } from "../../graph/mod.ts";
import { detectFormat } from "../../io/detect.ts";
import { openImage } from "../../io/open.ts";
import type { KspaceFile } from "../../io/types.ts";
import { openExample } from "../../recon/example.ts";
import { readKspace } from "../../recon/open.ts";
import { simulatedKspace } from "../../recon/simulated.ts";
import { giveFile } from "../host/host.ts";
import type { Source } from "../messages.ts";

/** K-space, and whether it was made from an image. */
export interface OpenInput {
  readonly file: KspaceFile;
  readonly simulated: boolean;
}

/** Gives the library the files of a source, and says which of them it opens; undefined for none. */
export function giveSource({ files }: Pick<Source, "files">): string | undefined {
  for (const file of files) giveFile(file.name, file);
  const data = files.filter(({ name }) => !name.endsWith(".hdr"));
  if (data.length <= 1) return (data[0] ?? files[0])?.name;
  throw new InputError(
    `Cannot open ${files.length} files: one file, or a BART pair of .cfl and .hdr is required, ` +
      `found ${files.map(({ name }) => name).join(", ")}`,
  );
}

/** Opens a source; the caller disposes of the file. */
export async function openSource(runtime: Runtime, source: Source): Promise<OpenInput> {
  const path = giveSource(source);
  if (path === undefined) return { file: await openExample(runtime), simulated: true };
  const { axes, domain, simulate } = source;
  const isImage = domain === "image" || (domain === undefined && detectFormat(path) === "nifti");
  if (!isImage) {
    return { file: await readKspace(path, { runtime, axes, domain }), simulated: false };
  }
  const image = await openImage(path);
  try {
    return { file: await simulatedKspace(runtime, image, simulate), simulated: true };
  } catch (error) {
    image[Symbol.dispose]();
    throw error;
  }
}
