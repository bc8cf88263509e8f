/**
 * How often `--added` flags planted lesions (dots of 2 to 4 pixels, lines of 3 to 6 by 1 or 2) on validation heads,
 * 128 x 128, at R = 4 and 8: real ones, which were scanned, and invented ones, which only the image has.
 *
 *     deno run --allow-all bench/added.ts [--data ../shared/data/validation] [--from 100] [--count 10]
 *       [--rows bench/results/added.jsonl] [--tables]
 *
 * Invented lesions are of three kinds. `after`: drawn into the finished image, against the data. `unseen`: the
 * part of them that the data do not see, scaled to the contrast. `prior`: drawn by the denoiser of `pnp-admm` into
 * every image that it gives, which makes its iteration swing, so that they show with either sign. Lesions count
 * where more than half of their contrast shows in the image, and are flagged where half of their pixels are. Each case is a line of JSON and is not run again when it is there.
 */
import { dirname } from "node:path";
import { benchOptions, say } from "./options.ts";
import * as cases from "./added_cases.ts";
import { SIZE } from "./audit_cases.ts";
import { tv } from "../src/classical/mod.ts";
import { Runtime } from "../src/graph/mod.ts";
import type { Method, MethodOptions } from "../src/method/problem.ts";
import { headMask } from "../src/mri/metrics/head_mask.ts";
import { magnitudeOf, type NdArray, ndarray } from "../src/ndarray.ts";
import { openPrior } from "../src/nn/mod.ts";
import { AddedParts } from "../src/recon/added/added.ts";
import { addedReport } from "../src/recon/added/report.ts";
import { ridgeOf } from "../src/recon/error_bars/features.ts";
import { DEFAULT_METHOD, findMethod } from "../src/recon/methods.ts";
import { Rng } from "../src/rng.ts";

const options = benchOptions(import.meta.url, {
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  from: { type: "string", default: "100" },
  count: { type: "string", default: "10" },
  rows: { type: "string", default: "bench/results/added.jsonl" },
  tables: { type: "boolean", default: false },
});

const VOLUMES = [
  "openms_patient19_study2_T1W",
  "ds000011_sub-13_T1w_x",
  "openms_patient20_study2_FLAIR",
  "ulf3t_fig7B_T1w",
  "ds002748_sub-70_T1w_z",
  "openms_patient19_study1_FLAIR",
  "ds000011_sub-14_T1w_x",
  "ulf3t_fig7B_T2w",
  "ds002748_sub-71_T1w_z",
  "ds000011_sub-13_inplaneT2_z",
];
const PATTERNS = ["equispaced", "random", "poisson"];
const LESIONS = 4;

/** What was found in one image. */
interface Found {
  readonly image: string;
  /** Of each lesion: part of its pixels that are flagged, and of its contrast that is in the image. */
  readonly lesions: readonly { readonly flagged: number; readonly visible: number }[];
  readonly share: number;
  readonly area: number;
  readonly count: number;
  /** Root mean square error in flagged pixels over that in the rest of the head; of clean images. */
  readonly error?: number;
}

interface Row {
  readonly seed: number;
  readonly acceleration: number;
  readonly found: readonly Found[];
}

const pick = <T>(list: readonly T[], i: number): T => list[i % list.length];

function caseOf(seed: number): cases.AddedCase & { readonly acceleration: number } {
  const acceleration = seed % 2 === 0 ? 4 : 8, pattern = pick(PATTERNS, Math.floor(seed / 2));
  const acs = pattern === "random" && acceleration === 8 ? 10 : 16;
  return {
    volume: `${pick(VOLUMES, seed)}.nii.gz`,
    mask: `${pattern}:R=${acceleration},acs=${acs}${
      pattern === "equispaced" ? "" : `,seed=${seed}`
    }`,
    noise: pick([0.02, 0.01, 0.03], seed),
    coils: pick([8, 6, 12], Math.floor(seed / 3)),
    acceleration,
    seed,
  };
}

