/** From finished units to volumes, a table and statistics. @module */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { LEFT_EMPTY } from "../recon/empty_slice.ts";
import { frameCount } from "../io/axes.ts";
import type { Geometry } from "../io/types.ts";
import { writeNifti } from "../io/nifti/write.ts";
import { type NdArray, ndarray, sizeOf, zeros } from "../ndarray.ts";
import type { Verdict } from "../recon/audit/audit.ts";
import { comparedMetrics, DIFFERENCES_CONVENTION, NO_METRICS } from "../report/compare/metrics.ts";
import { pairedDifferences } from "../report/compare/paired_differences.ts";
import { distinct } from "../report/labels.ts";
import { type Attempt, Claims } from "./claims.ts";
import type { CohortFolder, UnitFailure } from "./folder.ts";
import { type CohortResults, type CohortRow, RESULTS_SCHEMA } from "./results.ts";
import { slicesOf } from "./status.ts";
import type { Unit } from "./types.ts";
import { readUnit, readUnitArray, type UnitArray, type UnitReport } from "./unit.ts";

/** Arrays of a file and a method, as pictures show them. */
export interface CollectedVolume {
  readonly magnitude: NdArray;
  readonly reference?: NdArray;
  readonly std?: NdArray;
  readonly geometry?: Geometry;
}

/** Who watches. */
export interface CollectWatcher {
  readonly signal: AbortSignal;
  /** So many files and methods are collected. */
  onRow?(done: number, of: number): void;
}

/** What is known of the units. */
interface Known {
  readonly finished: ReadonlySet<string>;
  readonly failures: ReadonlyMap<string, UnitFailure>;
  /** The last attempt that was busy with a unit. */
  readonly attempts: ReadonlyMap<string, Attempt>;
  readonly commits: Set<string>;
}

/**
 * Collects what is there, also where the cohort is not finished: writes the volumes of all files and
 * methods below a folder, and tells what became of each. One volume at a time is held.
 * @param output a folder that exists and is empty
 */
export async function collectCohort(
  folder: CohortFolder,
  output: string,
  { signal, onRow }: CollectWatcher,
): Promise<CohortResults> {
  const { plan } = folder;
  const known = await knownOf(folder);
  const units = plan.shards.flatMap((shard) => shard.units);
  const groups = Map.groupBy(units, ({ file, method }) => file * plan.methods.length + method);
  const rows: CohortRow[] = [];
  const of = plan.files.length * plan.methods.length;
  for (let key = 0; key < of; key++) {
    signal.throwIfAborted();
    const own = groups.get(key)!.toSorted((a, b) => a.slices[0] - b.slices[0]);
    rows.push(await collectedRow(folder, own, known, output));
    onRow?.(rows.length, of);
  }
  const measured = rows.map((row) => ({
    ...row,
    ...{
      method: row.method!,
      input: row.file!,
      mask: "",
      model: null,
      seed: 0,
      steps: 0,
      samples: 1,
    },
  }));
  return {
    schema: RESULTS_SCHEMA,
    cohort: folder.path,
    software: plan.software,
    command: plan.command,
    device: plan.device,
    threads: plan.threads,
    convention: DIFFERENCES_CONVENTION,
    otherCommits: [...known.commits].filter((commit) => commit !== plan.software.commit),
    rows: [...rows, ...plan.refused.map(refusedRow)],
    differences: pairedDifferences(measured, plan.files.length),
  };
}

async function knownOf(folder: CohortFolder): Promise<Known> {
  const claims = new Claims(folder.at("attempts"), folder.plan.policy.stale);
  const attempts = new Map<string, Attempt>();
  for (const attempt of [...(await claims.attempts()).values()].flat()) {
    if (attempt.unit !== null) attempts.set(attempt.unit, attempt);
  }
  const [finished, failures] = [await folder.finished(), await folder.failures()];
  return { finished, failures, attempts, commits: new Set() };
}

