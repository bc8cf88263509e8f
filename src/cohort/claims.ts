/**
 * Which process works on which shard, on a file system that several machines share. A claim is a hard
 * link that only one process can make, since its name has the number of the attempt. Its holder locks
 * the file, and writes to it every few seconds; it is dead when the lock is free on its own machine, or
 * when it has not written for a while. Times are those of the file server: clocks of machines differ.
 * @module
 */
import { link, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { InputError } from "../errors.ts";
import { partialName, reason, remove } from "../host.ts";
import { escapedJson } from "../quoted.ts";

/** How an attempt stands. `running` may also be one whose process is dead. */
export type AttemptState = "running" | "done" | "failed" | "interrupted";

/** One process that began with a shard. */
export interface Attempt {
  readonly shard: number;
  /** 1 for the first attempt at this shard. */
  readonly number: number;
  readonly host: string;
  readonly pid: number;
  /** When it began. */
  readonly began: string;
  readonly state: AttemptState;
  /** The unit that it was busy with. */
  readonly unit: string | null;
  /** Why it ended without all results. */
  readonly reason: string | null;
}

/** Bytes of the file of an attempt: reasons are written in place, so that a full disk can be told of. */
const RECORD_BYTES = 4096;
/** Characters of a reason in such a file. */
const MOST_REASON = 800;

const NAME = /^(\d+)-(\d+)\.json$/;

/** A claim that this process holds. */
export interface Claim {
  readonly attempt: Attempt;
  /** Shows that the process lives, and what it is busy with. @returns false when it lost the claim */
  beat(change?: Partial<Pick<Attempt, "unit">>): Promise<boolean>;
  /** Ends it. */
  end(state: AttemptState, reason?: string): Promise<void>;
}

/** The claims of a cohort. */
export class Claims {
  readonly #folder: string;
  readonly #stale: number;

  /** @param stale seconds without a sign of life after which a process is taken for dead */
  constructor(folder: string, stale: number) {
    this.#folder = folder;
    this.#stale = stale;
  }

  /** The attempts at each shard, the first one first. */
  async attempts(): Promise<Map<number, Attempt[]>> {
    const found: Attempt[] = [];
    for (const name of (await readdir(this.#folder)).sort()) {
      if (NAME.test(name)) found.push(await this.#read(name));
    }
    found.sort((a, b) => a.number - b.number);
    return Map.groupBy(found, ({ shard }) => shard);
  }

  /** Takes a shard; undefined when another process has it. */
  async take(shard: number): Promise<Claim | undefined> {
    const before = await this.#last(shard);
    if (before !== undefined && await this.isAlive(before)) return undefined;
    const attempt: Attempt = {
      shard,
      number: (before?.number ?? 0) + 1,
      host: hostname(),
      pid: process.pid,
      began: new Date().toISOString(),
      ...{ state: "running", unit: null, reason: null },
    };
    const path = join(this.#folder, nameOf(attempt)), draft = this.#draft();
    try {
      await writeFile(draft, record(attempt));
      // The lock belongs to the file, so the claim is locked from the instant it has its name.
      const lock = await locked(draft);
      const won = await link(draft, path).then(() => true, (cause) => {
        if (cause.code === "EEXIST") return false;
        throw cause;
      });
      if (won) return this.#held(attempt, path, lock);
      lock?.close();
      return undefined;
    } catch (cause) {
      throw new InputError(`Cannot claim a shard in ${this.#folder}: ${reason(cause)}`, { cause });
    } finally {
      await remove(draft);
    }
  }

  /** Whether the process of an attempt may still be at work. */
  async isAlive(attempt: Attempt): Promise<boolean> {
    if (attempt.state !== "running") return false;
    const path = join(this.#folder, nameOf(attempt));
    if (attempt.host === hostname()) {
      const lock = await locked(path);
      lock?.close();
      if (lock !== undefined) return false;
    }
    return await this.silence(attempt) < this.#stale;
  }

  /** Seconds since the process of an attempt wrote, by the clock of the file server. */
  async silence(attempt: Attempt): Promise<number> {
    const path = join(this.#folder, nameOf(attempt)), draft = this.#draft();
    try {
      await writeFile(draft, "");
      const [{ mtimeMs: now }, { mtimeMs: then }] = [await stat(draft), await stat(path)];
      return Math.max(0, (now - then) / 1000);
    } finally {
      await remove(draft);
    }
  }

  #held(first: Attempt, path: string, lock: Deno.FsFile | undefined): Claim {
    let attempt = first;
    const next = join(this.#folder, nameOf({ ...first, number: first.number + 1 }));
    const write = async (change: Partial<Attempt>) => {
      attempt = { ...attempt, ...change };
      await writeFile(path, record(attempt), { flag: "r+" });
    };
    return {
      get attempt() {
        return attempt;
      },
      beat: async (change = {}) => {
        if (await stat(next).then(() => true, () => false)) return false;
        await write(change);
        return true;
      },
      end: async (state, why) => {
        await write({ state, reason: why ?? null });
        lock?.close();
      },
    };
  }

  async #last(shard: number): Promise<Attempt | undefined> {
    const start = `${shardName(shard)}-`;
    const names = (await readdir(this.#folder)).filter((name) => name.startsWith(start)).sort();
    const name = names.at(-1);
    return name === undefined ? undefined : await this.#read(name);
  }

  async #read(name: string): Promise<Attempt> {
    const [, shard, number] = NAME.exec(name)!;
    const text = await readFile(join(this.#folder, name), "utf8");
    try {
      return JSON.parse(text);
    } catch {
      // It is being written, or the machine went down meanwhile: its age decides.
      const unknown = { host: "", pid: 0, began: "", unit: null, reason: null };
      return { shard: Number(shard), number: Number(number), state: "running", ...unknown };
    }
  }

  #draft(): string {
    return partialName(join(this.#folder, "draft"));
  }
}

/** How names of the attempts at a shard begin. */
export const shardName = (shard: number): string => String(shard).padStart(5, "0");

const nameOf = ({ shard, number }: Pick<Attempt, "shard" | "number">) =>
  `${shardName(shard)}-${String(number).padStart(3, "0")}.json`;

/** An attempt as its file holds it, always as long. */
function record(attempt: Attempt): Uint8Array {
  const why = attempt.reason?.slice(0, MOST_REASON) ?? null;
  const bytes = new Uint8Array(RECORD_BYTES).fill(0x20);
  new TextEncoder().encodeInto(escapedJson({ ...attempt, reason: why }), bytes);
  return bytes;
}

/** A file with this process's lock on it; undefined where another one has it, or there are no locks. */
async function locked(path: string): Promise<Deno.FsFile | undefined> {
  const file = await Deno.open(path, { read: true, write: true }).catch(() => undefined);
  if (file === undefined) return undefined;
  if (await file.tryLock(true).catch(() => false)) return file;
  file.close();
  return undefined;
}
