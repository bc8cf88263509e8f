/**
 * What the audit can and cannot see, on k-space simulated from validation volumes:
 *
 *     deno run --allow-all bench/audit.ts [--data ../shared/data/validation] [--rows FILE.jsonl]
 *       [--parts none,known,folded,...] [--count 20]
 *       [--methods pnp-admm,tv,sense,diffpir] [--output docs/audit.md]
 *       [--model NAME] [--tables]
 *
 * Each case is a line of JSON, and is not run again when it is there (delete the rows of `prior` and
 * `rank` for a new model); verdicts are given anew from the figures, so that limits can be changed
 * without running anything (`--tables` runs nothing at all). Tables go below the mark in the output.
 */
import { dirname } from "node:path";
import { benchOptions } from "./options.ts";
import { Runtime } from "../src/graph/mod.ts";
import { writeFileWhole } from "../src/io/atomic.ts";
import { headMask } from "../src/mri/metrics/head_mask.ts";
import { nmse } from "../src/mri/metrics/metrics.ts";
import type { MethodOptions } from "../src/method/problem.ts";
import { jointMagnitude, meanOf } from "../src/ndarray.ts";
import { Rng } from "../src/rng.ts";
import type { SliceAudit } from "../src/recon/audit/audit.ts";
import { judge, verdictOf } from "../src/recon/audit/verdict.ts";
import { Auditor } from "../src/recon/audit/auditor.ts";
import { findMethod, methodOptions } from "../src/recon/methods.ts";
import { type AuditCase, type Fault, simulateCase } from "./audit_cases.ts";
import { correctRuns, faultTables, rankTable } from "./audit_tables.ts";

const options = benchOptions(import.meta.url, {
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  rows: { type: "string", default: "bench/results/audit.jsonl" },
  parts: {
    type: "string",
    default: "none,known,folded,noise,maps,motion,slight,wrapped,sign,centre,multiband,prior,rank",
  },
  count: { type: "string", default: "20" },
  methods: { type: "string", default: "pnp-admm,tv,sense,diffpir" },
  output: { type: "string", default: "docs/audit.md" },
  model: { type: "string" },
  tables: { type: "boolean", default: false },
});

/** One measured run. */
export interface Row extends AuditCase {
  readonly key: string;
  readonly part: string;
  readonly method: string;
  readonly detail: string;
  readonly audit: SliceAudit;
  /** NMSE over the head against the noiseless truth. */
  readonly nmse: number;
  readonly seconds: number;
}

const VOLUMES = [
  "openms_patient19_study2_T1W.nii.gz",
  "openms_patient20_study2_FLAIR.nii.gz",
  "ulf3t_fig7B_T1w.nii.gz",
  "openms_patient19_study1_FLAIR.nii.gz",
  "ulf3t_fig7B_T2w.nii.gz",
];
const DRAWN = ["drawn knee", "drawn ellipses"];
const MASKS = ["equispaced:R=4,acs=16", "random:R=3,acs=16,seed=3", "poisson:R=4,acs=16"];
const NOISES = [0.02, 0.01, 0.04];
/** Settings that are cheap; a method's own where nothing is said. */
const SETTINGS: Record<string, MethodOptions> = {
  diffpir: { steps: 15, samples: 2 },
  dds: { steps: 15, samples: 2 },
  daps: { steps: 15, samples: 2 },
  "ddnm+": { steps: 15, samples: 2 },
  pigdm: { steps: 15, samples: 2 },
};
const RANKED = [
  "zero-filled",
  "sense",
  "tv",
  "wavelet",
  "dpir",
  "pnp-admm",
  "diffpir",
  "dds",
  "ddnm+",
];
const RANK_CASES = 4; // at most

const SHARED = options.methods.split(",");
const pick = <T>(list: readonly T[], i: number): T => list[i % list.length];