/** What became of a file and a method. Its image is written where a slice is there. */
async function collectedRow(
  folder: CohortFolder,
  units: readonly Unit[],
  known: Known,
  output: string,
): Promise<CohortRow> {
  const { plan } = folder;
  const done = units.filter(({ id }) => known.finished.has(id));
  const reports = await Promise.all(done.map(({ id }) => readUnit(folder, id)));
  reports.forEach(({ software: { commit } }) => commit !== null && known.commits.add(commit));
  const blank = blankRow(folder, units, reports, known);
  const volume = volumeOf(folder, units, known.finished);
  if (volume === undefined) return blank;
  const { magnitude, std, reference } = volume;
  const method = plan.methods[units[0].method];
  const place = join("images", blank.name, method.replace(/[^\w.+=,@-]+/g, "_"));
  await mkdir(join(output, place), { recursive: true });
  const [{ geometry, frames }] = reports;
  const write = async (name: string, image: NdArray) => {
    const path = join(place, name);
    await writeNifti(join(output, path), {
      image,
      // The first part says where the volume begins.
      geometry: known.finished.has(units[0].id) ? geometry ?? undefined : undefined,
      frames: frameCount(frames) > 1 ? frames : undefined,
      description: `larmor ${plan.software.version} ${method}`,
    });
    return path;
  };
  return {
    ...blank,
    ...(blank.done === blank.slices ? comparedMetrics(magnitude, reference) : NO_METRICS),
    image: await write("recon.nii.gz", magnitude),
    std: std === undefined ? null : await write("std.nii.gz", std),
  };
}

/** The arrays of a row; undefined where no slice is there. */
export async function collectedVolume(
  folder: CohortFolder,
  row: CohortRow,
): Promise<CollectedVolume | undefined> {
  const { plan } = folder;
  const units = plan.shards.flatMap((shard) => shard.units)
    .filter(({ file, method }) => file === row.file && plan.methods[method] === row.method)
    .sort((a, b) => a.slices[0] - b.slices[0]);
  const finished = await folder.finished();
  const first = units.find(({ id }) => finished.has(id));
  const { geometry = null } = first === undefined ? {} : await readUnit(folder, first.id);
  const volume = volumeOf(folder, units, finished);
  return volume && { ...volume, geometry: geometry ?? undefined };
}

function volumeOf(
  folder: CohortFolder,
  units: readonly Unit[],
  finished: ReadonlySet<string>,
): CollectedVolume | undefined {
  const array = (name: UnitArray) => assembled(folder, units, finished, name);
  const magnitude = array("magnitude");
  return magnitude && { magnitude, std: array("std"), reference: array("reference") };
}

/** The volume of an array; slices that are not there are zero. Undefined where no unit has it. */
function assembled(
  folder: CohortFolder,
  units: readonly Unit[],
  finished: ReadonlySet<string>,
  name: UnitArray,
): NdArray | undefined {
  const parts = units.map(({ id }) =>
    finished.has(id) ? readUnitArray(folder, id, name) : undefined
  );
  const first = parts.find((part) => part !== undefined);
  if (first === undefined) return undefined;
  if (parts.length === 1) return first;
  const plane = first.shape.slice(1);
  const depths = units.map((unit, i) => parts[i]?.shape[0] ?? slicesOf(unit));
  const volume = zeros([depths.reduce((a, b) => a + b), ...plane]);
  let at = 0;
  for (const [i, depth] of depths.entries()) {
    if (parts[i] !== undefined) volume.data.set(parts[i].data, at);
    at += depth * sizeOf(plane);
  }
  return ndarray(volume.data, volume.shape);
}

const VERDICTS: readonly Verdict[] = ["consistent", "suspicious", "inconsistent"];

