/** Posterior samplers. @module */
import type { Method } from "../method/problem.ts";
import type { Sampler } from "./core/contract.ts";
import { ald } from "./ald.ts";
import { daps } from "./daps.ts";
import { diffpir } from "./diffpir.ts";
import { dmps } from "./dmps.ts";
import { dps } from "./dps.ts";
import { mcg } from "./mcg.ts";
import { pigdm } from "./pigdm.ts";
import { score } from "./score.ts";
import { scoreMri } from "./score_mri.ts";
import { ddnm, ddnmPlus } from "./ddnm.ts";
import { ddrm } from "./ddrm.ts";
import { dds } from "./dds.ts";
import { ilvr } from "./ilvr.ts";
import { dpir, pnpAdmm, red } from "./plug_and_play.ts";
import { redDiff } from "./red_diff.ts";
import { repaint } from "./repaint.ts";
import { sdedit } from "./sdedit.ts";
import { samplerMethod } from "./core/method.ts";

export type { Move, PlannedMove, Range, Sampler, Settings, StepInput } from "./core/contract.ts";
export { type CompiledSampler, compileSampler, type SamplingTask } from "./core/driver.ts";
export { type Measurement, mriMeasurement } from "../method/measurement.ts";
export { DEFAULT_PRIOR, DEFAULT_SAMPLES, samplerMethod } from "./core/method.ts";
export { compileModelSigma, type ModelSigma } from "../method/model_sigma.ts";

export { ald, daps, dmps, dps, mcg, pigdm, score, scoreMri };
export { ddnm, ddnmPlus, ddrm, dds, diffpir, dpir, ilvr, pnpAdmm, red, redDiff, repaint, sdedit };

export { generate, type GenerateOptions } from "./core/generate.ts";
export { SCHEDULES, schedules } from "./core/levels.ts";
export { steppers } from "./core/steppers.ts";

/** All samplers. */
export const samplers: readonly Sampler[] = [
  diffpir,
  score,
  scoreMri,
  ald,
  dps,
  mcg,
  pigdm,
  dmps,
  daps,
  ddnm,
  ddnmPlus,
  ddrm,
  dds,
  ilvr,
  dpir,
  pnpAdmm,
  red,
  redDiff,
  repaint,
  sdedit,
];

/** All samplers as reconstruction methods. */
export const samplerMethods: readonly Method[] = samplers.map(samplerMethod);
