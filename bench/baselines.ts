/**
 * How good the end-to-end networks are beside the classical methods, on k-space simulated from
 * volumes that nothing was trained on, and on a real slice:
 *
 *     deno run --allow-all bench/baselines.ts [--methods sense,tv,wavelet,unet,varnet]
 *       [--data FOLDER] [--slices N] [--kspace FILE.h5] [--model METHOD=NAME|PATH ...]
 *       [--mask SPEC ...] [--coils N] [--side N]
 *
 * Simulation: 8 coils, noise for an SNR of 30 (mean of the slice over its head, over the standard
 * deviation of the real and of the imaginary part), R=4 with 24 calibration lines and R=8 with 16.
 * `--side` averages the slices down to so many rows and columns before.
 * PSNR over the head, peak the largest value of the reference, against the root sum of squares of all
 * samples (their noise included, as `recon` judges) and against the image that was simulated from.
 * Means over slices; the real slice is only read with --kspace.
 */
import { basename, join } from "node:path";
import { averagedDown } from "./audit_cases.ts";
import { benchOptions, say } from "./options.ts";
import { Runtime } from "../src/graph/mod.ts";
import { type ImageFile, openImage, openKspace } from "../src/io/mod.ts";
import { headMask, measure } from "../src/mri/metrics/metrics.ts";
import { percentile } from "../src/mri/metrics/percentile.ts";
import { ndarray } from "../src/ndarray.ts";
import { reconstruct } from "../src/recon/reconstruct.ts";
import { simulatedKspace } from "../src/recon/simulated.ts";

const options = benchOptions(import.meta.url, {
  methods: { type: "string", default: "sense,tv,wavelet,unet,varnet" },
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  slices: { type: "string", default: "2" },
  kspace: { type: "string" },
  model: { type: "string", multiple: true, default: [] },
  mask: {
    type: "string",
    multiple: true,
    default: ["equispaced:R=4,acs=24", "equispaced:R=8,acs=16"],
  },
  coils: { type: "string", default: "8" },
  side: { type: "string" },
});
const methods = options.methods.split(",");
const models = Object.fromEntries(options.model.map((text) => text.split("=")));

const masks = options.mask;
const coils = Number(options.coils);
/** Percentile that the noise of a simulation is relative to. */
const BRIGHT = 99;
const SNR = 30;

/** PSNR in dB over the head: against all samples, and against what was simulated from. */
interface Score {
  readonly reference: number;
  readonly truth?: number;
}

type File = Awaited<ReturnType<typeof openKspace>>;

async function score(
  runtime: Runtime,
  file: File,
  method: string,
  { mask, truth }: { mask: string; truth?: Float32Array },
): Promise<Score> {
  const model = models[method];
  const { magnitude, metrics } = await reconstruct(file, {
    method,
    mask,
    device: runtime,
    ...(model === undefined ? {} : { model }),
  });
  const reference = metrics!.head.psnr!;
  if (truth === undefined) return { reference };
  return { reference, truth: measure(magnitude, ndarray(truth, magnitude.shape)).head.psnr! };
}

/** Slices about the middle of a volume. */
function middleSlices(count: number, wanted: number): number[] {
  const spread = Math.min(wanted, count);
  return Array.from({ length: spread }, (_, i) => Math.floor(count * (0.4 + 0.25 * i / spread)));
}

/** K-space of one slice of a volume. */
async function simulatedSlice(runtime: Runtime, volume: ImageFile, slice: number, seed: number) {
  const whole = await volume.readSlice(slice);
  const read = options.side === undefined ? whole : averagedDown(whole, Number(options.side));
  const [, rows, columns] = read.shape;
  const readSlice = () => Promise.resolve(read);
  const image = { ...volume, rows, columns, slices: 1, readSlice, [Symbol.dispose]: () => {} };
  using silent = await simulatedKspace(runtime, image, { coils, noise: 0, seed });
  const truth = await silent.readTruth(0);
  const head = headMask(truth);
  const values = truth.data.filter((_, i) => head[i] === 1);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const noise = mean / SNR / percentile(truth.data, BRIGHT);
  return await simulatedKspace(runtime, image, { coils, noise, seed });
}

async function simulatedScores(): Promise<Map<string, Score[]>> {
  const scores = new Map<string, Score[]>();
  const names = [...Deno.readDirSync(options.data)].map(({ name }) => name).sort();
  for (const [seed, name] of names.filter((name) => /\.nii(\.gz)?$/.test(name)).entries()) {
    await using runtime = await Runtime.open("cpu");
    using volume = await openImage(join(options.data, name));
    for (const slice of middleSlices(volume.slices, Number(options.slices))) {
      using file = await simulatedSlice(runtime, volume, slice, seed);
      const truth = (await file.readTruth(0)).data;
      for (const mask of masks) {
        for (const method of methods) {
          const found = await score(runtime, file, method, { mask, truth });
          const key = `${mask} ${method}`;
          scores.set(key, [...scores.get(key) ?? [], found]);
          say(
            `${basename(name)} slice ${slice} ${key} ${found.reference.toFixed(2)} ` +
              `${found.truth!.toFixed(2)}`,
          );
        }
      }
    }
  }
  return scores;
}

function printMeans(scores: ReadonlyMap<string, Score[]>): void {
  say("\nMeans over slices: against all samples, against the image simulated from");
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  for (const [key, found] of scores) {
    const columns = [found.map((s) => s.reference), found.map((s) => s.truth!)];
    const cells = columns.map((values) => mean(values).toFixed(2).padStart(8));
    say(`${key.padEnd(36)}${cells.join("")}  (${found.length} slices)`);
  }
}

async function printReal(path: string): Promise<void> {
  await using runtime = await Runtime.open("cpu");
  using file = await openKspace(path);
  say(`\n${basename(path)}`);
  for (const mask of masks) {
    for (const method of methods) {
      const { reference } = await score(runtime, file, method, { mask });
      say(`${`${mask} ${method}`.padEnd(36)}${reference.toFixed(2).padStart(8)}`);
    }
  }
}

if (options.slices !== "0") printMeans(await simulatedScores());
if (options.kspace !== undefined) await printReal(options.kspace);
