/** Trains a denoiser: the prior of the samplers. @module */
import { mkdir } from "node:fs/promises";
import { denoisingObjective } from "./denoiser_training.ts";
import { compileTrainer } from "./trainer.ts";
import { InputError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { DENOISER_NETWORK, sizeMultiple } from "../nn/mod.ts";
import type { CommandContext } from "../cli/entry.ts";
import type { BatchSource } from "./batches.ts";
import { newRun, readCheckpoint, requireSame, saveCheckpoint } from "./checkpoint_file.ts";
import { type LoopActions, type LoopResult, runLoop } from "./loop.ts";
import type { TrainRequest } from "../cli/options/train.ts";
import { proceduralShare, runSources } from "./scenes.ts";
import { type DenoisingArrays, denoisingSource, priorValidation } from "./validation.ts";
import { denoiserSpecs } from "../nn/denoiser_network.ts";

/** Batches over which the standard deviation of the data is measured. */
const MEASURED_BATCHES = 6;

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
  /** Share of drawn brains, if there are any. */
  readonly procedural?: number;
}

/** Trains or goes on training; the checkpoint stays in the output folder. */
export async function trainPrior(
  request: TrainRequest,
  { console, signal }: CommandContext,
): Promise<TrainedPrior> {
  requireCrop(request.crop);
  const { output, batch, crop, seed } = request;
  await using runtime = await Runtime.open("cpu");
  const { sources, names: volumes } = await runSources(runtime, request);
  await mkdir(output, { recursive: true });
  const resumed = request.resume ? await readCheckpoint(output) : undefined;
  using source = denoisingSource({ ...sources, batch, crop, seed });
  const sigmaData = (resumed?.settings.sigmaData as number | undefined) ?? await deviation(source);
  const share = proceduralShare(request);
  const settings = { kind: "prior", volumes, seed, batch, crop, sigmaData, ...share } as const;
  if (resumed !== undefined) requireSame(resumed.settings, settings);
  const actions = await priorActions(runtime, request, source, settings);
  const first = resumed ?? newRun(denoiserSpecs(DENOISER_NETWORK), seed);
  console.err(
    `Training on ${volumes.length} volumes, ${first.state.weights.length} parameters, ` +
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
  source: BatchSource<DenoisingArrays>,
  settings: PriorSettings,
): Promise<LoopActions> {
  const { batch, crop, sigmaData } = settings;
  const objective = denoisingObjective(DENOISER_NETWORK, sigmaData, [batch, 2, crop, crop]);
  const trainer = await compileTrainer(runtime, objective);
  const validate = await priorValidation(runtime, request, sigmaData);
  return {
    step: async (state, rate) => trainer.step(state, await source.get(state.step), rate),
    ...(validate && { validate }),
    save: (progress) => saveCheckpoint(request.output, progress, settings),
  };
}

function requireCrop(crop: number): void {
  const multiple = sizeMultiple(DENOISER_NETWORK);
  if (crop % multiple === 0) return;
  throw new InputError(`Cannot train on crops of ${crop}: a multiple of ${multiple} is required`);
}

/** Standard deviation of the real and imaginary parts of some training images. */
async function deviation(source: BatchSource<DenoisingArrays>): Promise<number> {
  let sum = 0, count = 0;
  for (let step = 0; step < MEASURED_BATCHES; step++) {
    const { clean } = await source.get(step);
    sum += clean.data.reduce((total, value) => total + value * value, 0);
    count += clean.data.length;
  }
  return Math.sqrt(sum / count);
}
