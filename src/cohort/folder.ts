/** The folder of a cohort: its plan, what is finished, and what failed for good. @module */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import { reason, remove } from "../host.ts";
import { writeFileWhole } from "../io/atomic.ts";
import { isOwnName } from "../io/manifest.ts";
import { escapedJson } from "../quoted.ts";
import { VERSION } from "../version.ts";
import { shardName } from "./claims.ts";
import { COHORT_SCHEMA, type CohortPlan, type Shard, type Unit } from "./types.ts";

/** Names in the folder of a cohort. */
export const PLACES = {
  /** The plan. */
  plan: "cohort.json",
  /** A folder for each finished unit. */
  units: "units",
  /** A file for each unit that failed for good. */
  failed: "failed",
  /** A file for each process that began with a shard. */
  attempts: "attempts",
  /** Scripts and logs of Slurm. */
  slurm: "slurm",
  /** What `collect` writes. */
  results: "results",
} as const;

/** Why there is no result of a unit. */
export interface UnitFailure {
  readonly unit: string;
  readonly reason: string;
  /** How many processes tried. */
  readonly attempts: number;
  readonly host: string;
}

/** JSON as it is written to files. */
export const jsonBytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(`${escapedJson(value, 1)}\n`);

/** The folder of a cohort, which several processes of several machines may use at once. */
export class CohortFolder {
  readonly path: string;
  readonly plan: CohortPlan;

  private constructor(path: string, plan: CohortPlan) {
    this.path = path;
    this.plan = plan;
  }

  /** Writes a plan into a folder that exists and is empty. */
  static async create(path: string, plan: CohortPlan): Promise<void> {
    const { units, failed, attempts, slurm } = PLACES;
    for (const name of [units, failed, attempts, slurm]) await mkdir(join(path, name));
    await writeFileWhole(join(path, PLACES.plan), jsonBytes(plan));
  }

  /** @throws {InputError} when it is no cohort, or one of another version of Larmor */
  static async open(path: string): Promise<CohortFolder> {
    const file = join(path, PLACES.plan);
    const text = await readFile(file, "utf8").catch((cause) => {
      throw new InputError(`Cannot open the cohort ${path}: ${PLACES.plan}: ${reason(cause)}`, {
        cause,
        hint: "Name the folder that deno task cohort init wrote",
      });
    });
    const plan = planOf(text);
    if (plan === undefined) {
      throw new InputError(
        `Cannot open the cohort ${path}: ${COHORT_SCHEMA} is required in ${file}`,
      );
    }
    const { version } = plan.software;
    if (version === VERSION) return new CohortFolder(path, plan);
    throw new InputError(
      `Cannot work on the cohort ${path}: the version that planned it (${version}) is required, found ` +
        VERSION,
    );
  }

  /** The path of something in it. */
  at(place: keyof typeof PLACES, ...names: string[]): string {
    return join(this.path, PLACES[place], ...names);
  }

  /** Units that are finished, each as a whole. */
  async finished(): Promise<Set<string>> {
    return new Set((await readdir(this.at("units"))).filter((name) => !isOwnName(name)));
  }

  /** Units that failed for good, and why. */
  async failures(): Promise<Map<string, UnitFailure>> {
    const names = (await readdir(this.at("failed"))).filter((name) => !isOwnName(name));
    const read = async (name: string): Promise<UnitFailure> =>
      JSON.parse(await readFile(this.at("failed", name), "utf8"));
    const all = await Promise.all(names.map(read));
    return new Map(all.map((failure) => [failure.unit, failure]));
  }

  /** Says that a unit failed for good. */
  async writeFailure(failure: UnitFailure): Promise<void> {
    await writeFileWhole(this.at("failed", `${failure.unit}.json`), jsonBytes(failure));
  }

  /** Forgets failures of units and all attempts at their shards, so that they are tried as if for the first time. */
  async forget(shards: readonly number[]): Promise<void> {
    const failed = await this.failures();
    for (const number of shards) {
      const own = this.plan.shards[number].units.filter(({ id }) => failed.has(id));
      if (own.length === 0) continue;
      for (const { id } of own) await remove(this.at("failed", `${id}.json`));
      for (const name of await readdir(this.at("attempts"))) {
        if (name.startsWith(`${shardName(number)}-`)) await remove(this.at("attempts", name));
      }
    }
  }

  /** Units of a shard that are neither finished nor failed for good. */
  async unsettled(shard: Shard): Promise<Unit[]> {
    const settled = await this.settled();
    return shard.units.filter(({ id }) => !settled.has(id));
  }

  /** Units that are finished or failed for good. */
  async settled(): Promise<Set<string>> {
    const failed = (await readdir(this.at("failed"))).map((name) => name.replace(/\.json$/, ""));
    return new Set([...await this.finished(), ...failed]);
  }
}

function planOf(text: string): CohortPlan | undefined {
  try {
    const plan = JSON.parse(text) as CohortPlan;
    return plan.schema === COHORT_SCHEMA ? plan : undefined;
  } catch {
    return undefined;
  }
}