async function measured(seed: number): Promise<Row> {
  await using runtime = await Runtime.open("cpu", { threads: 1 });
  const { acceleration, ...own } = caseOf(seed);
  const truth = await cases.truthOf(own, options.data);
  const lesions = cases.drawLesions(truth, LESIONS, new Rng(seed, 3));
  const clean = await cases.acquire(runtime, own, [], options.data);
  const scanned = await cases.acquire(runtime, own, lesions, options.data);
  const solve = async (method: Method, { geometry, problem }: cases.Planted, o?: MethodOptions) =>
    await (await method.prepare(runtime, geometry, o)).solve(problem, { rng: new Rng(seed) });
  const method = findMethod(DEFAULT_METHOD);
  const image = await solve(method, clean), opinion = await solve(tv, clean);
  const real = await solve(method, scanned), realOpinion = await solve(tv, scanned);
  const each = lesions.map((lesion) => cases.lesionImage(image, [lesion]));
  const drawn = cases.lesionImage(image, lesions);
  const unseen = await cases.unseenPart(runtime, clean, each, ridgeOf(clean.problem.sigma));
  const { denoise } = await openPrior(method.defaultModel!);
  const model = cases.drawing(denoise, image, lesions);
  const parts = new AddedParts(runtime);
  const before = magnitudeOf(image).data, contrast = magnitudeOf(drawn).data;
  const judged = async (name: string, x: NdArray, o: NdArray, p: cases.Planted): Promise<Found> => {
    const from = [SIZE, SIZE] as const, magnitude = magnitudeOf(x);
    const task = { image: x, opinion: o, magnitude, key: "", ...p };
    const factor = ndarray(new Float32Array(2 * SIZE * SIZE).fill(1), [2, SIZE, SIZE]);
    const outputGeometry = { from, size: from, transposed: false };
    const found = await parts.slice({ ...task, factor, outputGeometry });
    const volume = ({ data }: NdArray) => ndarray(data, [1, SIZE, SIZE]);
    const { added, flagged } = found;
    const report = addedReport(
      volume(magnitude),
      { added: volume(added), flagged: volume(flagged) },
      0,
    );
    return {
      image: name,
      lesions: lesions.map(({ pixels, contrast: size }) => ({
        flagged: sum(pixels.map((p) => flagged.data[p])) / pixels.length,
        visible: sum(pixels.map((p) => Math.sign(size) * (magnitude.data[p] - before[p]))) /
          sum(pixels.map((p) => contrast[p])),
      })),
      share: report.share,
      area: report.flagged,
      count: report.count,
      ...(name === "clean" && { error: errorRatio(magnitude, truth, flagged) }),
    };
  };
  return {
    seed,
    acceleration,
    found: [
      await judged("clean", image, opinion, clean),
      await judged("real", real, realOpinion, scanned),
      await judged("real, tv", realOpinion, realOpinion, scanned),
      await judged("after", cases.plus(image, drawn), opinion, clean),
      await judged("unseen", cases.plus(image, unseen), opinion, clean),
      await judged("prior", await solve(method, clean, { model }), opinion, clean),
    ],
  };
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function errorRatio({ data }: NdArray, truth: NdArray, flagged: NdArray): number | undefined {
  const head = headMask(truth);
  // The truth is in the units of its file.
  const scale = sum([...data.map((v, i) => v * truth.data[i])]) /
    sum([...truth.data.map((v) => v * v)]);
  const squared = (value: number) => {
    const own = [...head.keys()].filter((i) => head[i] === 1 && flagged.data[i] === value);
    return sum(own.map((i) => (data[i] - scale * truth.data[i]) ** 2)) / own.length;
  };
  const ratio = Math.sqrt(squared(1) / squared(0));
  return Number.isFinite(ratio) ? ratio : undefined;
}

await Deno.mkdir(dirname(options.rows), { recursive: true });
const text = await Deno.readTextFile(options.rows).catch(() => "");
const rows: Row[] = text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
const from = Number(options.from), end = from + Number(options.count);
for (let seed = from; seed < end && !options.tables; seed++) {
  if (rows.some((row) => row.seed === seed)) continue;
  const row = await measured(seed);
  rows.push(row);
  await Deno.writeTextFile(options.rows, `${JSON.stringify(row)}\n`, { append: true });
}

say("| image | R | lesions flagged | flagged part of the head | structures | error there |");
say("| --- | ---: | ---: | ---: | ---: | ---: |");
for (const name of rows[0]?.found.map(({ image }) => image) ?? []) {
  for (const acceleration of [4, 8]) {
    const all = rows.filter((row) => row.acceleration === acceleration && row.seed >= from);
    const own = all.flatMap(({ found }) => found.filter(({ image }) => image === name));
    const shown = own.flatMap(({ lesions }) => lesions)
      .filter(({ visible }) => name === "clean" || Math.abs(visible) > 0.5);
    const hit = shown.filter(({ flagged }) => flagged >= 0.5).length;
    const mean = (of: (one: Found) => number) => sum(own.map(of)) / own.length;
    const errors = own.flatMap(({ error }) => error ?? []);
    const cells = [
      ...[name, `${acceleration}`, `${hit} of ${shown.length}`],
      `${(100 * mean(({ area }) => area)).toFixed(1)} %`,
      mean(({ count }) => count).toFixed(1),
      errors.length === 0 ? "" : `${(sum(errors) / errors.length).toFixed(1)} x`,
    ];
    say(`| ${cells.join(" | ")} |`);
  }
}
