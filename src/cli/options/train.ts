/** Options of `deno task train`. @module */
import { InputError, UsageError } from "../../errors.ts";
import {
  type NetworkSizes,
  type ReconstructionTrainingOptions,
  TRAINABLE,
  type Trainable,
} from "../../train/mod.ts";
import { withConfig } from "./config.ts";
import { didYouMean } from "../../suggest.ts";
import { type OptionTable, parseOptions } from "./table.ts";

/** The options, in the order of the help. */
export const TRAIN_OPTIONS = {
  data: {
    value: "FOLDER",
    summary: "NIfTI volumes (magnitude or complex) and fully sampled k-space files to train on",
  },
  validation: {
    value: "FOLDER",
    summary:
      "volumes to judge on; default the folder `validation` beside the data, if there is one",
  },
  output: { value: "FOLDER", summary: "the model's folder, e.g. models/prior-brain" },
  steps: { value: "N", summary: "steps of the whole run; default 4000 unless --hours is given" },
  hours: {
    value: "H",
    summary: "hours of the whole run; the learning rate then follows the clock",
  },
  resume: { summary: "go on from the checkpoint in the output folder" },
  seed: { value: "N", summary: "seed of weights, images and noise; default 1" },
  batch: { value: "N", summary: "images in a step; default 8" },
  crop: { value: "N", summary: "pixels of each side of an image; default 96" },
  rate: { value: "R", summary: "peak learning rate; default 0.001" },
  "checkpoint-minutes": { value: "M", summary: "minutes between checkpoints; default 2" },
  "validate-every": { value: "N", summary: "steps between validations; default 250" },
  from: {
    value: "NAME|PATH",
    summary:
      "begin with the weights of a model of the same kind and sizes; varnet may have more cascades, which follow; modl also takes a prior's",
  },
  cascades: { value: "N", summary: "cascades of varnet, iterations of modl; default 5 and 10" },
  shared: { summary: "all cascades of varnet share their weights; --from then lets them part" },
  channels: {
    value: "N",
    summary: "channels of the finest level of unet and varnet; default 20 and 16",
  },
  pools: { value: "N", summary: "levels below it; default 4 and 3" },
  procedural: {
    value: "SHARE",
    summary: "share of the images that are drawn brains, 0 to 1; default 0",
  },
  notes: { value: "FILE.md", summary: "licences and limits, copied into the model's card" },
  config: { value: "FILE.yaml", summary: "the same options from a file; the command line wins" },
  help: { summary: "this text" },
} as const satisfies OptionTable;

/** What the command line asks for. */
export interface TrainRequest {
  /** Which network. */
  readonly kind: Trainable;
  /** Options of the run. */
  readonly options: ReconstructionTrainingOptions & { readonly batch: number };
}

/** Default length of a run. */
const STEPS = 4000;

/**
 * Reads the command line.
 * @returns undefined when help was asked for
 * @throws {UsageError} when it does not say what to do
 */
export async function trainRequest(args: readonly string[]): Promise<TrainRequest | undefined> {
  const { values, inputs } = await withConfig(TRAIN_OPTIONS, parseOptions(TRAIN_OPTIONS, args));
  if (values.help) return undefined;
  const { data, validation, output, notes, from } = values;
  const kind = kindOf(inputs);
  if (from !== undefined && kind === "prior") {
    throw new UsageError("Cannot begin a prior with --from: unet, varnet or modl is required");
  }
  if (data === undefined || output === undefined) {
    throw new UsageError(`Cannot train: --data and --output are required`);
  }
  const hours = numberOf("hours", values.hours, { least: 1e-6 });
  const steps = numberOf("steps", values.steps, { whole: true }) ??
    (hours === undefined ? STEPS : undefined);
  const whole = { whole: true };
  return {
    kind,
    options: {
      data,
      output,
      validation,
      steps,
      hours,
      from,
      notes: notes && await readNotes(notes),
      resume: values.resume,
      seed: numberOf("seed", values.seed, { whole: true, least: 0 }),
      batch: numberOf("batch", values.batch, whole) ?? 8,
      crop: numberOf("crop", values.crop, whole),
      rate: numberOf("rate", values.rate, { least: 1e-9 }),
      procedural: shareOf(values.procedural),
      architecture: networkSizes(kind, values),
      checkpointMinutes: numberOf("checkpoint-minutes", values["checkpoint-minutes"], { least: 0 }),
      validateEvery: numberOf("validate-every", values["validate-every"], whole),
    },
  };
}

/** Read at once, so that an error is not found after hours of training. */
async function readNotes(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch((cause) => {
    throw new InputError(`Cannot read the notes ${path}: ${cause.message}`, { cause });
  });
}

function kindOf(inputs: readonly string[]): Trainable {
  const [kind] = inputs;
  const known = TRAINABLE.find((name) => name === kind);
  if (known !== undefined && inputs.length === 1) return known;
  throw new UsageError(
    `Cannot train: one of ${TRAINABLE.join(", ")} is required, found ${inputs.join(" ") || "none"}`,
    didYouMean(kind ?? "", TRAINABLE),
  );
}

type SizeOption = "cascades" | "channels" | "pools";

/** Which sizes of a network can be set. */
const SIZES_OF: Readonly<Record<Trainable, readonly SizeOption[]>> = {
  prior: [],
  unet: ["channels", "pools"],
  varnet: ["cascades", "channels", "pools"],
  modl: ["cascades"],
};

function networkSizes(
  kind: Trainable,
  values: Partial<Record<SizeOption, string>> & {
    readonly shared?: boolean;
  },
): NetworkSizes {
  const sizes: { cascades?: number; channels?: number; pools?: number; shared?: boolean } = {};
  if (values.shared) {
    if (kind !== "varnet") {
      throw new UsageError(`Cannot set --shared of ${kind}: varnet is required`);
    }
    sizes.shared = true;
  }
  for (const name of ["cascades", "channels", "pools"] as const) {
    const value = numberOf(name, values[name], { whole: true });
    if (value === undefined) continue;
    if (!SIZES_OF[kind].includes(name)) {
      throw new UsageError(`Cannot set --${name} of ${kind}: a network that has it is required`);
    }
    sizes[name] = value;
  }
  return sizes;
}

function shareOf(text: string | undefined): number {
  const share = numberOf("procedural", text, { least: 0 }) ?? 0;
  if (share <= 1) return share;
  throw new UsageError(
    `Cannot read --procedural: a number from 0 to 1 is required, found '${text}'`,
  );
}

function numberOf(
  name: string,
  text: string | undefined,
  { whole = false, least = 1 }: { whole?: boolean; least?: number },
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== "" && value >= least && (!whole || Number.isSafeInteger(value))) return value;
  throw new UsageError(
    `Cannot read --${name}: a ${whole ? "whole " : ""}number of at least ${least} is required, ` +
      `found '${text}'`,
  );
}
