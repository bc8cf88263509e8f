/**
 * Remakes the tables of the field's lectures on image restoration, on head images: super-resolution, noisy
 * deblurring, inpainting, JPEG and combinations, each method with one sample (or the mean of as many as its name says) and its default settings.
 * PSNR, SSIM and HaarPSI (a perceptual similarity) of the whole picture, mean over the heads, and NFE.
 *
 *   deno run --allow-all bench/lectures.ts --pictures docs/restoration_tables.png
 *
 *   --data DIR       folder of the validation heads
 *   --size N         rows and columns, cut from the middle. Default: 128
 *   --task TEXT      only tables whose task begins with it
 *   --pictures FILE  pictures of the first head, a row for each table
 *   --json FILE      all values
 *   --threads N      threads of onnxruntime. Default: 2
 */
import { writeFile } from "node:fs/promises";
import { labelled } from "../src/cli/render/preview.ts";
import { Runtime } from "../src/graph/mod.ts";
import { openImage } from "../src/io/open.ts";
import { encodePng, montage, window } from "../src/io/png.ts";
import { largestOf } from "../src/method/loop.ts";
import { type NdArray, ndarray, partOf, zeros } from "../src/ndarray.ts";
import { pictureMetrics } from "../src/recon/restoration/metrics.ts";
import type { PictureMetrics } from "../src/recon/restoration/report.ts";
import { restorePictures } from "../src/recon/restoration/restore.ts";
import { parseTask } from "../src/recon/restoration/task.ts";
import { restorationMethods } from "../src/recon/restoration/search_finder.ts";
import { benchOptions, say } from "./options.ts";

const options = benchOptions(import.meta.url, {
  data: { type: "string", default: "../shared/data/validation" },
  size: { type: "string", default: "128" },
  task: { type: "string", default: "" },
  pictures: { type: "string" },
  json: { type: "string" },
  threads: { type: "string", default: "2" },
  help: { type: "boolean" },
});

/** Files and slices of four people whom no network was trained on: T2 of two, T1 of one, FLAIR of one. */
const HEADS = [
  ["ds000011_sub-14_inplaneT2_z.nii.gz", 8],
  ["ds000011_sub-13_inplaneT2_z.nii.gz", 7],
  ["ds002748_sub-70_T1w_z.nii.gz", 6],
  ["openms_patient20_study2_FLAIR.nii.gz", 22],
] as const;

/** Methods for what was stored as JPEG: one sample, and the mean of 8. */
const STORED = ["dps", "diffpir", "pigdm", "pigdm x 8"];

/** A task, its noise as a share of white, and the methods in the order of the lectures. */
const TABLES: readonly (readonly [string, number, readonly string[]])[] = [
  ["sr:factor=4,pool=average", 0, ["red", "snips", "ddrm", "ddnm", "pigdm", "diffpir", "dpir"]],
  ["deblur:gaussian=1.5", 0.02, ["red", "snips", "ddrm", "dps", "pigdm", "diffpir", "dirac"]],
  ["inpaint:box=0.25", 0, ["repaint", "ddrm", "dps", "ddnm", "pigdm", "diffpir"]],
  ["inpaint:random=0.7", 0, ["repaint", "ddrm", "dps", "ddnm", "pigdm", "diffpir"]],
  ["jpeg:quality=5", 0, STORED],
  ["jpeg:quality=10", 0, STORED],
  ["sr:factor=2+jpeg:quality=20", 0, STORED],
  ["sr:factor=2+jpeg:quality=20+inpaint:box=0.2", 0, STORED],
];

interface Row {
  readonly method: string;
  readonly nfe: number;
  readonly metrics: readonly PictureMetrics[];
  readonly image: NdArray;
}