/** A row without metrics and images. */
function blankRow(
  { plan }: CohortFolder,
  units: readonly Unit[],
  reports: readonly UnitReport[],
  known: Known,
): CohortRow {
  const [{ file, method }] = units;
  const { name, path, columns } = plan.files[file];
  // One in which all slices are empty says nothing of the method.
  const first = reports.find((unit) => unit.emptySlices.length < slicesOf(unit)) ?? reports[0];
  const all = units.reduce((sum, unit) => sum + slicesOf(unit), 0);
  const done = reports.reduce((sum, unit) => sum + slicesOf(unit) - unit.emptySlices.length, 0);
  const reasons = [...reasonsOf(units, known), ...emptyReasons(reports)];
  const audits = reports.flatMap((report) =>
    report.audit === null ? [] : [{ audit: report.audit, slices: slicesOf(report) }]
  );
  const audited = audits.reduce((sum, { slices }) => sum + slices, 0);
  const worst = Math.max(...audits.map(({ audit }) => VERDICTS.indexOf(audit.verdict)));
  const unfinished = units.some(({ id }) => !known.finished.has(id) && !known.failures.has(id));
  return {
    ...{ file, name, path, columns, method: plan.methods[method], slices: all, done },
    state: unfinished ? "unfinished" : done === all ? "done" : done > 0 ? "incomplete" : "failed",
    reason: reasons.length > 0 ? reasons.join("; ") : null,
    model: first?.model ?? null,
    steps: first?.steps ?? null,
    nfe: first?.nfe ?? null,
    samples: first?.samples ?? null,
    acceleration: first?.acceleration ?? null,
    seconds: reports.reduce((sum, { seconds }) => sum + seconds, 0),
    cpuSeconds: reports.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    peakMemory: reports.length > 0 ? Math.max(...reports.map((r) => r.peakMemory)) : null,
    ...NO_METRICS,
    chiSquare: audited > 0
      ? audits.reduce((sum, { audit, slices }) => sum + slices * audit.consistency.chiSquare, 0) /
        audited
      : null,
    verdict: audits.length > 0 ? VERDICTS[worst] : null,
    warnings: distinct(reports.flatMap(({ warnings }) => warnings.map(({ code }) => code))),
    ...{ image: null, std: null },
  };
}

/** Why slices are not there; the same reason once, with all its slices. */
function reasonsOf(units: readonly Unit[], { finished, failures, attempts }: Known): string[] {
  const missing = units.filter(({ id }) => !finished.has(id));
  const why = ({ id }: Unit) => {
    const failure = failures.get(id);
    if (failure !== undefined) return failure.reason;
    const attempt = attempts.get(id);
    if (attempt === undefined) return "not begun";
    return attempt.reason ?? `begun by process ${attempt.pid} on ${attempt.host}, not finished`;
  };
  return [...Map.groupBy(missing, why)].map(([reason, own]) =>
    own.length === units.length
      ? reason
      : `slices ${own.map(({ slices }) => slices.join(":")).join(", ")}: ${reason}`
  );
}

/** Why slices were left empty though their part is there: what the reconstruction said. */
const emptyReasons = (reports: readonly UnitReport[]): string[] =>
  reports.filter(({ emptySlices }) => emptySlices.length > 0)
    .flatMap(({ warnings }) => warnings.filter(({ code }) => code === LEFT_EMPTY))
    .map(({ message }) => message);

function refusedRow(
  { name, path, columns, reason }: CohortFolder["plan"]["refused"][number],
): CohortRow {
  return {
    ...{
      file: null,
      name,
      path,
      columns,
      method: null,
      state: "refused",
      slices: 0,
      done: 0,
      reason,
    },
    ...{
      model: null,
      steps: null,
      nfe: null,
      samples: null,
      acceleration: null,
      seconds: 0,
      cpuSeconds: 0,
    },
    ...{ peakMemory: null, ...NO_METRICS, chiSquare: null, verdict: null, warnings: [] },
    ...{ image: null, std: null },
  };
}
