/** Which files a reconstruction leaves, and writing them. @module */
import { basename, join, parse } from "node:path";
import { UsageError } from "../../errors.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { writeCflCoils } from "../../io/cfl.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { writeNpy } from "../../io/numpy/npy.ts";
import { ndarray } from "../../ndarray.ts";
import { type DicomDescription, writeDicom } from "../../recon/dicom.ts";
import { writeMrd } from "./mrd_output.ts";
import { previewPng, slicePngs } from "../render/preview.ts";
import type { AlsoFormat, ReconRequest } from "../options/recon.ts";
import { type Reconstruction } from "../../recon/types.ts";

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

/** The part of a request that says what is written. */
export type OutputRequest = Pick<ReconRequest, "complex" | "also" | "dicom" | "saveSamples"> & {
  /** Whether several posterior samples are drawn. */
  readonly sampled: boolean;
};

/** What will be written, by kind, as recon.json lists it. */
export function outputFiles(
  { complex, also = [], dicom, saveSamples, sampled }: OutputRequest,
): Record<string, string> {
  return {
    magnitude: "recon.nii.gz",
    ...(sampled ? { std: "std.nii.gz" } : {}),
    ...(sampled && saveSamples ? { samples: "samples" } : {}),
    ...(complex ? { complex: "complex.nii.gz" } : {}),
    ...Object.fromEntries(also.map((format) => [format, ALSO_FILES[format]])),
    ...(dicom ? { dicom: "dicom" } : {}),
    preview: "preview.png",
    report: "recon.json",
  };
}

/** The same names as paths within a folder. */
export function outputPaths(
  folder: string,
  request: OutputRequest,
): Record<string, string> {
  const files = Object.entries(outputFiles(request));
  return Object.fromEntries(files.map(([kind, name]) => [kind, join(folder, name)]));
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
  const files = outputFiles(request);
  const { complex, also = [], dicom } = request;
  const { magnitude, std, samples, reference, geometry, volumes } = result;
  const placed = { geometry, volumes };
  await writeNifti(join(folder, files.magnitude), { image: magnitude, ...placed });
  if (std) await writeNifti(join(folder, files.std), { image: std, ...placed });
  if (samples) await writeSamples(join(folder, files.samples), samples, placed);
  if (complex) {
    await writeNifti(join(folder, files.complex), { image: result.complex, ...placed });
  }
  for (const format of also) await WRITERS[format](join(folder, files[format]), result);
  if (dicom) await writeDicom(join(folder, files.dicom), result, request);
  const preview = previewPng({
    magnitude,
    method: result.method,
    ...placed,
    reference,
    zeroFilled,
  });
  await writeFileWhole(join(folder, files.preview), preview);
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
    writeCflCoils(path.replace(/\.cfl$/, ""), ndarray(data, [slices, 1, ...rest])),
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
