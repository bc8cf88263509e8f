/** The progress of a training run: a live line on a terminal, else a line now and then. @module */
import { clock } from "../../train/card.ts";
import type { TrainingEvent } from "../../train/mod.ts";
import { CLEAR_LINE } from "../../quoted.ts";
import type { Console } from "./console.ts";

const LOG_SECONDS = 30;
const LIVE_SECONDS = 0.5;
/** Weight of the past in the running mean of the loss. */
const SMOOTHING = 0.98;

export class TrainingProgress {
  #first = { step: 0, batch: 1, time: performance.now() };
  #steps = "";
  #written = 0;
  #loss: number | undefined;

  constructor(private readonly console: Console) {}

  report(event: TrainingEvent): void {
    if (event.kind === "start") this.#start(event);
    else if (event.kind === "step") this.#step(event);
    else this.#line(validationText(event));
  }

  end(): void {
    if (this.console.isTerminal) this.console.err("\n");
  }

  #start(event: TrainingEvent & { kind: "start" }): void {
    const { volumes, parameters, step, steps, batch, sigmaData } = event;
    this.#first = { step, batch, time: performance.now() };
    this.#steps = steps === undefined ? "" : `/${steps}`;
    const data = sigmaData && `standard deviation of the data ${sigmaData.toFixed(4)}`;
    const from = step > 0 && `from step ${step}`;
    const parts = [`Training on ${volumes} volumes`, `${parameters} parameters`, data, from];
    this.#line(parts.filter(Boolean).join(", "));
  }

  #step({ step, loss, gradientNorm, fraction, seconds }: TrainingEvent & { kind: "step" }): void {
    this.#loss = SMOOTHING * (this.#loss ?? loss) + (1 - SMOOTHING) * loss;
    const now = performance.now();
    const every = this.console.isTerminal ? LIVE_SECONDS : LOG_SECONDS;
    if (now - this.#written < 1000 * every && fraction < 1) return;
    this.#written = now;
    const { step: first, batch, time } = this.#first;
    const rate = batch * (step - first) / ((now - time) / 1000);
    const left = fraction > 0 ? Math.max(0, seconds * (1 - fraction) / fraction) : Infinity;
    const text = `step ${step}${this.#steps}  ` +
      `loss ${this.#loss.toFixed(4)}  gradient ${gradientNorm.toFixed(2)}  ` +
      `${rate.toFixed(1)} images/s  ${clock(seconds)} done, ${clock(left)} left`;
    if (this.console.isTerminal) this.console.err(CLEAR_LINE + text);
    else this.#line(text);
  }

  #line(text: string): void {
    this.console.err(this.console.isTerminal ? `${CLEAR_LINE}${text}\n` : `${text}\n`);
  }
}

function validationText({ step, loss, psnr = {} }: TrainingEvent & { kind: "validation" }): string {
  const levels = Object.entries(psnr)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([level, db]) => `${level}: ${db.toFixed(2)}`);
  const measured = levels.length > 0 ? `  PSNR  ${levels.join("  ")}` : "";
  return `step ${step}  mean loss ${loss.toFixed(4)}${measured}`;
}
