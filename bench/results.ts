/**
 * The tables of docs/results.md: every method on the real slice and on validation volumes.
 *
 *     deno run --allow-all bench/results.ts [--data ../shared/data] [--rows FILE] [--output FILE]
 *                                          [--only NAME,...] [--parts NAME,...] [--known]
 *
 * Rows are kept in a file of JSON lines, so that a run that was stopped goes on; delete the file (or a
 * method's lines) to measure again. A run of some methods (`--only`) or some parts (`--parts`: real,
 * validation, several, steps, spread) writes bench/results/part.md, so that the page stays whole; `--known`
 * measures nothing and writes what is there. Seconds are wall-clock for one slice on the CPU, compiling left out.
 */
import { dirname } from "node:path";
import { benchOptions, say } from "./options.ts";
import { Runtime } from "../src/graph/mod.ts";
import { writeFileWhole } from "../src/io/atomic.ts";
import { jointMagnitude, meanOf, type NdArray, ndarray } from "../src/ndarray.ts";
import { DEFAULT_METHOD, methodOptions, methods } from "../src/recon/methods.ts";
import type { MethodOptions } from "../src/method/problem.ts";
import { makeTrials, scoreTrial, type Trial } from "../src/recon/trials.ts";
import { headMask, type RegionMetrics } from "../src/mri/metrics/metrics.ts";
import { Rng } from "../src/rng.ts";

const PARTS = ["real", "validation", "several", "steps", "spread"];
const PAGE = "docs/results.md", PART_PAGE = "bench/results/part.md";

const options = benchOptions(import.meta.url, {
  data: { type: "string", default: new URL("../../shared/data", import.meta.url).pathname },
  rows: { type: "string", default: "bench/results/rows.jsonl" },
  output: { type: "string" },
  only: { type: "string" },
  /** Write the tables of what has been measured, and measure nothing. */
  known: { type: "boolean", default: false },
  parts: { type: "string", default: PARTS.join(",") },
});

/** One measurement. */
interface Row {
  readonly key: string;
  readonly nfe: number;
  readonly samples: number;
  readonly seconds: number;
  readonly whole?: RegionMetrics;
  readonly head?: RegionMetrics;
  /** Of the first sample alone. */
  readonly single?: RegionMetrics;
  readonly error?: string;
  readonly spread?: Spread;
}

/** How the standard deviation over samples compares with the actual error. */
interface Spread {
  /** Bins of equal counts: mean predicted deviation, root mean square of the actual error. */
  readonly bins: readonly (readonly [predicted: number, actual: number])[];
  /** Pearson correlation of deviation and |error| over the pixels of the head. */
  readonly correlation: number;
}

/** Real k-space of another scanner: 0.055 T, one coil, much noise (in the reference too). */
const ULTRA_LOW = ["ulf_FSE.npy", "ulf_FLAIR.npy"];
const LOW_MASKS = ["equispaced:R=2,acs=24"];
const REAL_MASKS = ["equispaced:R=4,acs=24", "equispaced:R=8,acs=16"];
const VALIDATION_MASKS = [
  "equispaced:R=4,acs=24",
  "equispaced:R=6,acs=20",
  "equispaced:R=8,acs=16",
  "equispaced:R=10,acs=16",
  "poisson:R=4,acs=24",
  "poisson:R=6,acs=20",
  "poisson:R=8,acs=16",
  "poisson:R=10,acs=16",
];
/** More slices make the mean surer and the run longer. */
const VALIDATION = [
  { path: "validation/openms_patient19_study2_T1W.nii.gz", slice: 22 },
  { path: "validation/openms_patient20_study2_FLAIR.nii.gz", slice: 24 },
];
/** Noise relative to bright tissue: the mean of a head over the noise is about 30. */
const SIMULATION = { coils: 8, noise: 0.015, seed: 0 };
const STEPS = [5, 10, 20, 50, 100, 200];
/** Samplers whose image is the mean of several samples in the tables; the others draw one. */
const AVERAGED_METHODS = ["diffpir", "dds", "pigdm"];
/** Samplers that do not hold to the data, or not all of them. */
const LOOSE_METHODS = ["ilvr", "sdedit"];
/** Samplers whose standard deviation is compared with the error. */
const SPREAD_METHODS = ["diffpir", "dds", "pigdm", "daps"];
const SPREAD_SAMPLES = 16;

