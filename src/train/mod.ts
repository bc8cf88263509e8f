/**
 * Training of priors and reconstruction networks. A run reads a folder of NIfTI volumes and fully
 * sampled k-space files and writes a model folder, which `reconstruct` takes as `model`. It can be
 * stopped and resumed; what a step draws depends on the seed and the step only.
 *
 * @example Two steps of a tiny U-Net
 * ```ts
 * import { mkdtemp } from "node:fs/promises";
 * import { writeNifti } from "@larmor/larmor/io";
 * import { trainReconstruction } from "@larmor/larmor/train";
 *
 * const folder = await mkdtemp("/tmp/train-");
 * const image = { data: new Float32Array(64 * 64).map((_, i) => i % 64), shape: [1, 64, 64] };
 * await writeNifti(`${folder}/volume.nii.gz`, { image });
 * const { complete, history } = await trainReconstruction("unet", {
 *   data: folder,
 *   output: `${folder}/model`,
 *   steps: 2,
 *   batch: 1,
 *   crop: 32,
 *   architecture: { channels: 2, pools: 1 },
 *   onProgress: (event) => event.kind === "step" && console.log(event.step, event.loss),
 * });
 * console.assert(complete && history[0].step === 2);
 * ```
 * @module
 */
export {
  type NetworkSizes,
  type ReconstructionKind,
  type ReconstructionTrainingOptions,
  type Target,
  TARGETS,
  TRAINABLE,
  type Trainable,
  TRAINING_DEFAULTS,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingResult,
} from "./options.ts";
export type { HistoryEntry } from "./checkpoint.ts";
export { trainPrior } from "./prior.ts";
export { trainReconstruction } from "./reconstruction.ts";
export { tune, type TuneOptions } from "./tune.ts";
export type { TrialSource, TuningRow } from "../recon/trials.ts";
