/** Trains a denoiser: the prior of the samplers. @module */
import { InputError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import {
  type Checkpoint,
  compileTrainer,
  compileValidator,
  decodeCheckpoint,
  DENOISER_NETWORK,
  denoiserSpecs,
  denoisingObjective,
  encodeCheckpoint,
  flatten,
  initialParameters,
  initialState,
  sizeMultiple,
} from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import type { CommandContext } from "./entry.ts";
import { BatchSource } from "./train_batches.ts";
import { type LoopActions, type LoopResult, type Progress, runLoop } from "./train_loop.ts";
import type { TrainRequest } from "./train_options.ts";
import { validationFolder, volumePaths } from "./train_volumes.ts";

/** Noise levels of the validations on the way. */
const VALIDATION_SIGMAS = [0.02, 0.05, 0.1, 0.3, 1, 3];
/** Images of the validations on the way, in batches. */
const VALIDATION_BATCHES = 3;
const VALIDATION_BATCH = 8;
/** Batches over which the standard deviation of the data is measured. */
const MEASURED_BATCHES = 6;
/** Streams of random numbers below the seed. */
const WEIGHTS_STREAM = 1;
/** Seed of the validation images: the same for all runs. */
const VALIDATION_SEED = 2026;
const CHECKPOINT = "checkpoint.safetensors";

/** A trained denoiser. */
export interface TrainedPrior extends LoopResult {
  /** Settings of the run, with the measured standard deviation of the data. */
  readonly settings: PriorSettings;
}

/** What must not change when a run is resumed. */
export interface PriorSettings {
  /** What is trained. */
  readonly kind: "prior";
  /** Volumes by name. */
  readonly volumes: readonly string[];
  /** Seed. */
  readonly seed: number;
  /** Images in a step. */
  readonly batch: number;
  /** Pixels of each side. */
  readonly crop: number;
  /** Standard deviation of the real and imaginary parts of the training images. */
  readonly sigmaData: number;
}

/** Trains or goes on training; the checkpoint stays in the output folder. */
export async function trainPrior(
  request: TrainRequest,
  { console, signal }: CommandContext,
): Promise<TrainedPrior> {
  requireCrop(request.crop);
  const { data, output, batch, crop, seed } = request;
  const paths = await volumePaths(data);
  await Deno.mkdir(output, { recursive: true });
  const resumed = request.resume ? await readCheckpoint(output) : undefined;
  using source = new BatchSource({ paths, batch, crop, seed });
  const volumes = paths.map((path) => path.slice(data.length + 1));
  const sigmaData = (resumed?.settings.sigmaData as number | undefined) ?? await deviation(source);
  const settings: PriorSettings = { kind: "prior", volumes, seed, batch, crop, sigmaData };
  if (resumed !== undefined) requireSame(resumed.settings, settings);
  await using runtime = await Runtime.open("cpu");
  const actions = await priorActions(runtime, request, source, settings);
  const first = resumed ?? newRun(seed);
  console.err(
    `Training on ${paths.length} volumes, ${first.state.weights.length} parameters, ` +
      `standard deviation of the data ${sigmaData.toFixed(4)}` +
      (resumed ? `, from step ${first.state.step}\n` : "\n"),
  );
  const plan = { ...request, learningRate: request.rate };
  return { ...await runLoop(first, plan, actions, console, signal), settings };
}

/** What the loop does for a prior. */
async function priorActions(
  runtime: Runtime,
  request: TrainRequest,
  source: BatchSource,
  settings: PriorSettings,
): Promise<LoopActions> {
  const { batch, crop, sigmaData } = settings;
  const objective = denoisingObjective(DENOISER_NETWORK, sigmaData, [batch, 2, crop, crop]);
  const trainer = await compileTrainer(runtime, objective);
  const validate = await validation(runtime, request, sigmaData);
  const path = `${request.output}/${CHECKPOINT}`;
  return {
    step: async (state, rate) => trainer.step(state, { ...await source.get(state.step) }, rate),
    ...(validate && { validate }),
    save: (progress) =>
      writeFileWhole(path, encodeCheckpoint({ ...progress, settings: { ...settings } })),
  };
}

/** A run before its first step. */
function newRun(seed: number): Progress {
  const specs = denoiserSpecs(DENOISER_NETWORK);
  const parameters = initialParameters(specs, new Rng(seed, WEIGHTS_STREAM));
  return { state: initialState(flatten(specs, parameters)), seconds: 0, history: [] };
}

function requireCrop(crop: number): void {
  const multiple = sizeMultiple(DENOISER_NETWORK);
  if (crop % multiple === 0) return;
  throw new InputError(`Cannot train on crops of ${crop}: a multiple of ${multiple} is required`);
}

/** Reads the checkpoint of a folder. */
async function readCheckpoint(output: string): Promise<Checkpoint> {
  const path = `${output}/${CHECKPOINT}`;
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (cause) {
    throw new InputError(`Cannot resume: ${path} is required, found none`, {
      cause,
      hint: "Leave --resume out to begin a run",
    });
  }
  return decodeCheckpoint(bytes, path);
}

function requireSame(before: Readonly<Record<string, unknown>>, now: PriorSettings): void {
  for (const [key, value] of Object.entries(now)) {
    const [old, present] = [before[key], value].map((v) => JSON.stringify(v));
    if (old === present) continue;
    throw new InputError(
      `Cannot resume: ${key} ${old} of the checkpoint is required, found ${present}`,
      {
        hint: "Run with the same data and options, or leave --resume out to begin again",
      },
    );
  }
}

/** Standard deviation of the real and imaginary parts of some training images. */
async function deviation(source: BatchSource): Promise<number> {
  let sum = 0, count = 0;
  for (let step = 0; step < MEASURED_BATCHES; step++) {
    const { clean } = await source.get(step);
    sum += clean.data.reduce((total, value) => total + value * value, 0);
    count += clean.data.length;
  }
  return Math.sqrt(sum / count);
}

/** PSNR on crops of the validation volumes, if there are any. */
async function validation(runtime: Runtime, request: TrainRequest, sigmaData: number) {
  const folder = await validationFolder(request);
  if (folder === undefined) return undefined;
  const crop = Math.max(96, request.crop);
  const set = await validationSet(await volumePaths(folder), crop);
  const validator = await compileValidator(
    runtime,
    DENOISER_NETWORK,
    sigmaData,
    set,
    VALIDATION_BATCH,
  );
  return async (weights: Float32Array) => {
    const levels: Record<string, number> = {};
    for (const sigma of VALIDATION_SIGMAS) levels[sigma] = await validator.psnr(weights, sigma);
    return levels;
  };
}

/** Validation images: the same views and noise for every run. */
export async function validationSet(
  paths: readonly string[],
  crop: number,
  batches: number = VALIDATION_BATCHES,
) {
  const settings = { paths, batch: VALIDATION_BATCH, crop, seed: VALIDATION_SEED };
  using source = new BatchSource(settings);
  const parts: { clean: NdArray; noise: NdArray }[] = [];
  for (let step = 0; step < batches; step++) parts.push(await source.get(step));
  const shape = [VALIDATION_BATCH * batches, 2, crop, crop];
  const joined = (pick: (part: { clean: NdArray; noise: NdArray }) => NdArray) => {
    const all = new Float32Array(sizeOf(shape));
    parts.forEach((part, i) => all.set(pick(part).data, i * pick(part).data.length));
    return ndarray(all, shape);
  };
  return { clean: joined((part) => part.clean), noise: joined((part) => part.noise) };
}
