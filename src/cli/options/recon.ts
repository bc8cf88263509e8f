/** The options of `recon`. @module */
import { UsageError } from "../../errors.ts";
import { DEFAULT_METHOD, findMethod, methodOptions } from "../../recon/methods.ts";
import type { Method, MethodOptions } from "../../method/problem.ts";
import type { ReconstructOptions } from "../../recon/types.ts";
import { type CommandHelp, methodLines, weightLines } from "./help.ts";
import {
  checkInput,
  COMMON,
  DEVICE,
  INPUT,
  MAPS,
  mapSetsOf,
  MASK,
  METHOD,
  METHOD_NAMES,
  SEED,
} from "./shared.ts";
import { option, type RequestOf } from "./table.ts";
import { countOr, index, listOf, oneOf, path } from "./values.ts";

const FORMATS = ["npy", "cfl", "png16", "mrd"] as const;

export type AlsoFormat = typeof FORMATS[number];

export const RECON_OPTIONS = {
  method: option("NAME", "reconstruction method (below)", oneOf(METHOD_NAMES), DEFAULT_METHOD),
  ...METHOD,
  ...MASK,
  ...MAPS,
  "update-maps": option(
    "N",
    "bring the coil maps nearer to all acquired lines with the image that was found, and reconstruct " +
      "again, N times: for maps from few or bad calibration lines. Default: 0",
    index,
  ),
  compress: option(
    "N",
    "compress to N virtual coils, auto or off; auto compresses more than 24 coils to 16. Default: auto",
    countOr(["auto", "off"]),
  ),
  whiten: option(
    "FILE",
    "noise of the coils: auto measures it where the data show air and whitens it where it is unequal " +
      "or correlated, off leaves it; or the file of a noise scan. Noise scans of raw data whiten it as it " +
      "is read, but with off or FILE. Default: auto",
    path,
  ),
  ...INPUT,
  ...SEED,
  ...DEVICE,
  output: option(
    "DIR",
    "folder of the results; with several inputs DIR/<input name>. " +
      "Default: recon/<input name>",
    path,
  ),
  audit: {
    summary:
      "leave out some acquired lines, reconstruct without them, and report how well the image " +
      "predicts them, compared with sense. Takes a second reconstruction of each slice",
  },
  "error-bars": {
    summary:
      "write for each pixel how far its true magnitude may lie from the image (error90.nii.gz, which holds " +
      "it in 90 % of the pixels of the head), and a lower bound of the PSNR. Without a calibration of the " +
      "method this is an error. By default they are written where there is one; --no-error-bars leaves them out",
    fallback: "where-calibrated",
  } as const,
  added: {
    summary:
      "write the part of the image that the data do not determine (added.nii.gz), and where a structure is not " +
      "shown by the data alone (flagged.nii.gz). For methods with coil maps; takes a reconstruction by tv",
  },
  complex: { summary: "write the complex image too (complex.nii.gz)" },
  "save-samples": { summary: "write each posterior sample too (samples/NNN.nii.gz)" },
  "save-maps": {
    summary:
      "write the coil sensitivity maps too (maps.cfl and maps.hdr, as BART has them), which " +
      "--maps reads again",
  },
  also: option(
    "LIST",
    "write other formats too: npy, cfl, png16, mrd, separated by commas",
    listOf(FORMATS, "format"),
  ),
  dicom: { summary: "write DICOM too: dicom/, a file for each slice" },
  "dicom-tags": option(
    "FILE",
    "YAML file of DICOM attributes to set (PatientName: ..., PatientID: ...). " +
      "Default: none; the files are anonymous",
    path,
  ),
  stdin: { summary: "read an MRD stream (ISMRMRD) from stdin; requires --stdout" },
  stdout: { summary: "write an MRD stream of images to stdout; requires --stdin" },
  strict: { summary: "treat warnings as errors: exit with 3 and write nothing" },
  again: option(
    "FILE",
    "repeat the run of a recon.json with every option that was in force, its settings and threads " +
      "too; other options go over it. Default of --output: recon/<input name>-again",
    path,
  ),
  "dry-run": { summary: "print the plan and the predicted memory and time, and stop" },
  ...COMMON,
};

