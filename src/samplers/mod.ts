/** Posterior samplers, and what one's own are made of. @module */
import type { Method } from "../method/problem.ts";
import type { Sampler } from "./core/contract.ts";
import { ald } from "./ald.ts";
import { cold } from "./cold.ts";
import { daps } from "./daps.ts";
import { ddnm, ddnmPlus } from "./ddnm.ts";
import { ddrm } from "./ddrm.ts";
import { dds } from "./dds.ts";
import { diffpir } from "./diffpir.ts";
import { dmps } from "./dmps.ts";
import { dps } from "./dps.ts";
import { type DegradationPath, diracSampler } from "./dirac.ts";
import { flow, interpolant } from "./flow.ts";
import { ilvr } from "./ilvr.ts";
import { mcg } from "./mcg.ts";
import { mmps } from "./mmps.ts";
import { pigdm } from "./pigdm.ts";
import { dpir, pnpAdmm, red } from "./plug_and_play.ts";
import { redDiff } from "./red_diff.ts";
import { repaint } from "./repaint.ts";
import { score } from "./score.ts";
import { scoreMri } from "./score_mri.ts";
import { sdedit } from "./sdedit.ts";
import { snips } from "./snips.ts";
import { samplerMethod } from "./core/method.ts";

export * from "./core/contract.ts";
export { checkedSettings, type SamplingTask } from "./core/compile.ts";
export { type CompiledSampler, compileSampler } from "./core/run.ts";
export type { SamplerSettings } from "./settings.ts";
export { linearMeasurement, type Measurement, mriMeasurement } from "../method/measurement.ts";
export { DEFAULT_PRIOR, DEFAULT_SAMPLES, samplerMethod } from "./core/method.ts";
export { compileModelSigma, type ModelSigma } from "../method/model_sigma.ts";
export { adam, type AdamState } from "../nn/adam.ts";
export {
  likelihoodScore,
  posteriorVariance,
  proximal,
  proximalCorrection,
  pseudoInverse,
  regularisedInverse,
  residualGradient,
  residualImage,
  rho,
} from "./core/data_term.ts";
export { intensityRange, knownSupport, positivity, type Projection } from "./core/projection.ts";
export {
  compileSteinFigures,
  type JudgeSamples,
  type Posterior,
  type SteinFigures,
  steinFigures,
} from "./core/stein.ts";
export { phaseRetrieval } from "./phase_retrieval.ts";
export { generate, type GenerateOptions } from "./core/generate.ts";
export {
  geometricLevels,
  karrasLevels,
  type Levels,
  type LevelSettings,
  type PlainStep,
  posteriorLevels,
  posteriorSteps,
  type ScheduleName,
  SCHEDULES,
  schedules,
} from "./core/schedule.ts";
export {
  ancestralShare,
  langevin,
  noisier,
  type NoisyTransition,
  renoise,
  scoreOf,
  type Stepper,
  steppers,
  type Transition,
} from "./core/steppers.ts";

export { ald, daps, ddnm, ddnmPlus, ddrm, dds, diffpir, dmps, dpir, dps, ilvr, mcg, mmps };
export { cold, type DegradationPath, diracSampler, flow, interpolant };
export { pigdm, pnpAdmm, red, redDiff, repaint, score, scoreMri, sdedit, snips };

/** All samplers. */
export const samplers: readonly Sampler[] = [
  ...[diffpir, score, scoreMri, ald, dps, mcg, pigdm, mmps, dmps, daps, ddnm, ddnmPlus, ddrm, dds],
  ...[ilvr, dpir, pnpAdmm, red, redDiff, repaint, sdedit, snips, flow, interpolant],
];

/** All samplers as reconstruction methods, and cold diffusion, which has a network of its own. */
export const samplerMethods: readonly Method[] = [...samplers.map(samplerMethod), cold];
