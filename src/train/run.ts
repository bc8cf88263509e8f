/** The course of a training run: resuming, learning rate, measurements, checkpoints. @module */
import { mkdir } from "node:fs/promises";
import type { Runtime } from "../graph/mod.ts";
import { flatten, initialParameters, type Parameters, type ParameterSpec } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import {
  type Checkpoint,
  type HistoryEntry,
  type Progress,
  readCheckpoint,
  requireSame,
  type RunSettings,
  saveCheckpoint,
} from "./checkpoint.ts";
import { learningRateFactor } from "./learning_rate.ts";
import type { Target, TrainingResult, TrainingSettings } from "./options.ts";
import { runSources } from "./slice_sources.ts";
import { initialState, type TrainingState, type TrainingStep } from "./trainer.ts";

/** The first weights of a run draw from this stream of its seed. */
const WEIGHTS_STREAM = 1;

/** A run that is ready to begin. */
interface Run {
  readonly specs: readonly ParameterSpec[];
  /** First weights. Default: random. */
  readonly weights?: Parameters;
  /** Where the run continues, if it is resumed. */
  readonly resumed?: Checkpoint;
  /** Settings that must not change when the run is resumed. */
  readonly settings: RunSettings & {
    readonly volumes: readonly string[];
    sigmaData?: number;
    target?: Target;
  };
  step(state: TrainingState, rate: number): Promise<TrainingStep>;
  /** PSNR in dB by noise level or acceleration. */
  validate?(weights: Float32Array): Promise<Readonly<Record<string, number>>>;
}

/** How a run ended; `complete`: all steps were done. */
export type RunResult = Progress & { readonly complete: boolean };

/** A run's result as callers of the library see it. */
export function publicResult({ complete, state, seconds, history }: RunResult): TrainingResult {
  return { complete, step: state.step, seconds, history };
}

/**
 * What every run begins with: the sources of its images, the settings that must not change when it is
 * resumed, and its checkpoint if it is.
 */
export async function beginRun(runtime: Runtime, options: TrainingSettings) {
  const { output, seed, batch, procedural, resume } = options;
  const { sources, names: volumes } = await runSources(runtime, options);
  await mkdir(output, { recursive: true });
  const settings = { volumes, seed, batch, ...(procedural > 0 ? { procedural } : {}) };
  return { sources, settings, resumed: resume ? await readCheckpoint(output) : undefined };
}

/** Part of a run that is done. */
function fractionDone({ steps, hours }: TrainingSettings, step: number, seconds: number): number {
  const bySteps = steps === undefined ? 0 : step / steps;
  const byClock = hours === undefined ? 0 : seconds / (3600 * hours);
  return Math.max(bySteps, byClock);
}

function firstProgress({ specs, weights }: Run, seed: number): Progress {
  const first = weights ?? initialParameters(specs, new Rng(seed, WEIGHTS_STREAM));
  return { state: initialState(flatten(specs, first)), seconds: 0, history: [] };
}

/** Trains until the run is complete or the signal aborts; the last state is saved either way. */
export async function runTraining(options: TrainingSettings, run: Run): Promise<RunResult> {
  const { signal, onProgress, output, seed, batch, steps } = options;
  const { settings, resumed } = run;
  if (resumed !== undefined) requireSame(resumed.settings, settings);
  const start = resumed ?? firstProgress(run, seed);
  onProgress?.({
    kind: "start",
    volumes: settings.volumes.length,
    parameters: start.state.weights.length,
    step: start.state.step,
    steps,
    batch,
    sigmaData: settings.sigmaData,
  });
  const save = () => saveCheckpoint(output, { state, seconds: seconds(), history, settings });
  const begun = performance.now();
  const seconds = () => start.seconds + (performance.now() - begun) / 1000;
  const history: HistoryEntry[] = [...start.history];
  let { state } = start;
  let saved = seconds();
  let losses: number[] = [];
  const measure = async () => {
    const loss = losses.reduce((a, b) => a + b, 0) / losses.length;
    const psnr = await run.validate?.(state.average);
    const entry: HistoryEntry = { step: state.step, loss, psnr };
    history.push(entry);
    losses = [];
    onProgress?.({ kind: "validation", ...entry });
  };
  let fraction = fractionDone(options, state.step, seconds());
  while (fraction < 1 && !signal?.aborted) {
    const rate = options.rate * learningRateFactor(fraction);
    const { state: next, report: { loss, norm } } = await run.step(state, rate);
    state = next;
    losses.push(loss);
    fraction = fractionDone(options, state.step, seconds());
    const { step } = state;
    onProgress?.({ kind: "step", step, loss, gradientNorm: norm, fraction, seconds: seconds() });
    if (step % options.validateEvery === 0) await measure();
    if (seconds() - saved > 60 * options.checkpointMinutes) {
      await save();
      saved = seconds();
    }
  }
  if (losses.length > 0 && fraction >= 1) await measure();
  await save();
  return { state, seconds: seconds(), history, complete: fraction >= 1 };
}
