/** What a training run is asked for, and what it reports. @module */
import { UsageError } from "../errors.ts";
import { requireKnown } from "../suggest.ts";
import type { HistoryEntry } from "./checkpoint.ts";

/** The networks that can be trained. */
export const TRAINABLE = ["prior", "unet", "varnet", "humus", "modl", "neumann", "swinir"] as const;

/** A network that can be trained: `prior` is a denoiser, the others reconstruct. */
export type Trainable = typeof TRAINABLE[number];

/** A reconstruction network. */
export type ReconstructionKind = Exclude<Trainable, "prior">;

/** What the network of a prior is trained to give: the denoised image (EDM), or the velocity of a flow. */
export const TARGETS = ["edm", "flow"] as const;
/** What the network of a prior is trained to give. */
export type Target = typeof TARGETS[number];

/** Options of every training run. */
export interface TrainingOptions {
  /** Folder of NIfTI volumes and fully sampled k-space files. */
  readonly data: string;
  /** Folder that the model and its checkpoint are written to. */
  readonly output: string;
  /** Folder of validation volumes. Default: `validation` beside `data`, if it exists. */
  readonly validation?: string;
  /** Steps of the whole run. Default 4000, unless `hours` is given. */
  readonly steps?: number;
  /** Hours of the whole run; the learning rate then follows the clock. */
  readonly hours?: number;
  /** Whether to continue from the checkpoint in `output`. Default false. */
  readonly resume?: boolean;
  /** Seed of weights, images and noise. Default 1. */
  readonly seed?: number;
  /** Images in a step. Default 8. */
  readonly batch?: number;
  /** Pixels of each side of an image. Default 96. */
  readonly crop?: number;
  /** Peak learning rate. Default 0.001. */
  readonly rate?: number;
  /** What the network of a prior is trained to give. Default `edm`. */
  readonly target?: Target;
  /** Share of the images that are drawn phantoms, 0 to 1. Default 0. */
  readonly procedural?: number;
  /** Minutes between checkpoints. Default 2. */
  readonly checkpointMinutes?: number;
  /** Steps between validations. Default 250. */
  readonly validateEvery?: number;
  /** Threads of onnxruntime. Default: one for each core. */
  readonly threads?: number;
  /** Markdown text on licences and limits, appended to the model's card. */
  readonly notes?: string;
  /** Stops the run after the present step; the checkpoint is kept. */
  readonly signal?: AbortSignal;
  /** Called before the first step, after each step and after each validation. */
  readonly onProgress?: (event: TrainingEvent) => void;
}

/** Sizes of a network; each has its default. */
export interface NetworkSizes {
  /** Cascades of `varnet` (default 5) and `humus` (3), iterations of `modl` (10), terms of `neumann` (6). */
  readonly cascades?: number;
  /**
   * Channels of the finest level of `unet` (default 20), `varnet` (16) and `neumann` (16);
   * of the features of `swinir` (60) and `humus` (16).
   */
  readonly channels?: number;
  /** Levels below it. Default 4 for `unet`, 3 for `varnet` and `neumann`. */
  readonly pools?: number;
  /** Whether the cascades of `varnet` share their weights. Default false. */
  readonly shared?: boolean;
}

/** Options of the training of a reconstruction network. */
export interface ReconstructionTrainingOptions extends TrainingOptions {
  /**
   * Model whose weights the run begins with, of the same kind and sizes: a name or a folder. `varnet`
   * may have more cascades, which begin untrained; `modl` also takes a prior's weights.
   */
  readonly from?: string;
  /** Sizes of the network. */
  readonly architecture?: NetworkSizes;
}

/** What a run reports on the way. */
export type TrainingEvent =
  /** Before the first step. */
  | {
    readonly kind: "start";
    readonly volumes: number;
    readonly parameters: number;
    /** Steps done before, when the run is resumed. */
    readonly step: number;
    /** Steps of the whole run, unless the clock ends it. */
    readonly steps?: number;
    /** Images in a step. */
    readonly batch: number;
    /** Standard deviation of the data, of a prior. */
    readonly sigmaData?: number;
  }
  /** After each step. */
  | {
    readonly kind: "step";
    readonly step: number;
    /** Loss of the batch, before the step. */
    readonly loss: number;
    /** Euclidean norm of the gradient, before clipping. */
    readonly gradientNorm: number;
    /** Part of the run that is done, 0 to 1. */
    readonly fraction: number;
    /** Seconds of training so far, resumed runs included. */
    readonly seconds: number;
  }
  /** After each validation. */
  | { readonly kind: "validation" } & HistoryEntry;

