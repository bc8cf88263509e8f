/** The end of a training run: measures the average weights and writes the model's folder. @module */
import { readFile } from "node:fs/promises";
import { SIGMA_RANGE } from "./schedule.ts";
import { type DenoiserQuality, measureDenoiser } from "./denoiser_report.ts";
import { Runtime } from "../graph/mod.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { ndarray, sizeOf } from "../ndarray.ts";
import {
  constantScope,
  DENOISER_NETWORK,
  denoiserYaml,
  encodeDenoiserNetwork,
  type Parameters,
  unflatten,
} from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import { priorCard } from "./card.ts";
import { clock } from "./loop.ts";
import type { TrainRequest } from "../cli/options/train.ts";
import { plotHistory } from "./curve_picture.ts";
import type { TrainedPrior } from "./train_prior.ts";
import { validationSet } from "./validation.ts";
import { validationFolder, volumePaths } from "./volumes.ts";
import { modelName } from "./weights_folder.ts";
import { denoiserSpecs, scopedDenoiser } from "../nn/denoiser_network.ts";

/** Noise levels of the card. */
const SIGMAS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];
/** Pixels of each side of the card's validation images, and how many batches of them. */
const SIZE = 192;
const BATCHES = 2;
const PROBE_SEED = 77;

/** Writes model.onnx, model.yaml, card.md and training.png. */
export async function finishPrior(request: TrainRequest, run: TrainedPrior): Promise<void> {
  const { output } = request;
  const name = modelName(output);
  const parameters = unflatten(denoiserSpecs(DENOISER_NETWORK), run.state.average);
  const { quality, count } = await judged(request, run, parameters);
  const bytes = encodeDenoiserNetwork(DENOISER_NETWORK, parameters);
  const training = {
    volumes: run.settings.volumes.length,
    steps: run.state.step,
    batch: run.settings.batch,
    crop: run.settings.crop,
    time: clock(run.seconds),
    seed: run.settings.seed,
  };
  const { sigmaData } = run.settings;
  const yaml = denoiserYaml(bytes, {
    name,
    sigmaData,
    config: DENOISER_NETWORK,
    sigma: SIGMA_RANGE,
    training,
  });
  const commit = await currentCommit();
  const card = priorCard({
    name,
    request,
    run,
    quality,
    validation: { size: SIZE, count },
    notes: request.notes === undefined ? "" : await readFile(request.notes, "utf8"),
    ...(commit === undefined ? {} : { commit }),
  });
  const text = new TextEncoder();
  await writeFileWhole(`${output}/model.onnx`, bytes);
  await writeFileWhole(`${output}/model.yaml`, text.encode(yaml));
  await writeFileWhole(`${output}/card.md`, text.encode(card));
  await writeFileWhole(`${output}/training.png`, plotHistory(run.history));
}

async function judged(
  request: TrainRequest,
  { settings }: TrainedPrior,
  parameters: Parameters,
): Promise<{ quality: DenoiserQuality[]; count: number }> {
  const folder = await validationFolder(request);
  if (folder === undefined) return { quality: [], count: 0 };
  const set = await validationSet(await volumePaths(folder), SIZE, BATCHES);
  const probe = ndarray(new Rng(PROBE_SEED).normals(sizeOf(set.clean.shape)), set.clean.shape);
  await using runtime = await Runtime.open("cpu");
  const denoise = scopedDenoiser(constantScope(parameters), DENOISER_NETWORK, settings.sigmaData);
  const quality = await measureDenoiser(runtime, denoise, { ...set, probe }, SIGMAS);
  return { quality, count: set.clean.shape[0] };
}

/** The commit of the repository this file lies in; undefined where there is none. */
export async function currentCommit(): Promise<string | undefined> {
  const git = new URL("../../.git/", import.meta.url);
  try {
    const head = (await readFile(new URL("HEAD", git), "utf8")).trim();
    if (!head.startsWith("ref: ")) return head;
    return (await readFile(new URL(head.slice(5), git), "utf8")).trim();
  } catch {
    return undefined;
  }
}
