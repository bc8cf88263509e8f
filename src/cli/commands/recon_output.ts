/** Which files a reconstruction leaves, and writing them. @module */
import { basename, join, parse } from "node:path";
import { UsageError } from "../../errors.ts";
import { folderName } from "../files.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { cflStem, writeCflCoils } from "../../io/cfl.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { writeNpy } from "../../io/numpy/npy.ts";
import { frameCount } from "../../io/axes.ts";
import { leading, type NdArray, ndarray } from "../../ndarray.ts";
import { type DicomDescription, writeDicom } from "../../recon/dicom.ts";
import { writeMrd } from "../../recon/mrd_images.ts";
import { VERSION } from "../../version.ts";
import { outlined } from "../../report/outlines.ts";
import { previewPng, slicePngs, white } from "../render/preview.ts";
import type { AlsoFormat, ReconRequest } from "../options/recon.ts";
import type { Reconstruction } from "../../recon/types.ts";

const DEFAULT_ROOT = "recon";
export const EXAMPLE_NAME = "example";

/**
 * The name of an input without folder and extension: `scans/brain.nii.gz` is `brain`.
 * @throws {UsageError} where that is no name, as of `...h5`
 */
export function inputName(path: string): string {
  return folderName(parse(basename(path).replace(/\.gz$/i, "")).name, path);
}

/** The folder of each input's results, in order. */
export function outputFolders({ inputs, output, again }: ReconRequest): string[] {
  if (again !== undefined && inputs.length < 2) {
    return [output ?? join(DEFAULT_ROOT, `${inputName(inputs[0] ?? EXAMPLE_NAME)}-again`)];
  }
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

/** The formats beside NIfTI: the name of the file (or folder), and how it is written. */
const ALSO: Readonly<
  Record<AlsoFormat, { file: string; write: (path: string, from: Reconstruction) => Promise<void> }>
> = {
  npy: { file: "recon.npy", write: (path, { magnitude }) => writeNpy(path, magnitude) },
  cfl: {
    file: "recon.cfl",
    // BART's first dimension is the column: the complex images [slice, 1 coil, 2, row, column].
    write: (path, { complex: { data, shape: [slices, ...rest] } }) =>
      writeCflCoils(cflStem(path), ndarray(data, [slices, 1, ...rest])),
  },
  png16: {
    file: "slices",
    write: (path, { magnitude }) =>
      numbered(path, "png", [...slicePngs(magnitude)], writeFileWhole),
  },
  mrd: { file: "recon_mrd.h5", write: writeMrd },
};

/** Writes a file for each of several items, numbered from 000; later numbers are no shorter. */
async function numbered<T>(
  folder: string,
  ending: string,
  items: readonly T[],
  write: (path: string, item: T) => Promise<void>,
): Promise<void> {
  await Deno.mkdir(folder);
  const digits = Math.max(3, String(items.length - 1).length);
  for (const [index, item] of items.entries()) {
    await write(join(folder, `${String(index).padStart(digits, "0")}.${ending}`), item);
  }
}

/** The part of a request that says what is written; `sampled`: several posterior samples are drawn. */
type OutputRequest =
  & Pick<ReconRequest, "complex" | "also" | "dicom" | "saveSamples" | "saveMaps">
  & Partial<Pick<ReconRequest, "added">>
  & { readonly errorBars?: boolean; readonly sampled: boolean };

/** Paths of the outputs in a folder, by kind, as recon.json lists them. */
export function outputPaths(
  folder: string,
  { complex, also = [], dicom, saveSamples, saveMaps, errorBars, added, sampled }: OutputRequest,
): Record<string, string> {
  const files: Record<string, string | false | undefined> = {
    magnitude: "recon.nii.gz",
    std: sampled && "std.nii.gz",
    error90: errorBars && "error90.nii.gz",
    added: added && "added.nii.gz",
    flagged: added && "flagged.nii.gz",
    samples: sampled && saveSamples && "samples",
    complex: complex && "complex.nii.gz",
    maps: saveMaps && "maps.cfl",
    ...Object.fromEntries(also.map((format) => [format, ALSO[format].file])),
    dicom: dicom && "dicom",
    preview: "preview.png",
    report: "recon.json",
  };
  return Object.fromEntries(
    Object.entries(files).flatMap(([kind, name]) => name ? [[kind, join(folder, name)]] : []),
  );
}

/** Writes everything but recon.json into a folder that exists. */
export async function writeImages(
  folder: string,
  result: Reconstruction,
  { zeroFilled, ...request }: OutputRequest & DicomDescription & { zeroFilled?: NdArray },
): Promise<void> {
  const paths = outputPaths(folder, request);
  const { magnitude, std, samples, maps, reference, geometry, frames, method } = result;
  const { mask, steps, error90, added, flagged } = result;
  const made = `larmor ${VERSION} ${method} ${steps} steps, ${mask.spec}`;
  const nifti = (path: string, image: NdArray, description = made) =>
    writeNifti(path, {
      ...{ image, geometry, frames, description },
      white: image.shape.length > 3 ? undefined : white(image),
    });
  await nifti(paths.magnitude, magnitude);
  if (std) await nifti(paths.std, std, `standard deviation, ${made}`);
  if (error90) await nifti(paths.error90, error90, `half-width of 90 % error bars, ${made}`);
  if (added) await nifti(paths.added, added, `not determined by the data, ${made}`);
  if (flagged) await nifti(paths.flagged, flagged, `not shown by the data alone, ${made}`);
  if (samples) await numbered(paths.samples, "nii.gz", samples, nifti);
  if (request.complex) await nifti(paths.complex, result.complex);
  if (request.saveMaps && maps) await writeCflCoils(cflStem(paths.maps), maps);
  for (const format of request.also ?? []) await ALSO[format].write(paths[format], result);
  if (request.dicom) await writeDicom(paths.dicom, result, request);
  // Of several frames of a volume the first is shown; single slices are shown in all frames.
  const each = magnitude.shape[0] / frameCount(frames);
  const shown = (image: NdArray) => each > 1 ? leading(image, each) : image;
  const preview = previewPng({
    magnitude: shown(magnitude),
    method,
    geometry,
    reference: reference && shown(reference),
    zeroFilled: zeroFilled && shown(zeroFilled),
    std: std && shown(std),
    error90: error90 && shown(error90),
    added: added && flagged && shown(outlined(added, flagged)),
  });
  await writeFileWhole(paths.preview, preview);
}
