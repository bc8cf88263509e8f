/** The options of `recon`: their table, and what they mean. @module */
import { UsageError } from "../errors.ts";
import type { DeviceRequest } from "../graph/mod.ts";
import { parseMaskSpec } from "../mri/masks.ts";
import type { Calibration } from "../mri/calibrate.ts";
import { DEFAULT_METHOD, methods } from "../recon/methods.ts";
import type { SimulationRequest } from "../recon/simulated.ts";
import { helpText, methodLines } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./options.ts";
import {
  parseChoice,
  parseChoices,
  parseNumber,
  parseSimulation,
  parseSlices,
  type SliceBounds,
} from "./values.ts";

const DEVICES = ["auto", "cpu", "webgpu", "cuda"] as const satisfies readonly DeviceRequest[];
const CALIBRATIONS = ["espirit", "adaptive"] as const satisfies readonly Calibration[];
const DOMAINS = ["image", "kspace"] as const;
/** Further formats that images can be written in. */
const FORMATS = ["npy", "cfl", "png16"] as const;

/** A format beside NIfTI. */
export type AlsoFormat = typeof FORMATS[number];

/** Every option of `recon`. */
export const RECON_OPTIONS = {
  method: { value: "NAME", summary: `reconstruction method (below). Default: ${DEFAULT_METHOD}` },
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
  seed: { value: "N", summary: "seed of random numbers. Default: 0" },
  samples: { value: "N", summary: "posterior samples. The methods that exist give 1" },
  complex: { summary: "write the complex image too (complex.nii.gz)" },
  also: {
    value: "LIST",
    summary: "write other formats too: npy, cfl, png16 (separated by commas)",
  },
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
    about: "Reconstructs k-space into images. INPUT is fastMRI, M4Raw or MATLAB 7.3 HDF5, BART\n" +
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
  readonly output?: string;
  readonly device: DeviceRequest;
  readonly mask?: string;
  readonly steps?: number;
  readonly weight?: number;
  readonly slices?: SliceBounds;
  readonly maps?: string;
  readonly calibration?: Calibration;
  readonly compress?: number;
  readonly simulate?: SimulationRequest;
  readonly domain?: typeof DOMAINS[number];
  readonly seed: number;
  readonly samples: number;
  readonly complex: boolean;
  readonly also: readonly AlsoFormat[];
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
  const { output, mask, maps, slices, simulate, domain, calibration } = values;
  const count = (name: "steps" | "compress") => {
    const text = values[name];
    return text === undefined ? {} : { [name]: parseNumber(`--${name}`, text, positive) };
  };
  if (mask !== undefined) parseMaskSpec(mask);
  checkSamples(values.samples);
  if (simulate !== undefined && domain === "kspace") {
    throw new UsageError(
      "Cannot combine --simulate with --domain kspace: an image is required to simulate from",
    );
  }
  return {
    inputs,
    method: parseChoice("--method", values.method ?? DEFAULT_METHOD, methods.map((m) => m.name)),
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    ...(output === undefined ? {} : { output: nonEmpty("--output", output) }),
    ...(mask === undefined ? {} : { mask }),
    ...(maps === undefined ? {} : { maps }),
    ...count("steps"),
    ...count("compress"),
    ...(values.weight === undefined
      ? {}
      : { weight: parseNumber("--weight", values.weight, { above: 0 }) }),
    ...(slices === undefined ? {} : { slices: parseSlices(slices) }),
    ...(calibration === undefined
      ? {}
      : { calibration: parseChoice("--calibration", calibration, CALIBRATIONS) }),
    ...(simulate === undefined ? {} : { simulate: parseSimulation(simulate) }),
    ...(domain === undefined ? {} : { domain: parseChoice("--domain", domain, DOMAINS) }),
    seed: parseNumber("--seed", values.seed ?? "0", { integer: true, least: 0 }),
    samples: 1,
    also: parseChoices("--also", values.also ?? "", FORMATS),
    ...flags(values),
  };
}

const positive = { integer: true, least: 1 } as const;

function flags(values: ParsedArgs<typeof RECON_OPTIONS>["values"]) {
  return {
    complex: values.complex ?? false,
    dryRun: values["dry-run"] ?? false,
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
  };
}

function checkSamples(text: string | undefined): void {
  const samples = text === undefined ? 1 : parseNumber("--samples", text, positive);
  if (samples > 1) {
    throw new UsageError(
      `Cannot draw ${samples} samples: --samples 1 is required, as the methods that exist give ` +
        "one image",
    );
  }
}

function nonEmpty(option: string, text: string): string {
  if (text !== "") return text;
  throw new UsageError(`Cannot read ${option}: a path is required, found an empty text`);
}
