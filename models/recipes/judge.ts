/**
 * Chooses between models by reconstruction: PSNR over the head on a fixed set of unlike validation
 * slices (scanners, contrasts, full and stripped heads, sizes, coils, good and erring maps), with the
 * difference from the first model.
 *
 *     deno run -A models/recipes/judge.ts METHOD VALIDATION_FOLDER MODEL[:NAME=VALUE,...] [...] [--fast]
 *
 * Also between settings of one model: `models/prior-brain models/prior-brain:steps=12,relaxation=1.8`.
 *
 * Each slice is simulated with noise for an SNR of 30. PSNR against the root sum of squares of all
 * samples, and against the image that was simulated from. --fast takes eight of the sixteen cases.
 */
import { join } from "node:path";
import { Runtime } from "../../src/graph/mod.ts";
import { type ImageFile, openImage } from "../../src/io/mod.ts";
import { headMask, measure } from "../../src/mri/metrics/metrics.ts";
import { percentile } from "../../src/mri/metrics/percentile.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { simulatedKspace } from "../../src/recon/simulated.ts";

const R4 = "equispaced:R=4,acs=24", R8 = "equispaced:R=8,acs=16";

interface Case {
  readonly volume: string;
  readonly coils: number;
  readonly mask: string;
  readonly calibration?: "adaptive";
  /** Means of 2 x 2 pixels, for images that were interpolated. */
  readonly halved?: boolean;
}

const CASES: readonly Case[] = [
  { volume: "openms_patient19_study1_FLAIR", coils: 8, mask: R4 },
  { volume: "openms_patient19_study2_T1W", coils: 8, mask: R8 },
  { volume: "ds002748_sub-70_T1w_z", coils: 8, mask: R4 },
  { volume: "ds002748_sub-72_T1w_z", coils: 12, mask: R8 },
  { volume: "ds000011_sub-13_T1w_x", coils: 8, mask: R4 },
  { volume: "ds000011_sub-14_T1w_x", coils: 8, mask: R8, calibration: "adaptive" },
  { volume: "ds000011_sub-13_inplaneT2_z", coils: 16, mask: "equispaced:R=4,acs=16" },
  { volume: "ds000011_sub-14_inplaneT2_z", coils: 8, mask: "equispaced:R=6,acs=14" },
  { volume: "openms_patient20_study2_T1W", coils: 8, mask: R4, calibration: "adaptive" },
  { volume: "openms_patient20_study2_T1W", coils: 8, mask: R8 },
  { volume: "openms_patient20_study2_FLAIR", coils: 8, mask: R8, calibration: "adaptive" },
  { volume: "openms_patient20_study2_FLAIR", coils: 4, mask: R4 },
  { volume: "ulf3t_fig7B_T1w", coils: 8, mask: R4, halved: true },
  { volume: "ulf3t_fig7B_T2w", coils: 8, mask: R8, halved: true },
  { volume: "ulf3t_fig7B_FLAIR", coils: 8, mask: R4, halved: true, calibration: "adaptive" },
  { volume: "openms_patient19_study2_FLAIR", coils: 8, mask: R8 },
];

/** Mean of the head over the standard deviation of the noise. */
const SNR = 30;

/** Means of 2 x 2 pixels of a complex image `[2, rows, columns]`. */
function halved({ data, shape: [, rows, columns] }: NdArray): NdArray {
  const [h, w] = [rows >> 1, columns >> 1];
  const out = new Float32Array(2 * h * w);
  for (let p = 0, i = 0; p < 2; p++) {
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++, i++) {
        const at = (p * rows + 2 * y) * columns + 2 * x;
        out[i] = (data[at] + data[at + 1] + data[at + columns] + data[at + columns + 1]) / 4;
      }
    }
  }
  return ndarray(out, [2, h, w]);
}

/** One slice of a volume as a file of its own. */
function single(volume: ImageFile, slice: number, small: boolean): ImageFile {
  const { rows, columns } = volume;
  const read = async () => {
    const image = await volume.readSlice(slice);
    return small ? halved(image) : image;
  };
  return {
    ...volume,
    rows: small ? rows >> 1 : rows,
    columns: small ? columns >> 1 : columns,
    slices: 1,
    readSlice: read,
    [Symbol.dispose]: () => {},
  };
}

/** The slice as k-space with noise. */
async function simulated(runtime: Runtime, image: ImageFile, coils: number, seed: number) {
  using silent = await simulatedKspace(runtime, image, { coils, noise: 0, seed });
  const truth = await silent.readTruth(0);
  const head = headMask(truth);
  const values = truth.data.filter((_, i) => head[i] === 1);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const noise = mean / SNR / percentile(truth.data, 99);
  return { file: await simulatedKspace(runtime, image, { coils, noise, seed }), truth };
}

/** A model, and the steps and settings of the method, from `MODEL:name=value,...`. */
function variant(text: string) {
  const [model, list] = text.split(":");
  const pairs = list?.split(",").map((pair) => pair.split("=")) ?? [];
  const { steps, ...settings } = Object.fromEntries(pairs.map(([name, v]) => [name, Number(v)]));
  return { model, ...(steps && { steps }), ...(pairs.length > 0 && { settings }) };
}

const [method, folder, ...rest] = Deno.args;
const models = rest.filter((text) => !text.startsWith("--"));
const cases = CASES.map((one, seed) => ({ ...one, seed: seed + 100 }))
  .filter((_, i) => !rest.includes("--fast") || [1, 3, 4, 6, 8, 9, 12, 13].includes(i));
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));

const scores = models.map((): { reference: number; truth: number; low: boolean }[] => []);
for (const { volume, coils, mask, calibration, halved: small = false, seed } of cases) {
  await using runtime = await Runtime.open("cpu");
  using opened = await openImage(join(folder, `${volume}.nii.gz`));
  const image = single(opened, Math.floor(opened.slices / 2), small);
  const { file, truth } = await simulated(runtime, image, coils, seed);
  using _ = file;
  for (const [m, model] of models.entries()) {
    const { magnitude, metrics } = await reconstruct(file, {
      ...{ method, ...variant(model), mask, device: runtime },
      ...(calibration === undefined ? {} : { calibration }),
    });
    scores[m].push({
      reference: metrics!.head.psnr!,
      truth: measure(magnitude, ndarray(truth.data, magnitude.shape)).head.psnr!,
      low: /R=4/.test(mask),
    });
  }
  const last = scores.map((list) => list[list.length - 1].reference);
  const cells = last.map((v, i) => i === 0 ? v.toFixed(2) : (v - last[0]).toFixed(2).padStart(6));
  say(`${volume.padEnd(32)} ${coils} coils ${mask} ${calibration ?? ""} ${cells.join(" ")}`);
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
for (const [m, model] of models.entries()) {
  const of = (key: "reference" | "truth", low: boolean) =>
    mean(scores[m].filter((s) => s.low === low).map((s) => s[key])).toFixed(3);
  say(
    `${model}: R=4 ${of("reference", true)} (${of("truth", true)}), ` +
      `higher R ${of("reference", false)} (${of("truth", false)})`,
  );
}