export const RECON: CommandHelp<typeof RECON_OPTIONS> = {
  usage: "deno task recon [INPUT ...] [options]",
  about: "Reconstructs k-space into images. INPUT is ISMRMRD, fastMRI, M4Raw or MATLAB 7.3 HDF5, " +
    "BART .cfl/.hdr, NumPy .npy or NIfTI, recognised by its content. Without INPUT a built-in brain " +
    "phantom is reconstructed. Writes recon.nii.gz, preview.png and recon.json; std.nii.gz when " +
    "several posterior samples are drawn, error90.nii.gz where error bars are calibrated, added.nii.gz and " +
    "flagged.nii.gz with --added.",
  options: RECON_OPTIONS,
  sections: [["Methods", methodLines()], ["What --weight multiplies", weightLines()]],
  examples: [
    "deno task recon",
    "deno task recon scan.h5 --method tv",
    "deno task recon scan.h5 --mask equispaced:R=4,acs=24 --json",
    "deno task recon volume.nii.gz --simulate coils=8,noise=0.02 --mask random:R=4,acs=24",
  ],
};

/** A command line of `recon`; no inputs mean the built-in example. */
export type ReconRequest = RequestOf<typeof RECON_OPTIONS>;

export function checkRecon(request: ReconRequest): ReconRequest {
  const { model, samples, weight, dicom, dicomTags } = request;
  const method = findMethod(request.method);
  checkInput(request);
  const settings = settingsOf(request);
  methodOptions(method, { model, samples, weight, settings });
  requireMaps(method, request);
  if (dicomTags !== undefined && !dicom) {
    throw new UsageError("Cannot use --dicom-tags: --dicom is required, found none");
  }
  return request;
}

/** @throws {UsageError} for an option that needs coil maps, of a method, or a method with a model, that has none */
export function requireMaps(
  method: Method,
  { audit, errorBars, added, saveMaps }: ReconRequest,
): void {
  if (audit && !method.needsMaps) {
    throw new UsageError(
      `Cannot audit ${method.name}: a method with coil maps is required, as its image has no phase ` +
        "to predict samples with",
    );
  }
  if (errorBars === true && (!method.needsMaps || method.defaultModel === undefined)) {
    throw new UsageError(
      `Cannot make error bars of ${method.name}: a method with coil maps and a network is required, as ` +
        "the calibration stands in the folder of the network",
    );
  }
  if (added && !method.needsMaps) {
    throw new UsageError(
      `Cannot tell what ${method.name} added: a method with coil maps is required, as its image has no phase`,
    );
  }
  if (saveMaps && !method.needsMaps) {
    throw new UsageError(
      `Cannot save the maps of ${method.name}: a method with coil maps is required`,
    );
  }
}

/** The settings of a tuned file, and those of `--set` over them. */
function settingsOf({ method, set, settings }: ReconRequest): MethodOptions["settings"] {
  if (settings === undefined) return set;
  if (settings.method === method) return { ...settings.settings, ...set };
  throw new UsageError(
    `Cannot use --settings: settings of ${method} are required, found those of ${settings.method}`,
    { hint: `Add --method ${settings.method}` },
  );
}

export function methodRequest(request: ReconRequest): ReconstructOptions {
  const { method, model, steps, weight, samples, maps, calibration, compress, whiten, seed } =
    request;
  return {
    method,
    model,
    steps,
    weight,
    samples,
    maps,
    calibration,
    mapSets: mapSetsOf(request.mapSets),
    updateMaps: request.updateMaps,
    compress,
    whiten,
    seed,
    settings: settingsOf(request),
    errorBars: request.errorBars === true, // by default `recon` alone makes them: recon.ts
    added: request.added,
    keepSamples: request.saveSamples,
    keepMaps: request.saveMaps,
  };
}
