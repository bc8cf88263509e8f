/** Training of priors and reconstruction networks. @module */
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