await Deno.mkdir(dirname(options.rows), { recursive: true });
const rows = new Map<string, Row>();
const text = await Deno.readTextFile(options.rows).catch(() => "");
for (const line of text.split("\n").filter((l) => l !== "")) {
  const row = JSON.parse(line) as Row;
  rows.set(row.key, row);
}

async function measured(key: string, work: () => Promise<Omit<Row, "key">>): Promise<Row> {
  const known = rows.get(key);
  if (known !== undefined) return known;
  if (options.known) return { key, nfe: 0, samples: 0, seconds: 0, error: "not measured" };
  let row: Row;
  try {
    row = { key, ...await work() };
  } catch (error) {
    row = { key, nfe: 0, samples: 0, seconds: 0, error: (error as Error).message };
  }
  rows.set(key, row);
  await Deno.writeTextFile(options.rows, `${JSON.stringify(row)}\n`, { append: true });
  const found = row.error ?? `${number(row.head?.psnr, 2)} dB, ${row.seconds.toFixed(1)} s`;
  Deno.stderr.writeSync(new TextEncoder().encode(`${key}: ${found}\n`));
  return row;
}

interface Run extends MethodOptions {
  readonly method: string;
}

async function run(trial: Trial, { method: name, ...asked }: Run, spread = false) {
  await using runtime = await Runtime.open("cpu");
  const method = methods.find((m) => m.name === name)!;
  const solver = await method.prepare(runtime, trial.geometry, methodOptions(method, asked));
  const start = performance.now();
  const control = { rng: new Rng(0) };
  const samples = await solver.sample?.(trial.problem, control);
  const image = samples ? meanOf(samples) : await solver.solve(trial.problem, control);
  const seconds = (performance.now() - start) / 1000;
  const { whole, head } = scoreTrial(trial, image);
  return {
    nfe: solver.nfe,
    samples: solver.samples ?? 1,
    seconds,
    whole,
    head,
    ...(samples && samples.shape[0] > 1
      ? { single: scoreTrial(trial, element(samples, 0)).head }
      : {}),
    ...(spread && samples ? { spread: spreadOf(trial, samples, image) } : {}),
  };
}

function element({ data, shape: [count, ...shape] }: NdArray, index: number): NdArray {
  const size = data.length / count;
  return ndarray(data.subarray(index * size, (index + 1) * size), shape);
}

const BINS = 10;

