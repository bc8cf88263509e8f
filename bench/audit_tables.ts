/** The tables of docs/audit.md. */
import { dataInconsistency, modelError } from "../src/recon/audit/figures.ts";
import { judge } from "../src/recon/audit/verdict.ts";
import type { Row } from "./audit.ts";

const reasonsOf = ({ audit: { consistency, prediction } }: Row) => judge(consistency, prediction);
const isFlagged = (row: Row) => reasonsOf(row).length > 0;

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map((_, i) => i === 0 ? "---" : "---:")) + body.map(line).join("");
}

function range(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((v) => v.toPrecision(3));
  return values.length === 0 ? "–" : least === most ? least : `${least} to ${most}`;
}

const counted = (some: number, of: number) => `${some} of ${of}`;

const CORRECT = {
  known: "noise known",
  none: "noise estimated",
  folded: "folded, sets of maps by the calibration",
} as const;

/** Figures of right runs, with known and with estimated noise. */
export function correctRuns(rows: readonly Row[]): string {
  const body = (["known", "none", "folded"] as const).flatMap((part) => {
    const own = rows.filter((row) => row.part === part);
    return [...new Set(own.map(({ method }) => method))].map((method) => {
      const found = own.filter((row) => row.method === method);
      return [
        `${method}, ${CORRECT[part]}`,
        range(found.flatMap(({ audit }) => audit.consistency.unexplained ?? [])),
        range(found.map(({ audit }) => audit.consistency.dataDistance)),
        range(found.map(({ audit }) => modelError(audit.consistency))),
        counted(found.filter(isFlagged).length, found.length),
      ];
    });
  });
  return "### Runs without a fault\n\n" + table(
    [
      "method",
      "unexplained",
      "dataDistance",
      "model error",
      "flagged",
    ],
    body,
  );
}

/** How often each fault is flagged, and every miss. */
export function faultTables(rows: readonly Row[]): string {
  const parts = [
    ...["noise", "maps", "motion", "slight", "wrapped", "sign", "centre", "multiband", "prior"],
  ];
  const body = parts.flatMap((part) => {
    const own = rows.filter((row) => row.part === part && row.fault !== "none");
    return [...new Set(own.map(({ method }) => method))].map((method) => {
      const found = own.filter((row) => row.method === method);
      const kinds = new Map<string, number>();
      for (const { kind } of found.flatMap(reasonsOf)) {
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      return [
        part === "motion" ? "motion, 2 to 4 pixels" : part === "slight" ? "motion, 0.5 to 2" : part,
        method,
        counted(found.filter(isFlagged).length, found.length),
        [...kinds].map(([kind, count]) => `${kind} ${count}`).join(", "),
      ];
    });
  });
  const falseAlarms = rows.filter((row) =>
    row.part !== "rank" && row.fault === "none" && isFlagged(row)
  );
  const misses = rows.filter((row) =>
    row.fault !== "none" && row.fault !== "sign" && (row.part !== "prior" || row.method !== "tv") &&
    !isFlagged(row)
  );
  const list = (title: string, found: readonly Row[]) =>
    `\n${title}: ${found.length === 0 ? "none" : ""}\n` + found.map((row) => `\n- ${describe(row)}`)
      .join("") +
    "\n";
  return "### Faults\n\n" + table(["fault", "method", "flagged", "by"], body) +
    list("Faults but the sign that were not flagged", misses) +
    list("Runs without a fault that were flagged", falseAlarms);
}

function describe(row: Row): string {
  const { volume, mask, noise, method, detail } = row;
  const { consistency } = row.audit;
  const { error, sense, tv } = row.audit.prediction ?? {};
  const kinds = reasonsOf(row).map(({ kind }) => kind).join(", ");
  const name = `${row.fault === "none" ? "" : `${row.part}: `}${method}`;
  return `${name}, ${volume}, ${mask}, noise ${noise}${detail && `, ${detail}`}: ` +
    `outer noise ${consistency.noise?.toPrecision(3)}, model error ${
      modelError(consistency).toPrecision(2)
    }, dataInconsistency ` +
    `${dataInconsistency(consistency).toPrecision(2)}, prediction ${error?.toPrecision(3)} (sense ${
      sense?.toPrecision(3)
    }${tv === null || tv === undefined ? "" : `, tv ${tv.toPrecision(3)}`})` +
    (kinds && ` by ${kinds}`);
}

/** Whether the prediction of held-back samples ranks methods as the true error does. */
export function rankTable(rows: readonly Row[]): string {
  const own = rows.filter(({ part }) => part === "rank");
  const cases = [...new Set(own.map(({ seed }) => seed))];
  const sections = cases.map((seed) => {
    const found = own.filter((row) => row.seed === seed);
    const [{ volume, mask, noise }] = found;
    const errors = found.map((row) => row.nmse);
    const scores = found.map(({ audit }) => audit.prediction?.error ?? NaN);
    const rho = spearman(errors, scores);
    return `\n${volume}, ${mask}, noise ${noise}: Spearman's rank correlation ${
      rho.toFixed(2)
    }\n\n` +
      table(
        ["method", "NMSE of the head", "prediction error"],
        found.map((row, i) => [row.method, errors[i].toExponential(2), scores[i].toPrecision(4)]),
      );
  });
  return "### Hold-out against the true error\n" + sections.join("");
}

/** Spearman's rank correlation, of values without ties. */
export function spearman(a: readonly number[], b: readonly number[]): number {
  const ranks = (values: readonly number[]) => {
    const sorted = [...values].sort((x, y) => x - y);
    return values.map((value) => sorted.indexOf(value));
  };
  const [ra, rb] = [ranks(a), ranks(b)];
  const n = a.length;
  const squares = ra.reduce((sum, rank, i) => sum + (rank - rb[i]) ** 2, 0);
  return 1 - 6 * squares / (n * (n * n - 1));
}
