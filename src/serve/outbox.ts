/**
 * Messages on their way to a client: in order, at most so many bytes waiting, and given up when the
 * client does not read.
 * @module
 */
import { InputError } from "../errors.ts";

/** Where bytes go; `Deno.Conn` and `Deno.stdout` are such. `write` gives how many it has written. */
export interface ByteOutput {
  write(bytes: Uint8Array): Promise<number>;
}

export class Outbox {
  readonly #output: ByteOutput;
  readonly #limit: number;
  readonly #onBroken: (reason: unknown) => void;
  #tail: Promise<void> = Promise.resolve();
  #waiting = 0;
  #progress = performance.now();
  #broken = false;
  readonly #dropped = Promise.withResolvers<void>();

  /**
   * @param limit bytes that may wait
   * @param onBroken called once, when the client has gone or does not read
   */
  constructor(output: ByteOutput, limit: number, onBroken: (reason: unknown) => void) {
    this.#output = output;
    this.#limit = limit;
    this.#onBroken = onBroken;
  }

  /** Sends a message; after a failure messages are dropped. */
  send(bytes: Uint8Array): void {
    if (this.#broken) return;
    const waiting = this.#waiting + bytes.length;
    if (waiting > this.#limit && this.#waiting > 0) {
      const found = `at most ${this.#limit} bytes may wait for the client, found ${waiting}`;
      return this.break(new InputError(`Cannot send images: ${found}`));
    }
    if (this.#waiting === 0) this.#progress = performance.now();
    this.#waiting = waiting;
    this.#tail = this.#tail.then(() => this.#write(bytes));
  }

  /** Resolves when all that was sent so far is written, or sending has failed. */
  async flush(): Promise<void> {
    await Promise.race([this.#tail, this.#dropped.promise]);
  }

  /** Milliseconds since the client last read something; 0 when nothing waits. */
  get stalledFor(): number {
    return this.#waiting === 0 ? 0 : performance.now() - this.#progress;
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
        done += await this.#output.write(bytes.subarray(done));
        this.#progress = performance.now();
      }
    } catch (cause) {
      const { message } = cause as Error;
      this.break(new InputError(`Cannot send to the client: ${message}`, { cause }));
    }
    this.#waiting = Math.max(0, this.#waiting - bytes.length);
  }
}