/** Deviation of the samples' magnitudes against the error of the mean, over the head. */
function spreadOf(trial: Trial, samples: NdArray, image: NdArray): Spread {
  const head = headMask(trial.reference);
  const count = samples.shape[0];
  const mean = jointMagnitude(image).data;
  const magnitudes = Array.from(
    { length: count },
    (_, i) => jointMagnitude(element(samples, i)).data,
  );
  const pairs: [number, number][] = [];
  head.forEach((inside, p) => {
    if (!inside) return;
    const centre = magnitudes.reduce((sum, m) => sum + m[p], 0) / count;
    const variance = magnitudes.reduce((sum, m) => sum + (m[p] - centre) ** 2, 0) / (count - 1);
    pairs.push([Math.sqrt(variance), Math.abs(mean[p] - trial.reference.data[p])]);
  });
  pairs.sort(([a], [b]) => a - b);
  const size = Math.floor(pairs.length / BINS);
  const bins = Array.from({ length: BINS }, (_, b): [number, number] => {
    const part = pairs.slice(b * size, (b + 1) * size);
    return [
      part.reduce((sum, [d]) => sum + d, 0) / size,
      Math.sqrt(part.reduce((sum, [, e]) => sum + e * e, 0) / size),
    ];
  });
  return { bins, correlation: correlation(pairs) };
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const n = pairs.length;
  const mx = pairs.reduce((s, [x]) => s + x, 0) / n, my = pairs.reduce((s, [, y]) => s + y, 0) / n;
  let xy = 0, xx = 0, yy = 0;
  for (const [x, y] of pairs) {
    xy += (x - mx) * (y - my);
    xx += (x - mx) ** 2;
    yy += (y - my) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

const brief = (error: string) => error.startsWith("Cannot find the model") ? "no model" : error;

const number = (value: number | null | undefined, digits: number) =>
  value === undefined || value === null ? "" : value.toFixed(digits);

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + line(head.map((_, i) => i === 0 ? "---" : "---:")) + body.map(line).join("");
}

/** Pixels of a slice that is so small that every sampler can draw its four samples. */
const SMALL = 128 * 128;

/**
 * Four samples, the default, of samplers that claim the posterior and on small slices; one of others,
 * for the time they take.
 */
const budget = (method: string, { geometry: { height, width } }: Trial) =>
  AVERAGED_METHODS.includes(method) || height * width <= SMALL ? {} : { samples: 1 };

const names = methods.map(({ name }) => name).filter((name) =>
  options.only === undefined || options.only.split(",").includes(name)
);
const parts = options.parts.split(",");
const isWhole = options.only === undefined && PARTS.every((part) => parts.includes(part));
const output = options.output ?? (isWhole ? PAGE : PART_PAGE);
const sections: string[] = [];
await using runtime = await Runtime.open("cpu");

const sources = VALIDATION.map(({ path, slice }) => ({ from: `${options.data}/${path}`, slice }));

if (parts.includes("real")) {
  const path = `${options.data}/kspace`;
  const real = [
    ...await makeTrials(runtime, [{ from: `${path}/brain7_fastmri.h5` }], REAL_MASKS, SIMULATION),
    ...await makeTrials(
      runtime,
      ULTRA_LOW.map((f) => ({ from: `${path}/${f}` })),
      LOW_MASKS,
      SIMULATION,
    ),
  ];
  for (const trial of real) {
    const body: string[][] = [];
    for (const method of names) {
      const key = `${trial.slice} ${trial.mask} ${method}`;
      const row = await measured(key, () => run(trial, { method, ...budget(method, trial) }));
      body.push(
        row.error ? [method, brief(row.error), "", "", "", "", "", "", ""] : [
          method,
          number(row.head?.psnr, 2),
          number(row.head?.ssim, 3),
          number(row.whole?.psnr, 2),
          number(row.whole?.ssim, 3),
          number(row.single?.psnr, 2),
          String(row.samples),
          String(row.nfe),
          number(row.seconds, 1),
        ],
      );
    }
    sections.push(
      `### ${trial.slice}, ${trial.mask}\n\n` + table([
        "method",
        "PSNR head",
        "SSIM head",
        "PSNR whole",
        "SSIM whole",
        "one sample",
        "samples",
        "NFE",
        "seconds",
      ], body),
    );
  }
}

if (parts.includes("validation")) {
  const trials = await makeTrials(runtime, sources, VALIDATION_MASKS, SIMULATION);
  const body: string[][] = [];
  for (const method of names) {
    const cells: string[] = [];
    for (const mask of VALIDATION_MASKS) {
      const found: Row[] = [];
      for (const trial of trials.filter((t) => t.mask === mask)) {
        found.push(
          await measured(
            `${trial.slice} ${mask} ${method}`,
            () => run(trial, { method, samples: 1 }),
          ),
        );
      }
      const good = found.filter((row) => row.head);
      const mean = (pick: (row: Row) => number) =>
        good.reduce((sum, row) => sum + pick(row), 0) / good.length;
      cells.push(
        good.length < found.length
          ? "–"
          : `${mean((r) => r.head!.psnr ?? 0).toFixed(2)} / ${
            mean((r) => r.head!.ssim).toFixed(3)
          }`,
      );
    }
    body.push([method, ...cells]);
  }
  sections.push(
    "### Validation volumes, PSNR / SSIM over the head, mean of " +
      `${VALIDATION.length} slice(s), one sample\n\n` +
      table(["method", ...VALIDATION_MASKS], body),
  );
}

if (parts.includes("several")) {
  const trials = await makeTrials(runtime, sources, VALIDATION_MASKS, SIMULATION);
  const samplers = methods.filter(({ name, samples }) =>
    samples && names.includes(name) && !LOOSE_METHODS.includes(name)
  );
  const psnrOf = ({ slice, mask }: Trial, method: string) =>
    rows.get(`${slice} ${mask} ${method}`)?.head?.psnr ?? NaN;
  const body: string[][] = [];
  for (const { name } of samplers) {
    for (const slice of new Set(trials.map((trial) => trial.slice))) {
      const lead = (trial: Trial) => psnrOf(trial, name) - psnrOf(trial, "sense");
      const [worst] = trials.filter((trial) => trial.slice === slice && lead(trial) < 0)
        .toSorted((a, b) => lead(a) - lead(b));
      if (worst === undefined) continue;
      const key = `${slice} ${worst.mask} ${name} default samples`;
      const { head, samples } = await measured(key, () => run(worst, { method: name }));
      const figures = [psnrOf(worst, name), head?.psnr, psnrOf(worst, "sense")];
      body.push([
        name,
        `${slice}, ${worst.mask}`,
        ...figures.map((x) => number(x, 2)),
        `${samples}`,
      ]);
    }
  }
  sections.push(
    "### Where one sample is below `sense` in the table above: the mask where it is farthest below, PSNR over the head\n\n" +
      table(["method", "slice and mask", "one sample", "the default", "`sense`", "samples"], body),
  );
}

if (parts.includes("steps")) {
  const body: string[][] = [];
  const trials = await makeTrials(runtime, sources, REAL_MASKS, SIMULATION);
  for (const steps of STEPS) {
    const found: Row[] = [];
    for (const trial of trials) {
      const key = `${trial.slice} ${trial.mask} ${DEFAULT_METHOD} steps=${steps}`;
      found.push(await measured(key, () => run(trial, { method: DEFAULT_METHOD, steps })));
    }
    const cells = REAL_MASKS.map((mask) => {
      const rows = found.filter((_, i) => trials[i].mask === mask);
      return (rows.reduce((sum, { head }) => sum + (head?.psnr ?? NaN), 0) / rows.length).toFixed(
        2,
      );
    });
    body.push([String(steps), String(found[0].nfe), ...cells]);
  }
  sections.push(
    `### Steps of ${DEFAULT_METHOD}: PSNR over the head on the validation slices\n\n` +
      table(["steps", "NFE", ...REAL_MASKS], body),
  );
}

if (parts.includes("spread")) {
  const trials = await makeTrials(runtime, sources.slice(0, 1), REAL_MASKS, SIMULATION);
  for (const method of SPREAD_METHODS) {
    for (const trial of trials) {
      const row = await measured(
        `${trial.slice} ${trial.mask} ${method} spread`,
        () => run(trial, { method, samples: SPREAD_SAMPLES }, true),
      );
      if (row.spread === undefined) continue;
      const { bins, correlation } = row.spread;
      sections.push(
        `### Spread of ${SPREAD_SAMPLES} samples of ${method} against the error, ${trial.slice}, ` +
          `${trial.mask}\n\n` +
          table(
            ["standard deviation", "error (rms)", "ratio"],
            bins.map(([d, e]) => [d.toFixed(4), e.toFixed(4), (e / d).toFixed(2)]),
          ) + `\nCorrelation over the pixels of the head: ${correlation.toFixed(2)}\n`,
      );
    }
  }
}

const begin = "<!-- tables of bench/results.ts -->";
const before = (await Deno.readTextFile(output).catch(() => "# Results\n\n")).split(begin)[0];
const page = `${before.trimEnd()}\n\n${begin}\n\n${sections.join("\n")}`;
await writeFileWhole(output, new TextEncoder().encode(page));
say(`Wrote ${output}`);
