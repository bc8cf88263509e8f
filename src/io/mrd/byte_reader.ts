/** Exact numbers of bytes from a stream that gives them in pieces: a socket or a pipe. @module */
import { InputError } from "../../errors.ts";

/** Where bytes come from; `Deno.Conn` and `Deno.stdin` are such. `read` gives null at the end. */
export interface ByteInput {
  read(target: Uint8Array): Promise<number | null>;
}

/** Bytes read at once, so that a message of a few hundred bytes is not a system call of its own. */
const CHUNK_BYTES = 1 << 18;

/** Reads from a stream. One call at a time. */
export class ByteReader {
  readonly #input: ByteInput;
  readonly #chunk = new Uint8Array(CHUNK_BYTES);
  #start = 0;
  #end = 0;
  #position = 0;
  #stopped: unknown;
  #reject: ((reason: unknown) => void) | undefined;

  /** @param input is read to its end, but not closed */
  constructor(input: ByteInput) {
    this.#input = input;
  }

  get position(): number {
    return this.#position;
  }

  /** Fills an array; false when the stream ends before its first byte. */
  async fill(target: Uint8Array): Promise<boolean> {
    let done = 0;
    while (done < target.length) {
      if (this.#start < this.#end) {
        const part = this.#chunk.subarray(this.#start, this.#end).subarray(0, target.length - done);
        target.set(part, done);
        this.#start += part.length;
        done += part.length;
        continue;
      }
      const rest = target.length - done;
      const count = await this.#read(rest >= CHUNK_BYTES ? target.subarray(done) : this.#chunk);
      if (count === null) {
        if (done === 0) return false;
        throw endedEarly(target.length, done);
      }
      if (rest >= CHUNK_BYTES) done += count;
      else [this.#start, this.#end] = [0, count];
    }
    this.#position += target.length;
    return true;
  }

  /** Fills an array with bytes that must be there. */
  async take(target: Uint8Array): Promise<void> {
    if (!await this.fill(target)) throw endedEarly(target.length, 0);
  }

  /** Makes the read that waits, and all that follow, throw `reason`. */
  stop(reason: unknown): void {
    this.#stopped ??= reason;
    this.#reject?.(this.#stopped);
  }

  /** A broken connection is the end of the stream. */
  async #read(target: Uint8Array): Promise<number | null> {
    if (this.#stopped !== undefined) throw this.#stopped;
    // A promise of its own for each read: racing against one that lives long would keep them all.
    return await new Promise((resolve, reject) => {
      this.#reject = reject;
      this.#input.read(target).then(resolve, () => resolve(null));
    });
  }
}

function endedEarly(required: number, found: number): InputError {
  return new InputError(
    `Cannot read the message: ${required} more bytes are required, but the stream ends after ${found}`,
  );
}
