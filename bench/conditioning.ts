/**
 * Whether the denoiser gains from being told the noise level: two networks of the same size, one
 * without that input, trained on the same batches for the same number of steps.
 *
 *     deno run --allow-all bench/conditioning.ts [--data FOLDER] [--steps N] [--seed N]
 *
 * A short run (default 400 steps of 4 crops of 96 x 96), so that both can be had in ten minutes.
 * PSNR in dB on views of the validation volumes, as training has it.
 */
import { learningRateFactor } from "../src/train/learning_rate.ts";
import { denoisingObjective } from "../src/train/denoising_objective.ts";
import { compileTrainer, initialState } from "../src/train/trainer.ts";
import { benchOptions, say } from "./options.ts";
import { denoisingSource, measureDenoiser, validationImages } from "../src/train/validation.ts";
import { volumePaths } from "../src/train/volumes.ts";
import { Runtime } from "../src/graph/mod.ts";
import {
  constantScope,
  countParameters,
  DENOISER_NETWORK,
  denoiserSpecs,
  flatten,
  initialParameters,
  scopedDenoiser,
  unflatten,
} from "../src/nn/mod.ts";
import { Rng } from "../src/rng.ts";

const options = benchOptions(import.meta.url, {
  data: { type: "string", default: new URL("../../shared/data", import.meta.url).pathname },
  steps: { type: "string", default: "400" },
  seed: { type: "string", default: "1" },
});
const [steps, seed] = [Number(options.steps), Number(options.seed)];
const BATCH = 4, CROP = 96, RATE = 2e-3;
/** As measured on the training images (models/prior-brain/model.yaml). */
const SIGMA_DATA = 0.349;
const SIGMAS = [0.02, 0.05, 0.1, 0.3, 1, 3];

const NETWORKS = {
  "told the noise level": DENOISER_NETWORK,
  "not told": { ...DENOISER_NETWORK, embedding: 0 },
};

await using runtime = await Runtime.open("cpu");
const paths = await volumePaths(`${options.data}/train`);
const images = await validationImages(await volumePaths(`${options.data}/validation`), CROP);
const cells = (row: readonly string[]) => `| ${row.join(" | ")} |`;
say(cells(["network", "parameters", ...SIGMAS.map((sigma) => `sigma ${sigma}`)]));
say(cells(["---", ...["", ...SIGMAS].map(() => "--:")]));
for (const [name, config] of Object.entries(NETWORKS)) {
  using source = denoisingSource({ paths, batch: BATCH, crop: CROP, seed });
  const specs = denoiserSpecs(config);
  const shape = [BATCH, 2, CROP, CROP];
  const trainer = await compileTrainer(runtime, denoisingObjective(config, SIGMA_DATA, shape));
  let state = initialState(flatten(specs, initialParameters(specs, new Rng(seed))));
  while (state.step < steps) {
    const rate = RATE * learningRateFactor(state.step / steps);
    ({ state } = await trainer.step(state, await source.get(state.step), rate));
  }
  const scope = constantScope(unflatten(specs, state.average));
  const denoise = scopedDenoiser(scope, config, SIGMA_DATA);
  const quality = await measureDenoiser(runtime, denoise, images, SIGMAS);
  const psnr = quality.map(({ denoised }) => denoised.toFixed(2));
  say(cells([name, `${countParameters(specs)}`, ...psnr]));
}
