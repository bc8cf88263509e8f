/** Which files a reconstruction leaves, and writing them. @module */
import { basename, join, parse } from "node:path";
import { UsageError } from "../../errors.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { cflStem, writeCflCoils } from "../../io/cfl.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { writeNpy } from "../../io/numpy/npy.ts";
import { ndarray } from "../../ndarray.ts";
import { type DicomDescription, writeDicom } from "../../recon/dicom.ts";
import { writeMrd } from "../../recon/mrd_images.ts";
import { previewPng, slicePngs } from "../render/preview.ts";
import type { AlsoFormat, ReconRequest } from "../options/recon.ts";
import type { Reconstruction } from "../../recon/types.ts";

/** Folder under which results go when no other is named. */
const DEFAULT_ROOT = "recon";
/** Name of the built-in example, as an input. */
export const EXAMPLE_NAME = "example";

/** The name of an input without folder and extension: `scans/brain.nii.gz` is `brain`. */
export function inputName(path: string): string {
  return parse(basename(path).replace(/\.gz$/i, "")).name;
}

/**
 * The folder of each input's results, in order.
 * @throws {UsageError} when two inputs would share a folder
 */
export function outputFolders({ inputs, output }: ReconRequest): string[] {
  if (inputs.length === 0) return [output ?? join(DEFAULT_ROOT, EXAMPLE_NAME)];
  if (inputs.length === 1 && output !== undefined) return [output];
  const owners = new Map<string, string>();
  return inputs.map((input) => {
    const folder = join(output ?? DEFAULT_ROOT, inputName(input));
    const other = owners.get(folder);
    if (other !== undefined) {
      throw new UsageError(
        `Cannot write the results of ${other} and of ${input}: a folder for each is required, ` +
          `found ${folder} for both`,
        { hint: "Run them one by one, each with its own --output" },
      );
    }
    owners.set(folder, input);
    return folder;
  });
}

/** Files of a format beside NIfTI, as listed under `outputs`. */
const ALSO_FILES: { readonly [F in AlsoFormat]: string } = {
  npy: "recon.npy",
  cfl: "recon.cfl",
  png16: "slices",
  mrd: "recon_mrd.h5",
};

/** The part of a request that says what is written; `sampled`: several posterior samples are drawn. */
export type OutputRequest =
  & Pick<ReconRequest, "complex" | "also" | "dicom" | "saveSamples" | "saveMaps">
  & {
    readonly sampled: boolean;
  };

/** What will be written into a folder, by kind, as recon.json lists it. */
export function outputPaths(
  folder: string,
  { complex, also = [], dicom, saveSamples, saveMaps, sampled }: OutputRequest,
): Record<string, string> {
  const files: Record<string, string | false> = {
    magnitude: "recon.nii.gz",
    std: sampled && "std.nii.gz",
    samples: sampled && saveSamples && "samples",
    complex: complex && "complex.nii.gz",
    maps: saveMaps && "maps.cfl",
    ...Object.fromEntries(also.map((format) => [format, ALSO_FILES[format]])),
    dicom: dicom && "dicom",
    preview: "preview.png",
    report: "recon.json",
  };
  return Object.fromEntries(
    Object.entries(files).flatMap(([kind, name]) => name ? [[kind, join(folder, name)]] : []),
  );
}

/** What is written beside the reconstruction itself. */
export interface OutputOptions extends OutputRequest, DicomDescription {
  /** Zero-filled magnitude, for the preview. */
  readonly zeroFilled?: Reconstruction["magnitude"];
}

/**
 * Writes everything but recon.json into a folder that exists.
 * @throws {InputError} when a file cannot be written
 */
export async function writeImages(
  folder: string,
  result: Reconstruction,
  { zeroFilled, ...request }: OutputOptions,
): Promise<void> {
  const paths = outputPaths(folder, request);
  const { magnitude, std, samples, maps, reference, geometry, volumes, method } = result;
  const placed = { geometry, volumes };
  await writeNifti(paths.magnitude, { image: magnitude, ...placed });
  if (std) await writeNifti(paths.std, { image: std, ...placed });
  if (samples) await writeSamples(paths.samples, samples, placed);
  if (request.complex) await writeNifti(paths.complex, { image: result.complex, ...placed });
  if (request.saveMaps && maps) await writeCflCoils(cflStem(paths.maps), maps);
  for (const format of request.also ?? []) await WRITERS[format](paths[format], result);
  if (request.dicom) await writeDicom(paths.dicom, result, request);
  const preview = previewPng({ magnitude, method, geometry, reference, zeroFilled });
  await writeFileWhole(paths.preview, preview);
}

/** One volume for each sample, numbered. */
async function writeSamples(
  folder: string,
  samples: NonNullable<Reconstruction["samples"]>,
  placed: Pick<Reconstruction, "geometry" | "volumes">,
): Promise<void> {
  await Deno.mkdir(folder);
  for (const [index, image] of samples.entries()) {
    const name = `${String(index).padStart(3, "0")}.nii.gz`;
    await writeNifti(join(folder, name), { image, ...placed });
  }
}

const WRITERS: {
  readonly [F in AlsoFormat]: (path: string, result: Reconstruction) => Promise<void>;
} = {
  npy: (path, { magnitude }) => writeNpy(path, magnitude),
  // BART's first dimension is the column: the complex images [slice, 1 coil, 2, row, column].
  cfl: (path, { complex: { data, shape: [slices, ...rest] } }) =>
    writeCflCoils(cflStem(path), ndarray(data, [slices, 1, ...rest])),
  mrd: writeMrd,
  png16: async (path, { magnitude }) => {
    await Deno.mkdir(path);
    const digits = String(magnitude.shape[0] - 1).length;
    let index = 0;
    for (const png of slicePngs(magnitude)) {
      const name = `${String(index++).padStart(Math.max(3, digits), "0")}.png`;
      await writeFileWhole(join(path, name), png);
    }
  },
};
