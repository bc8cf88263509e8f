/** Progress: one line that is rewritten on a terminal, log lines elsewhere. @module */
import { CLEAR_LINE } from "../../quoted.ts";
import type { Console } from "./console.ts";

/** How far the work is: `slice` slices of `slices`, `fraction` (0 to 1) of the whole. */
export interface ProgressState {
  readonly stage: string;
  readonly slice: number;
  readonly slices: number;
  readonly fraction: number;
}

const INTERVAL = 100;
/** The time left is estimated from this much time and part of the work on. */
const ESTIMATE_AFTER = { seconds: 1, fraction: 0.02 } as const;
const DEFAULT_COLUMNS = 80;

export class ProgressLine implements Disposable {
  readonly #quiet: boolean;
  readonly #now: () => number;
  readonly #start: number;
  #written = -Infinity;
  #logged = "";

  /** @param options `quiet`: print nothing; `now`: clock in milliseconds */
  constructor(
    private readonly console: Console,
    private readonly label: string,
    { quiet = false, now = () => performance.now() }: { quiet?: boolean; now?: () => number } = {},
  ) {
    this.#quiet = quiet;
    this.#now = now;
    this.#start = now();
  }

  update(state: ProgressState): void {
    if (this.#quiet) return;
    if (this.console.isTerminal) this.#rewrite(state);
    else this.#log(state);
  }

  [Symbol.dispose](): void {
    if (this.#written > -Infinity) this.console.err(CLEAR_LINE);
    this.#written = -Infinity;
  }

  #rewrite(state: ProgressState): void {
    const now = this.#now();
    if (now - this.#written < INTERVAL) return;
    this.#written = now;
    // A line that wraps could not be rewritten.
    const { columns = DEFAULT_COLUMNS } = this.console;
    this.console.err(CLEAR_LINE + this.#line(state).slice(0, Math.max(1, columns - 1)));
  }

  #log(state: ProgressState): void {
    const { stage, slice } = state;
    const isNew = stage === "reconstruct" || slice === 0;
    const key = `${stage} ${slice}`;
    if (!isNew || key === this.#logged) return;
    this.#logged = key;
    this.console.err(`${this.#line(state)}\n`);
  }

  #line({ stage, slice, slices, fraction }: ProgressState): string {
    const seconds = (this.#now() - this.#start) / 1000;
    const known = seconds >= ESTIMATE_AFTER.seconds && fraction >= ESTIMATE_AFTER.fraction;
    const left = known ? `, about ${duration(seconds * (1 / fraction - 1))} left` : "";
    const current = Math.min(slice + 1, slices);
    const percent = Math.round(100 * fraction);
    return `${this.label}: ${stage} slice ${current}/${slices}, ${percent} %${left}`;
  }
}

/** A duration for people: `8 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
