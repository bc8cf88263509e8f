import { type StepReport, type TrainingState } from "./trainer.ts";
import { learningRateFactor } from "./schedule.ts";
import { type HistoryEntry } from "./checkpoint.ts";
import type { Console } from "../cli/render/console.ts";

/** When a run ends and what it does on the way. */
export interface LoopPlan {
  /** Steps of the whole run. */
  readonly steps?: number;
  /** Hours of the whole run; the learning rate then follows the clock. */
  readonly hours?: number;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Steps between validations. */
  readonly validateEvery: number;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  /** Images of one step, for the throughput. */
  readonly batch: number;
}

/** Where a run stands. */
export interface Progress {
  /** Weights and moments. */
  readonly state: TrainingState;
  /** Seconds of training so far. */
  readonly seconds: number;
  /** Measurements so far. */
  readonly history: readonly HistoryEntry[];
}

/** What the loop drives. */
export interface LoopActions {
  /** One step. */
  step(state: TrainingState, rate: number): Promise<{ state: TrainingState; report: StepReport }>;
  /** PSNR in dB by noise level. */
  validate?(weights: Float32Array): Promise<Readonly<Record<string, number>>>;
  /** Keeps a checkpoint. */
  save(progress: Progress): Promise<void>;
}

/** How a run ended. */
export interface LoopResult extends Progress {
  /** Whether it went to its end. */
  readonly complete: boolean;
}

/** Seconds between two log lines when nobody watches. */
const LOG_SECONDS = 30;
/** Seconds between two live lines. */
const LIVE_SECONDS = 0.5;

/** Part of a run that is done. */
export function fractionDone({ steps, hours }: LoopPlan, step: number, seconds: number): number {
  const bySteps = steps === undefined ? 0 : step / steps;
  const byClock = hours === undefined ? 0 : seconds / (3600 * hours);
  return Math.max(bySteps, byClock);
}

/** Trains until the plan is done or the signal aborts; the last state is saved either way. */
export async function runLoop(
  start: Progress,
  plan: LoopPlan,
  actions: LoopActions,
  console: Console,
  signal: AbortSignal,
): Promise<LoopResult> {
  const begun = performance.now();
  const seconds = () => start.seconds + (performance.now() - begun) / 1000;
  const history = [...start.history];
  const meter = new Meter(plan, console, start.state.step);
  let { state } = start;
  let saved = seconds();
  let losses: number[] = [];
  const measure = async () => {
    history.push(await measured(state, losses, actions));
    losses = [];
    meter.measured(history[history.length - 1]);
  };
  let done = fractionDone(plan, state.step, seconds());
  while (done < 1 && !signal.aborted) {
    const rate = plan.learningRate * learningRateFactor(done);
    const { state: next, report } = await actions.step(state, rate);
    state = next;
    losses.push(report.loss);
    done = fractionDone(plan, state.step, seconds());
    meter.step(state.step, report, done, seconds());
    if (state.step % plan.validateEvery === 0) await measure();
    if (seconds() - saved > plan.checkpointSeconds) {
      await actions.save({ state, seconds: seconds(), history });
      saved = seconds();
    }
  }
  if (losses.length > 0 && done >= 1) await measure();
  meter.end();
  await actions.save({ state, seconds: seconds(), history });
  return { state, seconds: seconds(), history, complete: done >= 1 };
}

/** Loss since the last measurement, and PSNR now. */
async function measured(
  { step, average }: TrainingState,
  losses: readonly number[],
  actions: LoopActions,
): Promise<HistoryEntry> {
  const loss = losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length);
  const psnr = await actions.validate?.(average);
  return { step, loss, ...(psnr && { psnr }) };
}

/** Says how a run goes: a live line on a terminal, else a line now and then. */
class Meter {
  readonly #plan: LoopPlan;
  readonly #console: Console;
  readonly #first: number;
  readonly #start = performance.now();
  #said = 0;
  #smooth: number | undefined;

  constructor(plan: LoopPlan, console: Console, first: number) {
    this.#plan = plan;
    this.#console = console;
    this.#first = first;
  }

  step(step: number, { loss, norm }: StepReport, done: number, seconds: number): void {
    this.#smooth = this.#smooth === undefined ? loss : 0.98 * this.#smooth + 0.02 * loss;
    const now = performance.now();
    const every = this.#console.isTerminal ? LIVE_SECONDS : LOG_SECONDS;
    if (now - this.#said < 1000 * every && done < 1) return;
    this.#said = now;
    const rate = (step - this.#first) / ((now - this.#start) / 1000);
    const left = done > 0 ? Math.max(0, seconds * (1 - done) / done) : Infinity;
    this.#write(
      `step ${step}${this.#plan.steps === undefined ? "" : `/${this.#plan.steps}`}  ` +
        `loss ${this.#smooth.toFixed(4)}  gradient ${norm.toFixed(2)}  ` +
        `${(rate * this.#plan.batch).toFixed(1)} images/s  ${clock(seconds)} done, ${
          clock(left)
        } left`,
    );
  }

  measured({ step, loss, psnr }: HistoryEntry): void {
    const levels = Object.entries(psnr ?? {}).toSorted((a, b) => Number(a[0]) - Number(b[0])).map((
      [sigma, db],
    ) => `${sigma}: ${db.toFixed(2)}`);
    const validation = levels.length > 0 ? `  PSNR  ${levels.join("  ")}` : "";
    this.#line(`step ${step}  mean loss ${loss.toFixed(4)}${validation}`);
  }

  end(): void {
    if (this.#console.isTerminal) this.#console.err("\n");
  }

  #write(text: string): void {
    if (this.#console.isTerminal) this.#console.err(`\r\x1b[K${text}`);
    else this.#line(text);
  }

  #line(text: string): void {
    this.#console.err(this.#console.isTerminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  }
}

/** Seconds as h:mm:ss. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}
