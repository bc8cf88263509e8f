/** The options of `simulate`: their table, and what they mean. @module */
import { extname } from "node:path";
import { UsageError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/mod.ts";
import { type MaskSpec, parseMaskSpec } from "../../mri/sampling/masks.ts";
import type { Contrast } from "../../mri/phantom/phantom.ts";
import type { PhantomImageOptions } from "../../recon/example.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { helpText } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import {
  parseChoice,
  parseNumber,
  parseSlices,
  SIMULATION_BOUNDS,
  SIMULATION_DEFAULTS,
  type SliceBounds,
} from "./values.ts";

const CONTRASTS = ["T1", "T2", "FLAIR", "PD"] as const satisfies readonly Contrast[];
const DEVICES = ["auto", "cpu", "webgpu", "cuda"] as const satisfies readonly DeviceRequest[];
const DEFAULT_OUTPUT = "simulated.h5";
const DEFAULT_SIZE = 256;
/** A head of fewer pixels is no head; more than this is no image. */
const SIZE_BOUNDS = { integer: true, least: 32, most: 2048 } as const;

/** Formats of simulated k-space by the extension that asks for them. */
const FORMAT_OF: Readonly<Record<string, OutputFormat>> = {
  ".h5": "h5",
  ".hdf5": "h5",
  ".cfl": "cfl",
  ".npy": "npy",
};

/** A format of simulated k-space. */
export type OutputFormat = "h5" | "cfl" | "npy";

const { coils, noise, seed } = SIMULATION_DEFAULTS;

/** Every option of `simulate`. */
export const SIMULATE_OPTIONS = {
  coils: { value: "N", summary: `number of coils. Default: ${coils}` },
  noise: {
    value: "X",
    summary: "standard deviation of the noise, of real and imaginary part, relative to\n" +
      `bright tissue. Default: ${noise}`,
  },
  seed: { value: "N", summary: `seed of coils, phase, noise and phantom. Default: ${seed}` },
  mask: { value: "SPEC", summary: "undersample, as in recon. Default: all lines" },
  slices: { value: "A:B", summary: "slices A to B - 1, counted from 0. Default: all" },
  output: {
    value: "FILE",
    summary: `.h5 (fastMRI layout), .cfl (BART) or .npy. Default: ${DEFAULT_OUTPUT}.\n` +
      "Only .h5 holds the truth (reconstruction_rss), the affine and the mask",
  },
  size: { value: "N", summary: `rows and columns of the phantom. Default: ${DEFAULT_SIZE}` },
  contrast: { value: "NAME", summary: "T1, T2, FLAIR or PD of the phantom. Default: T1" },
  lesions: { value: "N", summary: "lesions of the phantom. Default: 0" },
  device: { value: "NAME", summary: "auto, cpu, webgpu or cuda. Default: auto" },
  json: { summary: "one line of JSON on stdout" },
  quiet: { summary: "no progress" },
  verbose: { summary: "print the stack of an internal error" },
  version: { summary: "print the version and stop" },
  help: { summary: "print this and stop (also -h)" },
} as const satisfies OptionTable;

/** The text of `simulate --help`. */
export function simulateHelp(): string {
  return helpText({
    usage: "deno task simulate [IMAGE] [options]",
    about:
      "Makes multi-coil k-space from an image (NIfTI, or .npy with axes ([slice,] row, column)).\n" +
      "Rows are the readout, columns the phase-encode axis. Without IMAGE a brain phantom is drawn.",
    options: SIMULATE_OPTIONS,
    examples: [
      "deno task simulate volume.nii.gz --coils 8 --noise 0.02 --output k.h5",
      "deno task simulate --contrast FLAIR --lesions 5 --output phantom.h5",
    ],
  });
}

/** What a user asks of `simulate`. */
export interface SimulateRequest {
  /** Image; absent for the phantom. */
  readonly input?: string;
  readonly phantom: PhantomImageOptions;
  readonly simulation: SimulationRequest;
  readonly mask?: MaskSpec;
  readonly slices?: SliceBounds;
  readonly output: string;
  readonly format: OutputFormat;
  readonly device: DeviceRequest;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function simulateRequest(
  { values, inputs }: ParsedArgs<typeof SIMULATE_OPTIONS>,
): SimulateRequest {
  if (inputs.length > 1) {
    throw new UsageError(`Cannot simulate from ${inputs.length} images: one is required`);
  }
  const { mask, slices, output = DEFAULT_OUTPUT } = values;
  const simulation = simulationOf(values);
  return {
    ...(inputs.length === 0 ? {} : { input: inputs[0] }),
    phantom: phantomOf(values, inputs, simulation.seed),
    simulation,
    ...(mask === undefined ? {} : { mask: parseMaskSpec(mask) }),
    ...(slices === undefined ? {} : { slices: parseSlices(slices) }),
    output,
    format: formatOf(output),
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
  };
}

type Values = ParsedArgs<typeof SIMULATE_OPTIONS>["values"];

function simulationOf(values: Values): SimulationRequest {
  const read = (name: keyof SimulationRequest) =>
    parseNumber(
      `--${name}`,
      values[name] ?? String(SIMULATION_DEFAULTS[name]),
      SIMULATION_BOUNDS[name],
    );
  return { coils: read("coils"), noise: read("noise"), seed: read("seed") };
}

function phantomOf(values: Values, inputs: readonly string[], seed: number): PhantomImageOptions {
  const given = (["size", "contrast", "lesions"] as const).find((name) => values[name]);
  if (given !== undefined && inputs.length > 0) {
    throw new UsageError(`Cannot use --${given} with ${inputs[0]}: it is for the phantom alone`);
  }
  const { size = String(DEFAULT_SIZE), contrast = "T1", lesions = "0" } = values;
  return {
    size: parseNumber("--size", size, SIZE_BOUNDS),
    contrast: parseChoice("--contrast", contrast, CONTRASTS),
    lesions: parseNumber("--lesions", lesions, { integer: true, least: 0, most: 24 }),
    seed,
  };
}

function formatOf(output: string): OutputFormat {
  const format = FORMAT_OF[extname(output).toLowerCase()];
  if (format !== undefined) return format;
  throw new UsageError(
    `Cannot write ${output}: a name that ends in ${Object.keys(FORMAT_OF).join(", ")} is required`,
  );
}
