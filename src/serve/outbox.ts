/**
 * Messages on their way to a client: in order, at most so many bytes waiting, and given up when the
 * client does not read.
 * @module
 */
import { InputError } from "../errors.ts";
import { Pace } from "./pace.ts";

/** Where bytes go; `Deno.Conn` and `Deno.stdout` are such. `write` gives how many it has written. */
export interface ByteOutput {
  write(bytes: Uint8Array): Promise<number>;
}

export class Outbox {
  readonly #output: ByteOutput;
  readonly #limit: number;
  readonly #onBroken: (reason: unknown) => void;
  readonly #onWaiting: () => void;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  /** How fast the client reads. */
  readonly pace = new Pace();
  #broken = false;
  #sentAt = performance.now();
  readonly #dropped = Promise.withResolvers<void>();

  /**
   * @param limit bytes that may wait
   * @param onBroken called once, when the client has gone or does not read
   * @param onWaiting called when other bytes wait than before
   */
  constructor(
    output: ByteOutput,
    limit: number,
    { onBroken, onWaiting }: { onBroken: (reason: unknown) => void; onWaiting: () => void },
  ) {
    this.#output = output;
    this.#limit = limit;
    this.#onBroken = onBroken;
    this.#onWaiting = onWaiting;
  }

  /** Sends a message; after a failure messages are dropped. */
  send(bytes: Uint8Array): void {
    if (this.#broken) return;
    const waiting = this.#waiting + bytes.length;
    if (waiting > this.#limit && this.#waiting > 0) {
      const found = `at most ${this.#limit} bytes may wait for the client, found ${waiting}`;
      return this.break(new InputError(`Cannot send images: ${found}`));
    }
    if (this.#waiting === 0) this.pace.restart();
    this.#waiting = waiting;
    this.#sentAt = performance.now();
    this.#tail = this.#tail.then(() => this.#write(bytes));
    this.#onWaiting();
  }

  /** Resolves when all that was sent so far is written, or sending has failed. */
  async flush(): Promise<void> {
    await Promise.race([this.#tail, this.#dropped.promise]);
  }

  /** Seconds in which the client did not read a message, or much of one; 0 when nothing waits. */
  get stalledFor(): number {
    return this.#waiting === 0 ? 0 : this.pace.seconds;
  }

  /** Seconds since something was sent. */
  get quietFor(): number {
    return (performance.now() - this.#sentAt) / 1000;
  }

  /** Bytes that wait for the client. */
  get waiting(): number {
    return this.#waiting;
  }

  break(reason: unknown): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#waiting = 0;
    this.#dropped.resolve();
    this.#onBroken(reason);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length && !this.#broken;) {
        const count = await this.#output.write(bytes.subarray(done));
        done += count;
        this.pace.add(count);
      }
      this.pace.restart();
    } catch (cause) {
      const { message } = cause as Error;
      this.break(new InputError(`Cannot send to the client: ${message}`, { cause }));
    }
    this.#waiting = Math.max(0, this.#waiting - bytes.length);
    this.#onWaiting();
  }
}