const size = Number(options.size);
await using runtime = await Runtime.open("cpu", { threads: Number(options.threads) });
const heads = await Promise.all(
  HEADS.map(([file, slice]) => head(`${options.data}/${file}`, slice)),
);
const strips: NdArray[] = [], all: Record<string, unknown> = {};
for (const [text, noise, methods] of TABLES.filter(([text]) => text.startsWith(options.task))) {
  const rows = await table(text, noise, methods);
  printTable(text, noise, rows);
  all[text] = rows.map(({ method, nfe, metrics }) => ({ method, nfe, metrics }));
  const shown = [{ method: "given", image: heads[0] }, ...rows].map(({ method, image }) =>
    labelled(method, window(partOf(partOf(image, 0), 0), 0, 0.8))
  );
  strips.push(montage([...shown, ...blanks(shown[0], 9 - shown.length)], 9));
}
if (options.json !== undefined) await writeFile(options.json, JSON.stringify(all, null, 1));
if (options.pictures !== undefined) {
  await writeFile(options.pictures, encodePng(montage(strips, 1)));
}

/** The middle of a slice, `[1, 2, size, size]`, from 0 to 1, its largest value. */
async function head(path: string, slice: number): Promise<NdArray> {
  using file = await openImage(path);
  const { data, shape: [, height, width] } = await file.readSlice(slice);
  const out = zeros([1, 2, size, size]);
  const [top, left] = [(height - size) >> 1, (width - size) >> 1];
  for (let i = 0; i < size * size; i++) {
    out.data[i] = data[(Math.floor(i / size) + top) * width + i % size + left];
  }
  const white = largestOf(out);
  return ndarray(out.data.map((value) => value / white), out.shape);
}

/** What was left, and what each method makes of it. */
async function table(text: string, noise: number, methods: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of methods) {
    const [chosen, count = "1"] = name.split(" x ");
    const method = restorationMethods.find((found) => found.name === chosen)!;
    const metrics: PictureMetrics[] = [], before: PictureMetrics[] = [];
    let nfe = 0;
    const images: NdArray[] = [], inputs: NdArray[] = [];
    for (const picture of heads) {
      const request = {
        task: parseTask(text),
        noise,
        method,
        samples: Number(count),
        files: {},
        seed: 0,
      };
      const found = await restorePictures(runtime, picture, { ...request, positive: true });
      nfe = found.nfe;
      images.push(found.output);
      inputs.push(found.input);
      metrics.push(await pictureMetrics(runtime, real(found.output), real(picture)));
      before.push(await pictureMetrics(runtime, real(found.input), real(picture)));
    }
    if (rows.length === 0) rows.push({ method: "left", nfe: 0, metrics: before, image: inputs[0] });
    rows.push({ method: name, nfe, metrics, image: images[0] });
  }
  return rows;
}

function real(x: NdArray): NdArray {
  return ndarray(x.data.slice(0, x.data.length / 2), [1, 1, ...x.shape.slice(2)]);
}

function blanks(like: NdArray, count: number): NdArray[] {
  return Array.from({ length: Math.max(count, 0) }, () => zeros(like.shape));
}

function printTable(text: string, noise: number, rows: readonly Row[]): void {
  say(`\n${text}${noise > 0 ? `, noise ${noise}` : ""}\n`);
  say("| method | PSNR | SSIM | HaarPSI | spectrum | NFE |\n| --- | --- | --- | --- | --- | --- |");
  for (const { method, nfe, metrics } of rows) {
    const mean = (of: (m: PictureMetrics) => number | null, digits: number) =>
      (metrics.reduce((sum, m) => sum + (of(m) ?? Infinity), 0) / metrics.length).toFixed(digits);
    const cells = [
      mean(({ psnr }) => psnr, 2),
      mean(({ ssim }) => ssim, 4),
      mean(({ haarpsi }) => haarpsi, 3),
      mean(({ spectrum }) => spectrum, 1),
      nfe === 0 ? "" : `${nfe}`,
    ];
    say(`| ${method === "left" ? "what was left" : `\`${method}\``} | ${cells.join(" | ")} |`);
  }
}
