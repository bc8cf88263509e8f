/** The results of `stress` as JSON, CSV and a table. @module */
import type { Device } from "../../graph/mod.ts";
import type { RegionMetrics } from "../../mri/metrics/metrics.ts";
import type { Verdict } from "../../recon/audit/audit.ts";
import type { SimulationRequest } from "../../recon/simulated.ts";
import type { Condition, Kept } from "../../recon/stress.ts";
import { csvCell, table } from "./compare_text.ts";

/** Name and version of the layout of stress.json. */
export const STRESS_SCHEMA = "larmor.stress/1";

/** One method under one condition. */
export interface StressRow {
  readonly method: string;
  readonly condition: string;
  /** Against the noiseless truth, over the head; null when the method failed. */
  readonly head: RegionMetrics | null;
  /** The audit's verdict; null for methods that are not audited. */
  readonly verdict?: Verdict | null;
  /** Seconds of the method itself. */
  readonly seconds?: number;
  /** Of an added structure. */
  readonly structure?: Kept;
  /** Of a shift: relative change of the image over the head. */
  readonly change?: number;
  /** Why there is no image; null when there is one. */
  readonly error: string | null;
}

/** The content of stress.json. */
export interface StressReport {
  readonly schema: typeof STRESS_SCHEMA;
  readonly version: string;
  readonly input: { readonly path: string; readonly slice: number };
  readonly simulation: SimulationRequest;
  /** Of the structures, relative to bright tissue. */
  readonly brightness: number;
  readonly device: Device;
  readonly conditions: readonly (Pick<Condition, "name" | "kind" | "summary" | "noise" | "seed"> & {
    readonly mask: string;
  })[];
  readonly rows: readonly StressRow[];
}

/** A row for each method and condition. */
export function stressCsv({ rows, conditions }: StressReport): string {
  const head = "method,condition,mask,noise,seed,psnr,ssim,nmse,kept,leak,error_of_structure," +
    "change,verdict,seconds,failure";
  const lines = rows.map((row) => {
    const { mask, noise, seed } = conditions.find(({ name }) => name === row.condition)!;
    return [
      row.method,
      row.condition,
      mask,
      noise,
      seed,
      row.head?.psnr,
      row.head?.ssim,
      row.head?.nmse,
      row.structure?.kept,
      row.structure?.leak,
      row.structure?.error,
      row.change,
      row.verdict,
      row.seconds,
      row.error,
    ].map(csvCell).join(",");
  });
  return [head, ...lines].map((line) => `${line}\n`).join("");
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
    const base = cell(method, "base").head?.psnr;
    return [
      method,
      ...conditions.map(({ name, kind }) => cellText(cell(method, name), kind, base)),
    ];
  });
  const legend = conditions.filter(({ kind }) => kind !== "base")
    .map(({ name, summary }) => `${name}: ${summary}`);
  const explained = [
    `${input.path}, slice ${input.slice}: share of added structures that is kept; PSNR of the head in dB,`,
    "and its change with each shift",
  ];
  const text = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join("");
  return `${text(explained)}\n${table(["method", ...columns], body)}\n${text(legend)}`;
}

function cellText(
  row: StressRow,
  kind: Condition["kind"],
  base: number | null | undefined,
): string {
  if (row.error !== null) return "failed";
  if (row.structure !== undefined) {
    return `${row.structure.kept.toFixed(2)} (${row.structure.leak.toFixed(2)})`;
  }
  const psnr = row.head?.psnr ?? Infinity;
  if (kind === "base") return psnr.toFixed(2);
  const change = psnr - (base ?? Infinity);
  return Number.isFinite(change) ? `${change < 0 ? "" : "+"}${change.toFixed(2)}` : "identical";
}
