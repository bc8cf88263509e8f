/** The options of `sample`: their table, and what they mean. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import type { DeviceRequest } from "../../graph/mod.ts";
import { DEFAULT_PRIOR } from "../../samplers/core/method.ts";
import { SCHEDULES, steppers } from "../../samplers/mod.ts";
import type { ScheduleName } from "../../samplers/core/levels.ts";
import { helpText } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import { DEVICES } from "./recon.ts";
import { parseChoice, parseNumber } from "./values.ts";

/** What is drawn where nothing is said: enough steps for Heun on the Karras schedule. */
const DEFAULTS = { stepper: "heun", schedule: "karras", steps: 18, count: 4, size: 256, seed: 0 };
/** An image of fewer pixels shows nothing; more than this is no image. */
const SIZE_BOUNDS = { integer: true, least: 16, most: 2048 } as const;
const POSITIVE = { integer: true, least: 1 } as const;

/** Every option of `sample`. */
export const SAMPLE_OPTIONS = {
  model: {
    value: "NAME|PATH",
    summary: "the prior: a name of models/, a folder, or an ONNX file with model.yaml\n" +
      `beside it. Default: ${DEFAULT_PRIOR}`,
  },
  stepper: { value: "NAME", summary: `how steps are taken (below). Default: ${DEFAULTS.stepper}` },
  schedule: {
    value: "NAME",
    summary: `noise levels: ${SCHEDULES.join(", ")}. Default: ${DEFAULTS.schedule}`,
  },
  steps: { value: "N", summary: `noise levels above 0. Default: ${DEFAULTS.steps}` },
  "sigma-max": { value: "X", summary: "largest noise level. Default: the model's" },
  "sigma-min": { value: "X", summary: "smallest noise level above 0. Default: the model's" },
  count: { value: "N", summary: `images. Default: ${DEFAULTS.count}` },
  size: { value: "N|HxW", summary: `rows and columns. Default: ${DEFAULTS.size}` },
  seed: { value: "N", summary: `seed of random numbers. Default: ${DEFAULTS.seed}` },
  output: { value: "DIR", summary: "folder of the results. Default: sample/<model>" },
  device: { value: "NAME", summary: "auto, cpu, webgpu or cuda. Default: auto" },
  json: { summary: "one line of JSON on stdout" },
  quiet: { summary: "no progress" },
  verbose: { summary: "print the stack of an internal error" },
  version: { summary: "print the version and stop" },
  help: { summary: "print this and stop (also -h)" },
} as const satisfies OptionTable;

/** The text of `sample --help`. */
export function sampleHelp(): string {
  const width = Math.max(...steppers.map(({ name }) => name.length));
  const lines = steppers.map(({ name, summary }) => `${name.padEnd(width)}  ${summary}`);
  return helpText({
    usage: "deno task sample [options]",
    about: "Draws images from a prior, without any data: what the prior takes a brain to be.\n" +
      "Writes samples.nii.gz (magnitude, one image a slice), preview.png and sample.json.",
    options: SAMPLE_OPTIONS,
    sections: [["Steppers", lines]],
    examples: [
      "deno task sample",
      "deno task sample --model prior-brain --stepper dpm++2m --steps 20 --count 9 --size 192",
    ],
  });
}

/** What a user asks of `sample`. */
export interface SampleRequest {
  readonly model: string;
  readonly stepper: string;
  readonly schedule: ScheduleName;
  readonly steps: number;
  readonly sigmaMax?: number;
  readonly sigmaMin?: number;
  readonly count: number;
  readonly size: readonly [number, number];
  readonly seed: number;
  readonly output?: string;
  readonly device: DeviceRequest;
  readonly json: boolean;
  readonly quiet: boolean;
}

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function sampleRequest(
  { values, inputs }: ParsedArgs<typeof SAMPLE_OPTIONS>,
): SampleRequest {
  if (inputs.length > 0) {
    throw new UsageError(`Cannot use ${inputs[0]}: sample takes options only`);
  }
  const { model = DEFAULT_PRIOR, stepper = DEFAULTS.stepper, schedule = DEFAULTS.schedule } =
    values;
  const count = (name: "steps" | "count") =>
    parseNumber(`--${name}`, values[name] ?? String(DEFAULTS[name]), POSITIVE);
  const level = (option: "sigma-max" | "sigma-min", key: "sigmaMax" | "sigmaMin") => {
    const text = values[option];
    return text === undefined ? {} : { [key]: parseNumber(`--${option}`, text, { above: 0 }) };
  };
  for (const option of ["model", "output"] as const) {
    if (values[option] === "") {
      throw new UsageError(`Cannot read --${option}: a path is required, found an empty text`);
    }
  }
  return {
    model,
    stepper: parseChoice("--stepper", stepper, steppers.map(({ name }) => name)),
    schedule: parseChoice("--schedule", schedule, SCHEDULES),
    steps: count("steps"),
    ...level("sigma-max", "sigmaMax"),
    ...level("sigma-min", "sigmaMin"),
    count: count("count"),
    size: sizeOf(values.size ?? String(DEFAULTS.size)),
    seed: parseNumber("--seed", values.seed ?? String(DEFAULTS.seed), { integer: true, least: 0 }),
    ...(values.output === undefined ? {} : { output: values.output }),
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    json: values.json ?? false,
    quiet: values.quiet ?? false,
  };
}

/** `N` or `HxW`. */
function sizeOf(text: string): [number, number] {
  const [rows, columns = rows, ...more] = text.split("x");
  const read = (part: string) => parseNumber("--size", part, SIZE_BOUNDS);
  if (more.length === 0) return [read(rows), read(columns)];
  throw new UsageError(`Cannot read --size: N or HxW is required, found '${text}'`);
}

/** The folder of the results. */
export function sampleFolder({ output }: SampleRequest, modelName: string): string {
  return output ?? join("sample", modelName);
}
