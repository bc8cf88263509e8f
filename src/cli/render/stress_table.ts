/** The results of `stress` as JSON, CSV and a table. @module */
import type { Device } from "../../graph/mod.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import { changeOf, type Condition, keptOf, type StressRun } from "../../recon/stress.ts";
import { VERSION_LINE } from "../options/help.ts";
import { textOf } from "../files.ts";
import { signed } from "../../number_format.ts";
import { csv, table } from "./compare_text.ts";
import { magnitudeOf } from "../../ndarray.ts";

export interface MethodRuns {
  readonly method: string;
  readonly runs: ReadonlyMap<string, StressRun>;
  readonly failure?: string;
}

export type StressReport = ReturnType<typeof stressReport>;

export function stressReport(
  subject: {
    readonly input: { readonly path: string; readonly slice: number };
    readonly simulation: SimulationRequest;
    readonly brightness: number;
    readonly device: Device;
  },
  conditions: readonly Condition[],
  all: readonly MethodRuns[],
) {
  return {
    schema: "larmor.stress/1",
    version: VERSION_LINE.trim(),
    ...subject,
    conditions: conditions.map(({ image: _image, added: _added, mask, ...rest }) => ({
      ...rest,
      mask: mask.text,
    })),
    rows: all.flatMap((method) => rowsOf(method, conditions)),
  };
}

function rowsOf({ method, runs, failure }: MethodRuns, conditions: readonly Condition[]) {
  const base = runs.get("base")?.magnitude;
  return conditions.map(({ name, kind, added, image }) => {
    const run = base && runs.get(name);
    return {
      method,
      condition: name,
      // Against the noiseless truth, over the head; null when the method failed.
      head: run?.head ?? null,
      // Of the audit; null for methods that are not audited.
      verdict: run?.verdict,
      seconds: run && Number(run.seconds.toFixed(3)),
      structure: run && added && keptOf(added, run.magnitude, base),
      // Of a shift: relative change of the image over the head.
      change: run && kind === "shift"
        ? changeOf(run.magnitude, base, magnitudeOf(image))
        : undefined,
      error: run ? null : failure ?? "not run",
    };
  });
}

type StressRow = ReturnType<typeof rowsOf>[number];

export function stressCsv({ rows, conditions }: StressReport): string {
  return csv(rows.map((row) => {
    const { mask, noise, seed } = conditions.find(({ name }) => name === row.condition)!;
    const { method, condition, head, structure, change, verdict, seconds, error } = row;
    return {
      method,
      condition,
      mask,
      noise,
      seed,
      psnr: head?.psnr,
      ssim: head?.ssim,
      nmse: head?.nmse,
      kept: structure?.kept,
      leak: structure?.leak,
      error_of_structure: structure?.error,
      change,
      verdict,
      seconds,
      failure: error,
    };
  }));
}

/** A table for people: structures kept, then the base and what each shift does to it. */
export function stressTable({ input, conditions, rows }: StressReport): string {
  const methods = [...new Set(rows.map(({ method }) => method))];
  const cell = (method: string, condition: string) =>
    rows.find((row) => row.method === method && row.condition === condition)!;
  const columns = conditions.map(({ name, kind }) =>
    kind === "structure" ? `${name} kept (leak)` : kind === "base" ? "PSNR" : name
  );
  const body = methods.map((method) => {
    const base = cell(method, "base");
    return [method, ...conditions.map(({ name }) => cellText(cell(method, name), base))];
  });
  const legend = conditions.filter(({ kind }) => kind !== "base")
    .map(({ name, summary }) => `${name}: ${summary}`);
  const title = textOf([
    `${input.path}, slice ${input.slice}: share of each added structure that is kept; PSNR over the`,
    "head in dB, and its change with each shift",
  ]);
  return `${title}\n${table(["method", ...columns], body)}\n${textOf(legend)}`;
}

function cellText(row: StressRow, base: StressRow): string {
  if (row.error !== null) return "failed";
  const { structure } = row;
  if (structure !== undefined) return `${structure.kept.toFixed(2)} (${structure.leak.toFixed(2)})`;
  const psnr = row.head?.psnr ?? Infinity;
  if (row === base) return psnr.toFixed(2);
  const change = psnr - (base.head?.psnr ?? Infinity);
  return Number.isFinite(change) ? signed(change, 2) : "identical";
}
