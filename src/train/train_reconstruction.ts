/** Trains a reconstruction network: the variational network, MoDL or the U-Net baseline. @module */
import { mkdir } from "node:fs/promises";
import {
  type AcquisitionBatch,
  acquisitionShapes,
  compileReconValidator,
  imageUNetBuilder,
  modlBuilder,
  type ReconBuilder,
  reconObjective,
  varnetBuilder,
} from "./reconstruction_training.ts";
import { compileTrainer } from "./trainer.ts";
import { Runtime } from "../graph/mod.ts";
import { Rng } from "../rng.ts";
import {
  checkedParameters,
  decodeDenoiserParameters,
  DENOISER_NETWORK,
  initialParameters,
  modelPath,
  type Parameters,
  type ParameterSpec,
  parseDenoiserYaml,
  readModelFolder,
  readWeights,
  unflatten,
} from "../nn/mod.ts";
import {
  appendedCascades,
  loadModl,
  modlSpecs,
  separateCascades,
  varnetSpecs,
} from "../unrolled/mod.ts";
import type { AcquisitionSettings, FixedSampling, SceneSize } from "./acquisition_worker.ts";
import type { CommandContext } from "../cli/entry.ts";
import { type Batch, BatchSource } from "./batches.ts";
import { newRun, readCheckpoint, requireSame, saveCheckpoint } from "./checkpoint_file.ts";
import { type LoopResult, runLoop } from "./loop.ts";
import type { NetworkSizes, TrainRequest } from "../cli/options/train.ts";
import { proceduralShare, runSources } from "./scenes.ts";
import { VALIDATION_SEED } from "./validation.ts";
import { validationFolder, volumePaths } from "./volumes.ts";
import { imageUNetSpecs } from "../unrolled/networks/image_unet.ts";

/** What can be trained here. */
export type ReconKind = "unet" | "varnet" | "modl";

/**
 * Sizes of a variational network: smaller than fastMRI's (12, 18, 4), to fit in 16 MB. The shipped one
 * has grown to 8 cascades.
 */
const VARNET = {
  cascades: 5,
  channels: 16,
  pools: 3,
  sensitivityChannels: 6,
  sensitivityPools: 3,
};
/** Sizes of the shipped MoDL. */
const MODL = { iterations: 10, conjugateGradients: 4, sigmaData: 0.35 };
/** Sizes of the shipped baseline. */
const UNET = { channels: 20, pools: 4 };

/**
 * Sizes of the training images in turn, as parts of `--crop`: the whole head at several pixel
 * sizes and both proportions, since aliases lie as many pixels apart as the image is large.
 */
const SIZES: readonly { coils: number; height: number; width: number }[] = [
  { coils: 8, height: 0.5, width: 0.43 },
  { coils: 8, height: 1, width: 0.86 },
  { coils: 12, height: 0.43, width: 0.5 },
  { coils: 5, height: 0.64, width: 0.72 },
];
/** Sides are multiples of this, and no smaller than twice this. */
const MULTIPLE = 16;

/** What validation looks at: the two accelerations of the data's README, noise for an SNR of 30. */
const JUDGED: Readonly<Record<string, FixedSampling>> = {
  "4": { acceleration: 4, calibration: 0.1, sigma: 0.015 },
  "8": { acceleration: 8, calibration: 0.065, sigma: 0.015 },
};
/** Images that validation looks at, at each acceleration. */
const VALIDATION_IMAGES = 12;

/** A network with its sizes. */
interface ReconNetwork {
  readonly architecture: Readonly<Record<string, number | boolean>>;
  readonly specs: readonly ParameterSpec[];
  readonly build: ReconBuilder;
}

/** A trained reconstruction network. */
export interface TrainedRecon extends LoopResult {
  /** Average weights. */
  readonly parameters: Parameters;
  /** Sizes of the network. */
  readonly architecture: Readonly<Record<string, number | boolean>>;
  /** Sizes of the training images, in turn. */
  readonly sizes: readonly SceneSize[];
  /** Settings of the run. */
  readonly settings: Readonly<Record<string, unknown>>;
}

function networkOf(kind: ReconKind, sizes: NetworkSizes, start?: ModlStart): ReconNetwork {
  if (kind === "modl") {
    const { cascades: iterations = start?.iterations ?? MODL.iterations } = sizes;
    const config = { ...MODL, iterations, ...(start && { sigmaData: start.sigmaData }) };
    return { architecture: config, specs: modlSpecs(config), build: modlBuilder(config) };
  }
  if (kind === "varnet") {
    const config = { ...VARNET, ...sizes };
    return { architecture: config, specs: varnetSpecs(config), build: varnetBuilder(config) };
  }
  const config = { ...UNET, ...sizes };
  return { architecture: config, specs: imageUNetSpecs(config), build: imageUNetBuilder(config) };
}

/** The sizes that a run takes in turn. */
export function sceneSizes(crop: number): SceneSize[] {
  const side = (part: number) => MULTIPLE * Math.max(2, Math.round(part * crop / MULTIPLE));
  return SIZES.map(({ coils, height, width }) => ({
    coils,
    height: side(height),
    width: side(width),
  }));
}

