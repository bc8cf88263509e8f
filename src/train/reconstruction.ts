/** Trains a reconstruction network and writes its model folder. @module */
import { Runtime } from "../graph/mod.ts";
import { unflatten } from "../nn/mod.ts";
import { separateCascades } from "../unrolled/mod.ts";
import type { AcquisitionSettings, FixedSampling } from "./acquisition_worker.ts";
import { type Batch, BatchSource } from "./batch_source.ts";
import { reconCard } from "./card.ts";
import type { RunSettings } from "./checkpoint.ts";
import { beginRun, publicResult, type RunResult, runTraining } from "./run.ts";
import { type ReconNetwork, reconNetwork } from "./reconstruction_networks.ts";
import {
  type ReconstructionKind,
  type ReconstructionTrainingOptions,
  type TrainingResult,
  type TrainingSettings,
  trainingSettings,
} from "./options.ts";
import {
  type AcquisitionBatch,
  acquisitionShapes,
  type AcquisitionSize,
  compileReconPsnr,
  reconObjective,
} from "./reconstruction_objective.ts";
import { compileTrainer } from "./trainer.ts";
import { VALIDATION_SEED } from "./validation.ts";
import { validationPaths } from "./volumes.ts";
import { writeModel } from "./model_files.ts";

/**
 * Sizes of the training images in turn, as parts of `crop`: the whole head at several pixel
 * sizes and both proportions, since aliases lie as many pixels apart as the image is large.
 */
const SIZES: readonly AcquisitionSize[] = [
  { coils: 8, height: 0.5, width: 0.43 },
  { coils: 8, height: 1, width: 0.86 },
  { coils: 12, height: 0.43, width: 0.5 },
  { coils: 5, height: 0.64, width: 0.72 },
];
/** Sides are multiples of this, and at least twice this. */
const MULTIPLE = 16;

/** Samplings of the validation: the accelerations of the result tables, noise for an SNR of 30. */
const VALIDATION_SAMPLINGS: Readonly<Record<string, FixedSampling>> = {
  "4": { acceleration: 4, calibration: 0.1, sigma: 0.015 },
  "8": { acceleration: 8, calibration: 0.065, sigma: 0.015 },
};
/** Validation images at each acceleration. */
const VALIDATION_IMAGES = 12;

/** A trained reconstruction network. */
export interface TrainedReconstruction extends RunResult {
  readonly network: ReconNetwork;
  readonly sizes: readonly AcquisitionSize[];
  readonly settings: RunSettings;
}

/**
 * Trains a reconstruction network on a folder of volumes. The checkpoint stays in the output folder;
 * when all steps are done, `model.safetensors`, `model.yaml`, `card.md` and a picture of the training
 * are written.
 * @param kind one of {@link TRAINABLE}, but not `prior`
 * @throws {InputError} when the data cannot be used, or the run cannot be resumed
 * @throws {UsageError} for an unknown option, or a value out of its range
 */
export async function trainReconstruction(
  kind: ReconstructionKind,
  options: ReconstructionTrainingOptions,
): Promise<TrainingResult> {
  const settings = trainingSettings(kind, options);
  const run = await trainedReconstruction(kind, settings);
  if (run.complete) await writeReconstruction(kind, settings, run);
  return publicResult(run);
}

/** The sizes that a run takes in turn. */
function acquisitionSizes(crop: number): AcquisitionSize[] {
  const side = (part: number) => MULTIPLE * Math.max(2, Math.round(part * crop / MULTIPLE));
  return SIZES.map((size) => ({ ...size, height: side(size.height), width: side(size.width) }));
}

async function trainedReconstruction(
  kind: ReconstructionKind,
  options: TrainingSettings,
): Promise<TrainedReconstruction> {
  const { batch, crop, seed, threads } = options;
  const network = await reconNetwork(kind, options);
  const { architecture, specs, weights, build } = network;
  await using runtime = await Runtime.open("cpu", { threads });
  const { sources, settings: common, resumed } = await beginRun(runtime, options);
  const sizes = acquisitionSizes(crop);
  const settings = { kind, architecture, ...common, sizes };
  using source = acquisitionSource({ ...sources, batch, crop, seed, sizes });
  const trainers = await Promise.all(
    sizes.map((size) => compileTrainer(runtime, reconObjective(specs, { batch, ...size }, build))),
  );
  const result = await runTraining(options, {
    specs,
    weights,
    resumed,
    settings,
    step: async (state, rate) =>
      trainers[state.step % sizes.length].step(state, await source.get(state.step), rate),
    validate: await reconValidation(runtime, options, network),
  });
  return { ...result, network, sizes, settings };
}

function acquisitionSource(settings: AcquisitionSettings): BatchSource<AcquisitionBatch> {
  const { batch, sizes } = settings;
  const worker = new URL("./acquisition_worker.ts", import.meta.url);
  const shapes = (step: number) => acquisitionShapes({ batch, ...sizes[step % sizes.length] });
  return new BatchSource(worker, settings, shapes);
}

/** PSNR over the head on the validation volumes, if there are any, by acceleration. */
async function reconValidation(
  runtime: Runtime,
  options: TrainingSettings,
  { specs, build }: ReconNetwork,
) {
  const paths = await validationPaths(options);
  if (paths === undefined) return undefined;
  const [, size] = acquisitionSizes(options.crop);
  const psnr = await compileReconPsnr(runtime, specs, { batch: 1, ...size }, build);
  const cases = await Promise.all(
    Object.entries(VALIDATION_SAMPLINGS).map(async ([name, sampling]) =>
      [name, await validationBatches(paths, size, sampling)] as const
    ),
  );
  return async (weights: Float32Array) => {
    const mean: Record<string, number> = {};
    for (const [name, batches] of cases) {
      mean[name] = 0;
      for (const batch of batches) mean[name] += await psnr(weights, batch) / batches.length;
    }
    return mean;
  };
}

async function validationBatches(
  paths: readonly string[],
  size: AcquisitionSize,
  sampling: FixedSampling,
): Promise<Batch<AcquisitionBatch>[]> {
  const crop = Math.max(size.height, size.width);
  const settings = { paths, batch: 1, crop, seed: VALIDATION_SEED, sizes: [size], sampling };
  using source = acquisitionSource(settings);
  return await source.first(VALIDATION_IMAGES);
}

/** Writes the model's folder. */
async function writeReconstruction(
  kind: ReconstructionKind,
  options: TrainingSettings,
  run: TrainedReconstruction,
): Promise<void> {
  const { specs, architecture: { shared, ...architecture } } = run.network;
  const average = unflatten(specs, run.state.average);
  await writeModel(options.output, {
    kind,
    // The file has the weights of each cascade, shared or not.
    network: shared ? separateCascades(average, architecture.cascades as number) : average,
    content: { architecture, training: { steps: run.state.step, ...run.settings } },
    card: { text: await reconCard(kind, options, run), history: run.history, level: "R =" },
  });
}
