/**
 * The memory of the whole server: what all sessions hold together stays below a limit. When it does
 * not, the session that holds most gives way, so that no client can take the share of the others.
 * @module
 */
import { InputError } from "../errors.ts";

/** What one session holds. */
export interface MemoryShare {
  /** Says how many bytes the session holds now. */
  hold(bytes: number): void;
  /** The session holds nothing more. */
  release(): void;
}

interface Holder {
  bytes: number;
  giveWay(reason: InputError): void;
}

export class Memory {
  readonly #limit: number;
  readonly #holders = new Set<Holder>();
  #total = 0;

  /** @param limit bytes of all sessions together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Bytes that are held now. */
  get total(): number {
    return this.#total;
  }

  /** @param giveWay ends the session's work; it counts as holding nothing from then on */
  share(giveWay: (reason: InputError) => void): MemoryShare {
    const holder: Holder = { bytes: 0, giveWay };
    this.#holders.add(holder);
    const set = (bytes: number) => {
      this.#total += bytes - holder.bytes;
      holder.bytes = bytes;
    };
    const release = () => {
      set(0);
      this.#holders.delete(holder);
    };
    const hold = (bytes: number) => {
      if (!this.#holders.has(holder)) return;
      set(bytes);
      if (this.#total > this.#limit) this.#relieve();
    };
    return { hold, release };
  }

  #relieve(): void {
    const largest = [...this.#holders].reduce((a, b) => b.bytes > a.bytes ? b : a);
    const found = `${this.#total}, of which this client holds most (${largest.bytes})`;
    this.#total -= largest.bytes;
    this.#holders.delete(largest);
    largest.bytes = 0;
    largest.giveWay(
      new InputError(
        `Cannot hold more data: at most ${this.#limit} bytes of all clients are allowed, found ${found}`,
      ),
    );
  }
}
