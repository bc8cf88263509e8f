/** The options of `stress`: their table, and what they mean. @module */
import { UsageError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/mod.ts";
import { type MaskSpec, parseMaskSpec } from "../../mri/sampling/masks.ts";
import type { MethodOptions } from "../../method/problem.ts";
import { methods } from "../../recon/methods.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { helpText, methodLines } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import { DEVICES } from "./recon.ts";
import {
  parseChoice,
  parseChoices,
  parseNumber,
  SIMULATION_BOUNDS,
  SIMULATION_DEFAULTS,
} from "./values.ts";

const DEFAULTS = {
  methods: "sense,wavelet,tv,dpir,diffpir",
  mask: "equispaced:R=4,acs=24",
  output: "stress",
  brightness: "0.3",
  size: "256",
} as const;

/** Every method, in `--methods`. */
const ALL = "all";

const { coils, noise, seed } = SIMULATION_DEFAULTS;

/** Every option of `stress`. */
export const STRESS_OPTIONS = {
  methods: {
    value: "LIST",
    summary: `methods, separated by commas, or all. Default: ${DEFAULTS.methods}`,
  },
  mask: { value: "SPEC", summary: `sampling, as in recon. Default: ${DEFAULTS.mask}` },
  output: { value: "DIR", summary: `folder of the results. Default: ${DEFAULTS.output}` },
  slice: { value: "N", summary: "slice of INPUT, counted from 0. Default: the middle one" },
  size: {
    value: "N",
    summary: `rows and columns of the built-in image. Default: ${DEFAULTS.size}`,
  },
  brightness: {
    value: "X",
    summary: "brightness of the added structures relative to bright tissue; negative\n" +
      `for dark ones. Default: ${DEFAULTS.brightness}`,
  },
  coils: { value: "N", summary: `simulated coils. Default: ${coils}` },
  noise: { value: "X", summary: `noise relative to bright tissue. Default: ${noise}` },
  model: {
    value: "NAME|PATH",
    summary: "network of the posterior samplers: a name of models/, a folder, or an\n" +
      "ONNX file with model.yaml beside it. Default: the methods' own",
  },
  steps: { value: "N", summary: "iterations or steps of all methods. Default: their own" },
  samples: {
    value: "N",
    summary: "posterior samples of methods that draw them. Default: their own",
  },
  seed: { value: "N", summary: `seed of simulation, places and methods. Default: ${seed}` },
  device: { value: "NAME", summary: "auto, cpu, webgpu or cuda. Default: auto" },
  json: { summary: "one line of JSON on stdout instead of the table" },
  quiet: { summary: "no progress" },
  verbose: { summary: "print the stack of an internal error" },
  version: { summary: "print the version and stop" },
  help: { summary: "print this and stop (also -h)" },
} as const satisfies OptionTable;

/** The text of `stress --help`. */
export function stressHelp(): string {
  return helpText({
    usage: "deno task stress [INPUT] [options]",
    about:
      "Puts methods to what they were not made for, on k-space simulated from one slice of INPUT (an\n" +
      "image: NIfTI or .npy; without it a brain is drawn), so that the truth is known.\n" +
      "Structures that no training has shown (a dot, lines, text) are added to the truth: `kept` is how\n" +
      "much of their contrast the reconstruction has, `leak` the share of its change that lies\n" +
      "elsewhere. Then mask, acceleration, noise, contrast and seed are changed one at a time.\n" +
      "Each method takes nine reconstructions. Writes stress.json, stress.csv and stress.png.",
    options: STRESS_OPTIONS,
    sections: [["Methods", methodLines()]],
    examples: [
      "deno task stress",
      "deno task stress volume.nii.gz --methods wavelet,diffpir --mask equispaced:R=8,acs=16",
    ],
  });
}

/** What a user asks of `stress`. */
export interface StressRequest {
  /** Image; absent for the built-in one. */
  readonly input?: string;
  readonly methods: readonly string[];
  readonly mask: MaskSpec;
  readonly output: string;
  readonly slice?: number;
  /** Of the built-in image. */
  readonly size: number;
  readonly brightness: number;
  readonly simulation: SimulationRequest;
  /** What methods are told, where they can be told. */
  readonly asked: MethodOptions;
  readonly seed: number;
  readonly device: DeviceRequest;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

const positive = { integer: true, least: 1 } as const;

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function stressRequest(
  { values, inputs }: ParsedArgs<typeof STRESS_OPTIONS>,
): StressRequest {
  if (inputs.length > 1) {
    throw new UsageError(`Cannot stress with ${inputs.length} images: one is required`);
  }
  if (values.size !== undefined && inputs.length > 0) {
    throw new UsageError(`Cannot use --size with ${inputs[0]}: it is for the built-in image alone`);
  }
  const { mask = DEFAULTS.mask, output = DEFAULTS.output, slice } = values;
  if (output === "") throw new UsageError("Cannot read --output: a path is required");
  const brightness = parseNumber("--brightness", values.brightness ?? DEFAULTS.brightness, {
    least: -1,
    most: 2,
  });
  if (brightness === 0) throw new UsageError("Cannot read --brightness: 0 adds nothing");
  const seed = parseNumber("--seed", values.seed ?? "0", SIMULATION_BOUNDS.seed);
  return {
    ...(inputs.length === 0 ? {} : { input: inputs[0] }),
    methods: methodsOf(values.methods ?? DEFAULTS.methods),
    mask: parseMaskSpec(mask),
    output,
    ...(slice === undefined
      ? {}
      : { slice: parseNumber("--slice", slice, { integer: true, least: 0 }) }),
    size: parseNumber("--size", values.size ?? DEFAULTS.size, {
      integer: true,
      least: 48,
      most: 2048,
    }),
    brightness,
    simulation: { coils: number("coils", values), noise: number("noise", values), seed },
    asked: asked(values),
    seed,
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
  };
}

type Values = ParsedArgs<typeof STRESS_OPTIONS>["values"];

function methodsOf(text: string): readonly string[] {
  const names = methods.map(({ name }) => name);
  if (text === ALL) return names;
  const chosen = parseChoices("--methods", text, names);
  if (chosen.length > 0) return chosen;
  throw new UsageError("Cannot read --methods: at least one method is required, found none");
}

const number = (name: "coils" | "noise", values: Values) =>
  parseNumber(
    `--${name}`,
    values[name] ?? String(SIMULATION_DEFAULTS[name]),
    SIMULATION_BOUNDS[name],
  );

function asked({ model, ...values }: Values): MethodOptions {
  const count = (name: "steps" | "samples") => {
    const text = values[name];
    return text === undefined ? {} : { [name]: parseNumber(`--${name}`, text, positive) };
  };
  return { ...count("steps"), ...count("samples"), ...(model === undefined ? {} : { model }) };
}