/** The cases of a part with the methods that are run on them. */
function* casesOf(part: string, count: number): Generator<[AuditCase, readonly string[]]> {
  for (let seed = 0; seed < (part === "rank" ? Math.min(RANK_CASES, count) : count); seed++) {
    const common = {
      seed,
      volume: pick(VOLUMES, seed),
      mask: pick(MASKS, Math.floor(seed / 2)),
      noise: pick(NOISES, seed),
      coils: 8,
    };
    const method = pick(SHARED, seed);
    if (part === "known") {
      yield [{ ...common, fault: "none", known: true }, [pick(SHARED.slice(0, 3), seed)]];
    } else if (part === "folded") {
      yield [{ ...common, fault: "none", folded: true }, [method]];
    } else if (part === "rank") {
      yield [{ ...common, fault: "none", mask: `equispaced:R=${seed % 2 ? 8 : 4},acs=16` }, RANKED];
    } else if (part === "prior") {
      const mask = `equispaced:R=${pick([6, 8], Math.floor(seed / 2))},acs=16`;
      const own = { ...common, mask, noise: pick([0.02, 0.01], Math.floor(seed / 3)) };
      const sampler = pick(["pnp-admm", "diffpir", "dds"], Math.floor((seed + 1) / 2));
      yield [{ ...own, fault: "prior", volume: pick(DRAWN, seed) }, [sampler, "tv"]];
      yield [{ ...own, fault: "none" }, [sampler]];
    } else if (part === "motion" || part === "slight") {
      const pixels = part === "motion" ? [2, 4] as const : [0.5, 2] as const;
      yield [{ ...common, fault: "motion", pixels }, [method]];
    } else {
      yield [{ ...common, fault: part as Fault }, [method]];
    }
  }
}

await Deno.mkdir(dirname(options.rows), { recursive: true });
const rows = new Map<string, Row>();
for (const line of (await Deno.readTextFile(options.rows).catch(() => "")).split("\n")) {
  if (line === "") continue;
  const row = JSON.parse(line) as Row;
  rows.set(row.key, row);
}

async function measure(part: string, found: AuditCase, name: string): Promise<Row> {
  const { fault, volume, mask, noise, seed } = found;
  const key = [part, fault, volume, mask, noise, seed, name].join(" ");
  const known = rows.get(key);
  if (known !== undefined) return known;
  await using runtime = await Runtime.open("cpu", { threads: 1 });
  const start = performance.now();
  const { geometry, problem, truth, detail } = await simulateCase(runtime, found, options.data);
  const method = findMethod(name);
  const settings = methodOptions(method, {
    ...SETTINGS[name],
    ...(options.model !== undefined && method.samples ? { model: options.model } : {}),
  });
  const solver = await method.prepare(runtime, geometry, settings);
  const control = { rng: new Rng(seed) };
  const samples = await solver.sample?.(problem, control);
  const image = samples ? meanOf(samples) : await solver.solve(problem, control);
  const auditor = new Auditor(runtime, { method, options: settings, level: "prediction", seed });
  const audit = await auditor.slice({ index: 0, key: "", geometry, problem, image }, control);
  const row: Row = {
    key,
    part,
    ...found,
    method: name,
    detail,
    audit,
    nmse: nmse(jointMagnitude(image), truth, headMask(truth)),
    seconds: (performance.now() - start) / 1000,
  };
  rows.set(key, row);
  await Deno.writeTextFile(options.rows, `${JSON.stringify(row)}\n`, { append: true });
  const verdict = verdictOf(judge(audit.consistency, audit.prediction));
  Deno.stderr.writeSync(
    new TextEncoder().encode(`${key}: ${verdict}, ${row.seconds.toFixed(0)} s\n`),
  );
  return row;
}

const parts = options.parts.split(",");
const measured: Row[] = options.tables
  ? [...rows.values()].filter(({ part }) => parts.includes(part))
  : [];
for (const part of options.tables ? [] : parts) {
  for (const [found, methods] of casesOf(part, Number(options.count))) {
    for (const method of methods) measured.push(await measure(part, found, method));
  }
}

const BEGIN = "<!-- tables of bench/audit.ts -->";
const before = (await Deno.readTextFile(options.output).catch(() => "# Audit\n\n")).split(BEGIN)[0];
const sections = [correctRuns(measured), faultTables(measured), rankTable(measured)];
const page = `${before.trimEnd()}\n\n${BEGIN}\n\n${sections.join("\n")}`;
await writeFileWhole(options.output, new TextEncoder().encode(page));