/** Trains or goes on training; the checkpoint stays in the output folder. */
export async function trainRecon(
  kind: ReconKind,
  request: TrainRequest,
  { console, signal }: CommandContext,
): Promise<TrainedRecon> {
  const { output, batch, crop, seed } = request;
  const start = kind === "modl" ? await modlStart(request) : undefined;
  const { architecture, specs, build } = networkOf(kind, request.architecture, start);
  await using runtime = await Runtime.open("cpu");
  const { sources, names: volumes } = await runSources(runtime, request);
  await mkdir(output, { recursive: true });
  const sizes = sceneSizes(crop);
  const settings = { kind, architecture, volumes, seed, batch, sizes, ...proceduralShare(request) };
  const resumed = request.resume ? await readCheckpoint(output) : undefined;
  if (resumed !== undefined) requireSame(resumed.settings, settings);
  using source = acquisitionSource({ ...sources, batch, crop, seed, sizes });
  const trainers = await Promise.all(
    sizes.map((size) => compileTrainer(runtime, reconObjective(specs, { batch, ...size }, build))),
  );
  const validate = await reconValidation(runtime, request, specs, build);
  const first = resumed ??
    newRun(specs, seed, start?.parameters(specs) ?? await givenWeights(kind, request, specs));
  console.err(`Training on ${volumes.length} volumes, ${first.state.weights.length} parameters\n`);
  const plan = { ...request, learningRate: request.rate };
  const result = await runLoop(
    first,
    plan,
    {
      step: async (state, rate) =>
        trainers[state.step % sizes.length].step(state, await source.get(state.step), rate),
      ...(validate && { validate }),
      save: (progress) => saveCheckpoint(output, progress, settings),
    },
    console,
    signal,
  );
  const given = unflatten(specs, result.state.average);
  const parameters = architecture.shared
    ? separateCascades(given, architecture.cascades as number)
    : given;
  return { ...result, architecture, sizes, settings, parameters };
}

/** Weights of the model that a run begins with, if one is named; more cascades begin untrained. */
async function givenWeights(
  kind: ReconKind,
  { from, seed }: TrainRequest,
  specs: readonly ParameterSpec[],
): Promise<Parameters | undefined> {
  if (from === undefined) return undefined;
  const { tensors, file } = await readWeights(await modelPath(from), kind);
  const given = kind === "varnet"
    ? appendedCascades(tensors, initialParameters(specs, new Rng(seed)))
    : tensors;
  return checkedParameters(specs, given, file);
}

/** What MoDL begins with: another MoDL, or a prior as its denoiser. */
interface ModlStart {
  readonly sigmaData: number;
  readonly iterations?: number;
  parameters(specs: readonly ParameterSpec[]): Parameters;
}

async function modlStart({ from, seed }: TrainRequest): Promise<ModlStart | undefined> {
  if (from === undefined) return undefined;
  const path = await modelPath(from);
  const { description, bytes } = await readModelFolder(path);
  if (description.kind === "modl") {
    const { config, parameters } = await loadModl(path);
    return {
      ...config,
      parameters: (specs) => checkedParameters(specs, parameters, path),
    };
  }
  const { sigmaData } = parseDenoiserYaml(description, path);
  const denoiser = decodeDenoiserParameters(bytes, DENOISER_NETWORK, path);
  const named = Object.entries(denoiser).map(([name, array]) => [`denoiser.${name}`, array]);
  return {
    sigmaData,
    parameters: (specs) => ({
      ...initialParameters(specs, new Rng(seed)),
      ...Object.fromEntries(named),
    }),
  };
}

function acquisitionSource(settings: AcquisitionSettings): BatchSource<AcquisitionBatch> {
  const { batch, sizes } = settings;
  return new BatchSource({
    worker: new URL("./acquisition_worker.ts", import.meta.url),
    settings,
    shapes: (step) => acquisitionShapes({ batch, ...sizes[step % sizes.length] }),
  });
}

/** PSNR over the head on the validation volumes, if there are any, by acceleration. */
async function reconValidation(
  runtime: Runtime,
  request: TrainRequest,
  specs: readonly ParameterSpec[],
  build: ReconBuilder,
) {
  const folder = await validationFolder(request);
  if (folder === undefined) return undefined;
  const paths = await volumePaths(folder);
  const [size] = sceneSizes(request.crop).slice(1);
  const judge = await compileReconValidator(runtime, specs, { batch: 1, ...size }, build);
  const cases = await Promise.all(
    Object.entries(JUDGED).map(async ([name, sampling]) =>
      [name, await validationBatches(paths, size, sampling)] as const
    ),
  );
  return async (weights: Float32Array) => {
    const psnr: Record<string, number> = {};
    for (const [name, batches] of cases) {
      psnr[name] = 0;
      for (const batch of batches) {
        psnr[name] += (await judge(weights, batch)).network / batches.length;
      }
    }
    return psnr;
  };
}

async function validationBatches(
  paths: readonly string[],
  size: SceneSize,
  sampling: FixedSampling,
): Promise<Batch<AcquisitionBatch>[]> {
  const crop = Math.max(size.height, size.width);
  const settings = { paths, batch: 1, crop, seed: VALIDATION_SEED, sizes: [size], sampling };
  using source = acquisitionSource(settings);
  const batches: Batch<AcquisitionBatch>[] = [];
  for (let step = 0; step < VALIDATION_IMAGES; step++) batches.push(await source.get(step));
  return batches;
}
