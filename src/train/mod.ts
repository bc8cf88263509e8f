/** Training of priors and reconstruction networks, and the search for settings of samplers. @module */
export {
  type NetworkSizes,
  type ReconstructionKind,
  type ReconstructionTrainingOptions,
  TRAINABLE,
  type Trainable,
  type TrainingControl,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingResult,
} from "./options.ts";
export type { HistoryEntry } from "./checkpoint.ts";
export { trainPrior } from "./prior.ts";
export { trainReconstruction } from "./reconstruction.ts";
export { tune, type TuneOptions } from "./tune.ts";
export type { TuningRow } from "../recon/tune.ts";
export type { TrialSource } from "../recon/trials.ts";
