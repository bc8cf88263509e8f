/** The loop of a training run: learning rate, measurements, checkpoints. @module */
import type { HistoryEntry, Progress } from "./checkpoint.ts";
import type { TrainingSettings } from "./options.ts";
import { learningRateFactor } from "./schedule.ts";
import type { StepReport, TrainingState } from "./trainer.ts";

/** When a run ends and how often it measures and saves. */
export type LoopPlan = Pick<
  TrainingSettings,
  "steps" | "hours" | "rate" | "validateEvery" | "checkpointMinutes" | "signal" | "onProgress"
>;

/** What the loop drives. */
export interface LoopActions {
  /** One step. */
  step(state: TrainingState, rate: number): Promise<{ state: TrainingState; report: StepReport }>;
  /** PSNR in dB by noise level or acceleration. */
  validate?(weights: Float32Array): Promise<Readonly<Record<string, number>>>;
  /** Writes a checkpoint. */
  save(progress: Progress): Promise<void>;
}

/** How a run ended. */
export interface LoopResult extends Progress {
  /** Whether all steps were done. */
  readonly complete: boolean;
}

/** Part of a run that is done. */
export function fractionDone(
  { steps, hours }: Pick<LoopPlan, "steps" | "hours">,
  step: number,
  seconds: number,
): number {
  const bySteps = steps === undefined ? 0 : step / steps;
  const byClock = hours === undefined ? 0 : seconds / (3600 * hours);
  return Math.max(bySteps, byClock);
}

/** Trains until the plan is done or the signal aborts; the last state is saved either way. */
export async function runLoop(
  start: Progress,
  plan: LoopPlan,
  actions: LoopActions,
): Promise<LoopResult> {
  const { signal, onProgress } = plan;
  const begun = performance.now();
  const seconds = () => start.seconds + (performance.now() - begun) / 1000;
  const history: HistoryEntry[] = [...start.history];
  let { state } = start;
  let saved = seconds();
  let losses: number[] = [];
  const measure = async () => {
    const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
    const psnr = await actions.validate?.(state.average);
    const entry: HistoryEntry = { step: state.step, loss, psnr };
    history.push(entry);
    losses = [];
    onProgress?.({ kind: "validation", ...entry });
  };
  let fraction = fractionDone(plan, state.step, seconds());
  while (fraction < 1 && !signal?.aborted) {
    const rate = plan.rate * learningRateFactor(fraction);
    const { state: next, report: { loss, norm } } = await actions.step(state, rate);
    state = next;
    losses.push(loss);
    fraction = fractionDone(plan, state.step, seconds());
    const { step } = state;
    onProgress?.({ kind: "step", step, loss, gradientNorm: norm, fraction, seconds: seconds() });
    if (step % plan.validateEvery === 0) await measure();
    if (seconds() - saved > 60 * plan.checkpointMinutes) {
      await actions.save({ state, seconds: seconds(), history });
      saved = seconds();
    }
  }
  if (losses.length > 0 && fraction >= 1) await measure();
  await actions.save({ state, seconds: seconds(), history });
  return { state, seconds: seconds(), history, complete: fraction >= 1 };
}
