/** How fast a client must send and read. @module */

/** Bytes within a message that count as progress: fewer may be one byte a second. */
const PROGRESS_BYTES = 1 << 16;

/** Measures how long nothing was finished: neither a message nor a good part of a long one. */
export class Pace {
  #since = performance.now();
  #bytes = 0;
  #total = 0;
  #watchedAt = performance.now();
  /** Work of the server's own that goes on. */
  #own = 0;

  /** Bytes in all. */
  get total(): number {
    return this.#total;
  }

  /** Whether there were any bytes since the last progress. */
  get some(): boolean {
    return this.#bytes > 0;
  }

  /** Seconds since the last progress, but for those that the server took for itself; 0 while it does. */
  get seconds(): number {
    return this.#own > 0 ? 0 : (performance.now() - this.#since) / 1000;
  }

  /** So many bytes came or went. */
  add(bytes: number): void {
    this.#total += bytes;
    this.#bytes += bytes;
    if (this.#bytes >= PROGRESS_BYTES) this.restart();
  }

  /** The time until some work is done is not the client's: a disk may be slow. */
  async except(work: Promise<unknown>): Promise<void> {
    const start = performance.now();
    this.#own++;
    await work.finally(() => this.#own--);
    this.#since += performance.now() - start;
  }

  /**
   * Called every `interval` milliseconds. Where it comes later the process did not run, as on a machine that
   * has too much to do: nor is that time the client's.
   */
  watched(interval: number): void {
    const now = performance.now(), late = now - this.#watchedAt - interval;
    this.#watchedAt = now;
    if (late > 0) this.#since += late;
  }

  /** A message is complete, or waiting begins. */
  restart(): void {
    this.#since = performance.now();
    this.#bytes = 0;
  }
}
