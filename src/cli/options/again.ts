/** Repeating a run from its recon.json. @module */
import { resolve } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { isFile } from "../../host.ts";
import { type ReconReport, REPORT_SCHEMA } from "../../recon/report.ts";
import type { Warning } from "../../warning.ts";
import { readInput } from "../files.ts";
import type { Written } from "./table.ts";

/** Options of the console and of the outputs' place: a repeated run has its own. */
export const NOT_REPEATED = [
  ...["again", "config", "dry-run", "help", "json", "output", "quiet", "verbose", "version"],
] as const;

/** Reads a recon.json. @throws {UsageError} when it is none, or of a script */
export async function readRun(path: string): Promise<ReconReport> {
  const text = new TextDecoder().decode(await readInput(path, "the run"));
  try {
    const report = JSON.parse(text) as ReconReport;
    if (report.schema === REPORT_SCHEMA && report.provenance?.options != null) return report;
  } catch {
    // Said below.
  }
  throw new UsageError(
    `Cannot repeat ${path}: a recon.json that deno task recon wrote is required`,
  );
}

/** The command line, completed by the run that `--again` names; the command line wins. */
export async function withAgain(written: Written): Promise<Written> {
  const { again } = written.values;
  if (typeof again !== "string") return written;
  const { input, provenance } = await readRun(again);
  const { options, folder, threads } = provenance!;
  const values = { ...options, threads: String(threads), ...written.values };
  if (written.inputs.length > 0 || input.sha256 === null) return { ...written, values };
  const places = [input.path, resolve(folder, input.path)];
  const found = places.find((place) => isFile(place) || isFile(`${place}.cfl`));
  if (found !== undefined) return { values, inputs: [found] };
  throw new InputError(`Cannot repeat ${again}: its input ${input.path} is required, found none`, {
    hint: "Name the file where it lies now: recon PATH --again ...",
  });
}

/** How a repeated run may differ from the one that it repeats; none means bit for bit. */
export function againWarnings(before: ReconReport, now: ReconReport): Warning[] {
  const pairs: [what: string, before: unknown, now: unknown][] = [
    ["version", before.provenance?.version, now.provenance?.version],
    ["commit", before.provenance?.commit, now.provenance?.commit],
    ["model", before.model?.sha256, now.model?.sha256],
    ["device", before.device, now.device],
    ["platform", before.provenance?.platform, now.provenance?.platform],
  ];
  const changed = pairs.filter(([, a, b]) => a !== b);
  if (changed.length === 0) return [];
  const found = changed.map(([what, a, b]) =>
    `${what} ${a ?? "unknown"} then, ${b ?? "unknown"} now`
  );
  return [{
    code: "again-differs",
    message: `The repeated run had other conditions (${found.join("; ")})`,
    hint: "The images may differ from those of the first run",
  }];
}
