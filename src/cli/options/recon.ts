/** The options of `recon`: their table, and what they mean. @module */
import { UsageError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/mod.ts";
import { type MaskSpec, parseMaskSpec } from "../../mri/sampling/masks.ts";
import type { Calibration } from "../../mri/calibration/calibrate.ts";
import { DEFAULT_METHOD, findMethod, methodOptions, methods } from "../../recon/methods.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { helpText, methodLines } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import {
  parseChoice,
  parseChoices,
  parseNumber,
  parseSimulation,
  parseSlices,
  type SliceBounds,
} from "./values.ts";

/** Devices by name. */
export const DEVICES = [
  "auto",
  "cpu",
  "webgpu",
  "cuda",
] as const satisfies readonly DeviceRequest[];
const CALIBRATIONS = ["espirit", "adaptive"] as const satisfies readonly Calibration[];
const DOMAINS = ["image", "kspace"] as const;
/** Further formats that images can be written in. */
const FORMATS = ["npy", "cfl", "png16", "mrd"] as const;

/** A format beside NIfTI. */
export type AlsoFormat = typeof FORMATS[number];

/** Every option of `recon`. */
export const RECON_OPTIONS = {
  method: { value: "NAME", summary: `reconstruction method (below). Default: ${DEFAULT_METHOD}` },
  model: {
    value: "NAME|PATH",
    summary: "network of a method that has one: a name of models/, a folder, or an\n" +
      "ONNX file with model.yaml beside it. Default: the method's own",
  },
  output: {
    value: "DIR",
    summary: "folder of the results. Default: recon/<input name>.\n" +
      "With several inputs: DIR/<input name>",
  },
  device: {
    value: "NAME",
    summary: "auto, cpu, webgpu or cuda. Default: auto = cuda, else a hardware\n" +
      "WebGPU adapter, else cpu",
  },
  mask: {
    value: "SPEC",
    summary: "undersample a full file: full, equispaced:R=4,acs=24,\n" +
      "random:R=4,acs=24,seed=1, poisson:R=6,acs=24, partial:fraction=0.75,\n" +
      "or a file (.npy, .cfl, text of 0 and 1). Default: what was acquired",
  },
  steps: { value: "N", summary: "iterations or steps. Default: the method's own" },
  weight: {
    value: "X",
    summary: "factor on the regularisation weight, which is chosen from the noise\n" +
      "and the acceleration. Default: 1",
  },
  slices: { value: "A:B", summary: "slices A to B - 1, counted from 0. Default: all" },
  maps: {
    value: "FILE",
    summary: "coil maps (.cfl, .npy). Default: ESPIRiT from the calibration region",
  },
  calibration: {
    value: "NAME",
    summary: "espirit, or adaptive (cheaper, rougher maps). Default: espirit",
  },
  compress: { value: "N", summary: "compress to N virtual coils. Default: all coils" },
  simulate: {
    value: "SPEC",
    summary: "the input is an image to make k-space from: coils=8,noise=0.02,seed=0\n" +
      "(any of them; noise relative to bright tissue)",
  },
  domain: {
    value: "NAME",
    summary: "kspace: a complex NIfTI holds k-space. Default: image for NIfTI,\n" +
      "kspace for all else",
  },
  group: {
    value: "NAME",
    summary: "group of an ISMRMRD file. Default: the only one, or dataset",
  },
  encoding: {
    value: "N",
    summary: "encoding of an ISMRMRD file. Default: that of its first image line",
  },
  seed: { value: "N", summary: "seed of random numbers. Default: 0" },
  samples: {
    value: "N",
    summary: "posterior samples, of methods that draw them; the image is their mean,\n" +
      "std.nii.gz their standard deviation. Default: 4",
  },
  "save-samples": { summary: "write every sample too (samples/NNN.nii.gz)" },
  audit: {
    summary: "hold back some acquired lines, reconstruct without them and report how well\n" +
      "they were predicted, beside sense. Costs a second reconstruction of each slice",
  },
  complex: { summary: "write the complex image too (complex.nii.gz)" },
  also: {
    value: "LIST",
    summary: "write other formats too: npy, cfl, png16, mrd (separated by commas)",
  },
  dicom: { summary: "write DICOM too: dicom/, a file for each slice" },
  "dicom-tags": {
    value: "FILE",
    summary: "YAML file of DICOM attributes to set (PatientName: ..., PatientID: ...).\n" +
      "Default: none, the files are anonymous",
  },
  stdin: { summary: "read an MRD stream (ISMRMRD) from stdin; with --stdout" },
  stdout: { summary: "write an MRD stream with the images to stdout; with --stdin" },
  "dry-run": { summary: "print the plan and the predicted memory, and stop" },
  config: {
    value: "FILE",
    summary: "YAML file with these options (and input: [PATH, ...]); the command\n" +
      "line wins, --no-FLAG turns a flag off",
  },
  json: { summary: "one line of JSON on stdout for each input" },
  quiet: { summary: "no progress" },
  verbose: { summary: "print the stack of an internal error" },
  version: { summary: "print the version and stop" },
  help: { summary: "print this and stop (also -h)" },
} as const satisfies OptionTable;

