/** How fast a client must send and read. @module */

/** Bytes within a message that count as progress: fewer may be one byte a second. */
const PROGRESS_BYTES = 1 << 16;

/** Measures how long nothing was finished: neither a message nor a good part of a long one. */
export class Pace {
  #since = performance.now();
  #bytes = 0;
  #total = 0;

  /** Bytes in all. */
  get total(): number {
    return this.#total;
  }

  /** Whether there were any bytes since the last progress. */
  get some(): boolean {
    return this.#bytes > 0;
  }

  /** Seconds since the last progress. */
  get seconds(): number {
    return (performance.now() - this.#since) / 1000;
  }

  /** So many bytes came or went. */
  add(bytes: number): void {
    this.#total += bytes;
    this.#bytes += bytes;
    if (this.#bytes >= PROGRESS_BYTES) this.restart();
  }

  /** A message is complete, or waiting begins. */
  restart(): void {
    this.#since = performance.now();
    this.#bytes = 0;
  }
}
