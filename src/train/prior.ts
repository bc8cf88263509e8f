/** Trains a denoiser, the prior of the samplers, and writes its model folder. @module */
import { InputError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { ndarray, sizeOf } from "../ndarray.ts";
import {
  constantScope,
  DENOISER_NETWORK,
  denoiserSpecs,
  encodeDenoiserNetwork,
  type Parameters,
  sizeMultiple,
  unflatten,
} from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import type { BatchSource } from "./batch_source.ts";
import { clock, type MeasuredQuality, priorCard } from "./card.ts";
import {
  type DenoisingBatch,
  denoisingObjective,
  flowObjective,
  trainedDenoiser,
} from "./denoising_objective.ts";
import { beginRun, publicResult, type RunResult, runTraining } from "./run.ts";
import {
  type TrainingOptions,
  type TrainingResult,
  type TrainingSettings,
  trainingSettings,
} from "./options.ts";
import { compileTrainer } from "./trainer.ts";
import {
  denoisingSource,
  measureDenoiser,
  priorValidation,
  validationImages,
} from "./validation.ts";
import { validationPaths } from "./volumes.ts";
import { writeModel } from "./model_files.ts";
import { SIGMA_RANGE } from "./noise_levels.ts";

/** Batches over which the standard deviation of the data is measured. */
const MEASURED_BATCHES = 6;
/** Noise levels of the card's table. */
const CARD_SIGMAS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** Pixels of each side of the card's validation images, and how many batches of them. */
const CARD_SIZE = 192;
const CARD_BATCHES = 2;
const PROBE_SEED = 77;
/** Sides of images are multiples of this. */
const MULTIPLE = sizeMultiple(DENOISER_NETWORK);

/** A trained denoiser: its files by name, and the standard deviation of its training images. */
export interface TrainedPrior extends RunResult {
  readonly volumes: readonly string[];
  readonly sigmaData: number;
}

/**
 * Trains a denoiser on a folder of volumes. The checkpoint stays in the output folder; when all
 * steps are done, `model.onnx`, `model.yaml`, `card.md` and a picture of the training are written.
 * @throws {InputError} when the data cannot be used, or the run cannot be resumed
 * @throws {UsageError} for an unknown option, or a value out of its range
 */
export async function trainPrior(
  options: TrainingOptions,
): Promise<TrainingResult & { readonly sigmaData: number }> {
  const settings = trainingSettings("prior", options);
  const run = await trainedPrior(settings);
  if (run.complete) await writePrior(settings, run);
  return { ...publicResult(run), sigmaData: run.sigmaData };
}

async function trainedPrior(options: TrainingSettings): Promise<TrainedPrior> {
  const { batch, crop, seed, threads, target } = options;
  if (crop % MULTIPLE !== 0) {
    throw new InputError(`Cannot train on crops of ${crop}: a multiple of ${MULTIPLE} is required`);
  }
  await using runtime = await Runtime.open("cpu", { threads });
  const { sources, settings, resumed } = await beginRun(runtime, options);
  using source = denoisingSource({ ...sources, batch, crop, seed });
  const sigmaData = (resumed?.settings.sigmaData as number | undefined) ??
    await standardDeviation(source);
  const shape = [batch, 2, crop, crop];
  const objective = target === "flow"
    ? flowObjective(DENOISER_NETWORK, shape)
    : denoisingObjective(DENOISER_NETWORK, sigmaData, shape);
  const trainer = await compileTrainer(runtime, objective);
  const result = await runTraining(options, {
    specs: objective.specs,
    resumed,
    settings: { kind: "prior", ...settings, crop, sigmaData, target },
    step: async (state, rate) => trainer.step(state, await source.get(state.step), rate),
    validate: await priorValidation(options, sigmaData),
  });
  return { ...result, volumes: settings.volumes, sigmaData };
}

/** Standard deviation of the real and imaginary parts of the first training images. */
async function standardDeviation(source: BatchSource<DenoisingBatch>): Promise<number> {
  let sum = 0, count = 0;
  for (const { clean } of await source.first(MEASURED_BATCHES)) {
    sum += clean.data.reduce((total, value) => total + value * value, 0);
    count += clean.data.length;
  }
  return Math.sqrt(sum / count);
}

/** Measures the average weights and writes the model's folder. */
async function writePrior(options: TrainingSettings, run: TrainedPrior): Promise<void> {
  const { output, batch, crop, seed } = options;
  const { sigmaData, volumes, state } = run;
  const time = clock(run.seconds);
  const parameters = unflatten(denoiserSpecs(DENOISER_NETWORK), state.average);
  const validation = await measuredQuality(options, sigmaData, parameters);
  const text = await priorCard(options, run, validation);
  const [min, max] = SIGMA_RANGE;
  await writeModel(output, {
    kind: "denoiser",
    network: encodeDenoiserNetwork(DENOISER_NETWORK, parameters),
    content: {
      ...(options.target === "flow"
        ? { parameterisation: "flow", noise_input: "flow-time" }
        : { parameterisation: "edm", noise_input: "log-sigma/4" }),
      sigma_data: sigmaData,
      channels: DENOISER_NETWORK.channels,
      size: { multiple: MULTIPLE, minimum: 2 * MULTIPLE },
      padding: "reflect",
      sigma: { min, max },
      data: { scale: 1, offset: 0, normalisation: "99th percentile of the magnitude is about 1" },
      training: { volumes: volumes.length, steps: state.step, batch, crop, time, seed },
    },
    card: { text, history: run.history, level: "sigma" },
  });
}

/** The error on validation images by noise level; undefined where there are none. */
async function measuredQuality(
  options: TrainingSettings,
  sigmaData: number,
  parameters: Parameters,
): Promise<MeasuredQuality | undefined> {
  const paths = await validationPaths(options);
  if (paths === undefined) return undefined;
  const images = await validationImages(paths, CARD_SIZE, CARD_BATCHES);
  const { shape } = images.clean;
  const probe = ndarray(new Rng(PROBE_SEED).normals(sizeOf(shape)), shape);
  await using runtime = await Runtime.open("cpu", { threads: options.threads });
  const { target } = options;
  const denoise = trainedDenoiser(constantScope(parameters), DENOISER_NETWORK, {
    target,
    sigmaData,
  });
  const rows = await measureDenoiser(runtime, denoise, { ...images, probe }, CARD_SIGMAS);
  return { rows, size: CARD_SIZE, count: shape[0] };
}