/** The text of `recon --help`. */
export function reconHelp(): string {
  return helpText({
    usage: "deno task recon [INPUT ...] [options]",
    about:
      "Reconstructs k-space into images. INPUT is ISMRMRD, fastMRI, M4Raw or MATLAB 7.3 HDF5, BART\n" +
      ".cfl/.hdr, NumPy .npy or NIfTI, recognised by its content. Without INPUT a built-in brain\n" +
      "phantom is reconstructed. Writes recon.nii.gz, preview.png and recon.json.",
    options: RECON_OPTIONS,
    sections: [["Methods", methodLines()]],
    examples: [
      "deno task recon",
      "deno task recon scan.h5 --method tv",
      "deno task recon scan.h5 --mask equispaced:R=4,acs=24 --json",
      "deno task recon volume.nii.gz --simulate coils=8,noise=0.02 --mask random:R=4,acs=24",
    ],
  });
}

/** What a user asks of `recon`. */
export interface ReconRequest {
  /** Files; none means the built-in example. */
  readonly inputs: readonly string[];
  readonly method: string;
  readonly model?: string;
  readonly output?: string;
  readonly device: DeviceRequest;
  readonly mask?: MaskSpec;
  readonly steps?: number;
  readonly weight?: number;
  readonly slices?: SliceBounds;
  readonly maps?: string;
  readonly calibration?: Calibration;
  readonly compress?: number;
  readonly simulate?: SimulationRequest;
  readonly domain?: typeof DOMAINS[number];
  readonly group?: string;
  readonly encoding?: number;
  readonly seed: number;
  readonly samples?: number;
  readonly saveSamples: boolean;
  readonly audit: boolean;
  readonly complex: boolean;
  readonly also: readonly AlsoFormat[];
  readonly dicom: boolean;
  readonly dicomTags?: string;
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function reconRequest(
  { values, inputs }: ParsedArgs<typeof RECON_OPTIONS>,
): ReconRequest {
  const { output, model, mask, maps, slices, simulate, domain, calibration } = values;
  const count = (name: "steps" | "compress" | "samples") => {
    const text = values[name];
    return text === undefined ? {} : { [name]: parseNumber(`--${name}`, text, positive) };
  };
  if (simulate !== undefined && domain === "kspace") {
    throw new UsageError(
      "Cannot combine --simulate with --domain kspace: an image is required to simulate from",
    );
  }
  const names = methods.map(({ name }) => name);
  const method = parseChoice("--method", values.method ?? DEFAULT_METHOD, names);
  methodOptions(findMethod(method), {
    ...count("samples"),
    ...(model === undefined ? {} : { model }),
  });
  if (values.audit === true) requirePhase(method);
  return {
    inputs,
    method,
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    ...(output === undefined ? {} : { output: nonEmpty("--output", output) }),
    ...(model === undefined ? {} : { model: nonEmpty("--model", model) }),
    ...(mask === undefined ? {} : { mask: parseMaskSpec(mask) }),
    ...(maps === undefined ? {} : { maps }),
    ...count("steps"),
    ...count("compress"),
    ...count("samples"),
    ...(values.weight === undefined
      ? {}
      : { weight: parseNumber("--weight", values.weight, { above: 0 }) }),
    ...(slices === undefined ? {} : { slices: parseSlices(slices) }),
    ...(calibration === undefined
      ? {}
      : { calibration: parseChoice("--calibration", calibration, CALIBRATIONS) }),
    ...(simulate === undefined ? {} : { simulate: parseSimulation(simulate) }),
    ...(domain === undefined ? {} : { domain: parseChoice("--domain", domain, DOMAINS) }),
    ...(values.group === undefined ? {} : { group: nonEmpty("--group", values.group) }),
    ...(values.encoding === undefined ? {} : {
      encoding: parseNumber("--encoding", values.encoding, { integer: true, least: 0 }),
    }),
    ...dicomTags(values),
    seed: parseNumber("--seed", values.seed ?? "0", { integer: true, least: 0 }),
    also: parseChoices("--also", values.also ?? "", FORMATS),
    ...flags(values),
  };
}

const positive = { integer: true, least: 1 } as const;

/** Refuses methods whose images cannot predict samples. */
function requirePhase(name: string): void {
  if (findMethod(name).needsMaps) return;
  throw new UsageError(
    `Cannot audit ${name}: a method with coil maps is required, as its image has no phase to ` +
      "predict samples with",
  );
}

function flags(values: ParsedArgs<typeof RECON_OPTIONS>["values"]) {
  return {
    audit: values.audit ?? false,
    complex: values.complex ?? false,
    saveSamples: values["save-samples"] ?? false,
    dicom: values.dicom ?? false,
    stdin: values.stdin ?? false,
    stdout: values.stdout ?? false,
    dryRun: values["dry-run"] ?? false,
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
  };
}

function dicomTags(
  { dicom, "dicom-tags": path }: ParsedArgs<typeof RECON_OPTIONS>["values"],
): { dicomTags?: string } {
  if (path === undefined) return {};
  if (dicom === true) return { dicomTags: nonEmpty("--dicom-tags", path) };
  throw new UsageError("Cannot use --dicom-tags: --dicom is required, found none");
}

function nonEmpty(option: string, text: string): string {
  if (text !== "") return text;
  throw new UsageError(`Cannot read ${option}: a path is required, found an empty text`);
}