/** How a run ended. */
export interface TrainingResult {
  /** Whether all steps were done and the model was written; otherwise `resume` continues. */
  readonly complete: boolean;
  /** Steps done. */
  readonly step: number;
  /** Seconds of training, resumed runs included. */
  readonly seconds: number;
  /** Mean losses and validations. */
  readonly history: readonly HistoryEntry[];
}

/** Steps of a run without `hours`. */
const DEFAULT_STEPS = 4000;

/** Defaults of {@link TrainingOptions}. */
export const TRAINING_DEFAULTS = {
  resume: false,
  seed: 1,
  batch: 8,
  crop: 96,
  rate: 1e-3,
  target: "edm" as Target,
  procedural: 0,
  checkpointMinutes: 2,
  validateEvery: 250,
};

/** Options with their defaults. */
export type TrainingSettings =
  & ReconstructionTrainingOptions
  & Required<Pick<ReconstructionTrainingOptions, keyof typeof TRAINING_DEFAULTS | "architecture">>;

type Requirement = readonly [text: string, holds: (value: number) => boolean];
const isWhole = Number.isSafeInteger;
const COUNT: Requirement = ["a whole number of at least 1", (v) => isWhole(v) && v > 0];
const SEED: Requirement = ["a whole number of at least 0", (v) => isWhole(v) && v >= 0];
const POSITIVE: Requirement = ["a number above 0", (v) => v > 0];
const NOT_NEGATIVE: Requirement = ["a number of at least 0", (v) => v >= 0];
const SHARE: Requirement = ["a number from 0 to 1", (v) => v >= 0 && v <= 1];

/** Every option and the range of its number; a name that is missing here does not compile. */
const OPTIONS: Readonly<Record<keyof ReconstructionTrainingOptions, Requirement | undefined>> = {
  data: undefined,
  output: undefined,
  validation: undefined,
  steps: COUNT,
  hours: POSITIVE,
  resume: undefined,
  seed: SEED,
  batch: COUNT,
  crop: COUNT,
  rate: POSITIVE,
  target: undefined,
  procedural: SHARE,
  checkpointMinutes: NOT_NEGATIVE,
  validateEvery: COUNT,
  threads: COUNT,
  notes: undefined,
  signal: undefined,
  onProgress: undefined,
  from: undefined,
  architecture: undefined,
};

/** The sizes that each network has. */
const SIZES: Readonly<Record<Trainable, Partial<Record<keyof NetworkSizes, Requirement>>>> = {
  prior: {},
  unet: { channels: COUNT, pools: COUNT },
  varnet: { cascades: COUNT, channels: COUNT, pools: COUNT, shared: ["true or false", () => true] },
  humus: {
    cascades: COUNT,
    channels: ["a multiple of 4", (value) => COUNT[1](value) && value % 4 === 0],
  },
  modl: { cascades: COUNT },
  neumann: { cascades: COUNT, channels: COUNT, pools: COUNT },
  swinir: { channels: ["a multiple of 6", (value) => COUNT[1](value) && value % 6 === 0] },
};

/**
 * Fills in the defaults.
 * @throws {UsageError} for an unknown option, or a value out of its range
 */
export function trainingSettings(
  kind: Trainable,
  options: ReconstructionTrainingOptions,
): TrainingSettings {
  const given = checked(options, OPTIONS, "with the option");
  const architecture = checked(options.architecture ?? {}, SIZES[kind], `${kind} with the size`);
  if (kind === "prior" && options.from !== undefined) {
    throw new UsageError("Cannot train a prior from a model: a reconstruction network is required");
  }
  const { hours, steps = hours === undefined ? DEFAULT_STEPS : undefined } = options;
  return { ...TRAINING_DEFAULTS, ...given, steps, architecture };
}

/** The values that are given, each within its range. */
function checked<T extends object>(
  values: T,
  requirements: Readonly<Record<string, Requirement | undefined>>,
  what: string,
): T {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    requireKnown(name, Object.keys(requirements), `Cannot train ${what} '${name}'`);
    const [text, holds] = requirements[name] ?? [];
    if (holds === undefined || holds(value)) continue;
    throw new UsageError(`Cannot train: ${name} must be ${text}, found ${value}`);
  }
  return Object.fromEntries(given) as T;
}
