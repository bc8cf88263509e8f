/** The process that reconstructs the units of a shard, and what it tells the process that started it. @module */
import { hostname } from "node:os";
import { DeviceError, LarmorError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import type { OutputGuard } from "../io/atomic.ts";
import type { CohortFolder } from "./folder.ts";
import { type CohortMethods, reasonOf } from "./plan.ts";
import type { Unit } from "./types.ts";
import { now, reconstructUnit, writeUnit } from "./unit.ts";

/** What a worker tells, a line of JSON each. */
export type WorkerEvent =
  | { readonly kind: "begun"; readonly unit: string }
  | { readonly kind: "finished"; readonly unit: string; readonly seconds: number }
  /** The data do not allow it: another try would end alike. */
  | { readonly kind: "refused"; readonly unit: string; readonly reason: string }
  /** The worker ends. */
  | { readonly kind: "broken"; readonly unit: string | null; readonly reason: string };

/** The units that a worker is given, as one line of JSON on its stdin. */
export interface WorkerOrder {
  readonly units: readonly Unit[];
  /** Tries of each unit so far, by its id. */
  readonly tries: Readonly<Record<string, number>>;
}

/**
 * Reconstructs units one after the other. One whose data do not allow it is noted as failed, and the next
 * one follows; any other error ends the worker, so that the next try has a fresh process.
 */
export async function work(
  folder: CohortFolder,
  { units, tries }: WorkerOrder,
  methods: CohortMethods,
  { guard, signal, tell }: {
    readonly guard: OutputGuard;
    readonly signal: AbortSignal;
    readonly tell: (event: WorkerEvent) => void;
  },
): Promise<void> {
  let current: string | null = null;
  try {
    await using graphs = new Graphs(methods);
    for (const unit of units) {
      signal.throwIfAborted();
      const began = now();
      current = unit.id;
      tell({ kind: "begun", unit: unit.id });
      const runtime = await graphs.of(`${unit.method} ${folder.plan.files[unit.file].kind}`);
      const result = await reconstructUnit(runtime, folder, unit, methods, signal)
        .catch((error) => {
          signal.throwIfAborted();
          if (error instanceof LarmorError && !(error instanceof DeviceError)) {
            return reasonOf(error);
          }
          throw error;
        });
      if (typeof result === "string") {
        const attempts = (tries[unit.id] ?? 0) + 1;
        await folder.writeFailure({ unit: unit.id, reason: result, attempts, host: hostname() });
        tell({ kind: "refused", unit: unit.id, reason: result });
      } else {
        const { seconds } = await writeUnit(folder, unit, result, { began, guard });
        tell({ kind: "finished", unit: unit.id, seconds });
      }
    }
  } catch (error) {
    tell({ kind: "broken", unit: current, reason: reasonOf(error) });
    throw error;
  }
}

/** A runtime for units of one kind by one method; that of others is given back, with its memory. */
class Graphs implements AsyncDisposable {
  #kind = "";
  #runtime: Runtime | undefined;

  constructor(private readonly methods: CohortMethods) {}

  async of(kind: string): Promise<Runtime> {
    if (this.#runtime !== undefined && kind === this.#kind) return this.#runtime;
    await this[Symbol.asyncDispose]();
    this.#kind = kind;
    return this.#runtime = await Runtime.open(this.methods.device, this.methods);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runtime?.[Symbol.asyncDispose]();
    this.#runtime = undefined;
  }
}
