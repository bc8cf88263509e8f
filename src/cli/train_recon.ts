/** Trains a reconstruction network: the variational network or the U-Net baseline. @module */
import { Runtime } from "../graph/mod.ts";
import { compileTrainer, type Parameters, type ParameterSpec, unflatten } from "../nn/mod.ts";
import {
  type AcquisitionBatch,
  acquisitionShapes,
  compileReconValidator,
  imageUNetBuilder,
  imageUNetSpecs,
  type ReconBuilder,
  reconObjective,
  varnetBuilder,
  varnetSpecs,
} from "../unrolled/mod.ts";
import type { CommandContext } from "./entry.ts";
import { type Batch, BatchSource } from "./train_batches.ts";
import { newRun, readCheckpoint, requireSame, saveCheckpoint } from "./train_checkpoint.ts";
import { type LoopResult, runLoop } from "./train_loop.ts";
import type { TrainRequest } from "./train_options.ts";
import { VALIDATION_SEED } from "./train_validation.ts";
import { validationFolder, volumePaths } from "./train_volumes.ts";

/** What can be trained here. */
export type ReconKind = "unet" | "varnet";

/** Sizes of the shipped variational network: smaller than fastMRI's (12, 18, 4), to fit in 16 MB. */
const VARNET = {
  cascades: 6,
  channels: 16,
  pools: 3,
  sensitivityChannels: 8,
  sensitivityPools: 3,
};
/** Sizes of the shipped baseline. */
const UNET = { channels: 20, pools: 4 };
/** Coils of the training images; both networks take any number. */
const COILS = 6;
/** Batches that validation looks at. */
const VALIDATION_BATCHES = 12;

/** A network with its sizes. */
interface ReconNetwork {
  readonly architecture: Readonly<Record<string, number>>;
  readonly specs: readonly ParameterSpec[];
  readonly build: ReconBuilder;
}

/** A trained reconstruction network. */
export interface TrainedRecon extends LoopResult {
  /** Average weights. */
  readonly parameters: Parameters;
  /** Sizes of the network. */
  readonly architecture: Readonly<Record<string, number>>;
  /** Settings of the run. */
  readonly settings: Readonly<Record<string, unknown>>;
}

function networkOf(kind: ReconKind): ReconNetwork {
  return kind === "varnet"
    ? { architecture: VARNET, specs: varnetSpecs(VARNET), build: varnetBuilder(VARNET) }
    : { architecture: UNET, specs: imageUNetSpecs(UNET), build: imageUNetBuilder(UNET) };
}

/** Trains or goes on training; the checkpoint stays in the output folder. */
export async function trainRecon(
  kind: ReconKind,
  request: TrainRequest,
  { console, signal }: CommandContext,
): Promise<TrainedRecon> {
  const { data, output, batch, crop, seed } = request;
  const { architecture, specs, build } = networkOf(kind);
  const paths = await volumePaths(data);
  await Deno.mkdir(output, { recursive: true });
  const volumes = paths.map((path) => path.slice(data.length + 1));
  const settings = { kind, architecture, volumes, seed, batch, crop };
  const resumed = request.resume ? await readCheckpoint(output) : undefined;
  if (resumed !== undefined) requireSame(resumed.settings, settings);
  await using runtime = await Runtime.open("cpu");
  const shape = { batch, coils: COILS, size: crop };
  using source = acquisitionSource(paths, request, seed);
  const trainer = await compileTrainer(runtime, reconObjective(specs, shape, build));
  const validate = await reconValidation(runtime, request, specs, build);
  const first = resumed ?? newRun(specs, seed);
  console.err(`Training on ${paths.length} volumes, ${first.state.weights.length} parameters\n`);
  const plan = { ...request, learningRate: request.rate };
  const result = await runLoop(
    first,
    plan,
    {
      step: async (state, rate) => trainer.step(state, await source.get(state.step), rate),
      ...(validate && { validate }),
      save: (progress) => saveCheckpoint(output, progress, settings),
    },
    console,
    signal,
  );
  return { ...result, architecture, settings, parameters: unflatten(specs, result.state.average) };
}

function acquisitionSource(
  paths: readonly string[],
  { batch, crop }: TrainRequest,
  seed: number,
): BatchSource<AcquisitionBatch> {
  const settings = { paths, batch, crop, seed, coils: COILS };
  return new BatchSource({
    worker: new URL("./train_acquisition_worker.ts", import.meta.url),
    settings,
    shapes: acquisitionShapes({ batch, coils: COILS, size: crop }),
  });
}

/** PSNR on the validation volumes, if there are any, of the network and of zero filling. */
async function reconValidation(
  runtime: Runtime,
  request: TrainRequest,
  specs: readonly ParameterSpec[],
  build: ReconBuilder,
) {
  const folder = await validationFolder(request);
  if (folder === undefined) return undefined;
  using source = acquisitionSource(await volumePaths(folder), request, VALIDATION_SEED);
  const batches: Batch<AcquisitionBatch>[] = [];
  for (let step = 0; step < VALIDATION_BATCHES; step++) batches.push(await source.get(step));
  const shape = { batch: request.batch, coils: COILS, size: request.crop };
  const judge = await compileReconValidator(runtime, specs, shape, build);
  return async (weights: Float32Array) => {
    const psnr = { network: 0, "zero-filled": 0 };
    for (const batch of batches) {
      const { network, zeroFilled } = await judge(weights, batch);
      psnr.network += network / batches.length;
      psnr["zero-filled"] += zeroFilled / batches.length;
    }
    return psnr;
  };
}
