/** A comparison of small phantoms, made without a reconstruction. */
import type { ComparedMetrics, Comparison, ComparisonRun } from "../../src/report/comparison.ts";
import type { ReportImages } from "../../src/report/page/report_html.ts";
import { METRICS_CONVENTION } from "../../src/mri/metrics/metrics.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";

/** Ellipses of a head: centre row and column, half axes, and what each adds. */
const ELLIPSES = [
  [0.5, 0.5, 0.46, 0.36, 1],
  [0.5, 0.5, 0.42, 0.32, -0.55],
  [0.5, 0.38, 0.2, 0.07, -0.3],
  [0.5, 0.62, 0.16, 0.06, -0.3],
  [0.3, 0.5, 0.09, 0.1, 0.3],
  [0.74, 0.45, 0.03, 0.03, 0.35],
  [0.74, 0.56, 0.05, 0.02, 0.25],
] as const;

/** A head-like volume `[slices, rows, columns]`; structures grow from slice to slice. */
export function phantom(slices: number, rows: number, columns: number): NdArray {
  const data = new Float32Array(slices * rows * columns);
  for (let i = 0; i < data.length; i++) {
    const column = i % columns, row = Math.floor(i / columns) % rows;
    const size = 0.8 + 0.2 * (1 + Math.floor(i / columns / rows)) / slices;
    for (const [y, x, high, wide, value] of ELLIPSES) {
      const down = ((row + 0.5) / rows - y) / (high * size);
      const right = ((column + 0.5) / columns - x) / (wide * size);
      if (down ** 2 + right ** 2 < 1) data[i] += value;
    }
    data[i] *= 1 + 0.06 * Math.sin(row / 3) * Math.cos(column / 4);
  }
  return ndarray(data, [slices, rows, columns]);
}

/** Magnitude of a volume with normal noise. */
export function noisy({ data, shape }: NdArray, sigma: number, seed: number): NdArray {
  const rng = new Rng(seed);
  return ndarray(data.map((value) => Math.abs(value + sigma * rng.normal())), shape);
}

/** What a made-up method does. */
export interface FakeMethod {
  readonly name: string;
  /** Noise at R = 1; it grows with R. */
  readonly noise: number;
  readonly nfe: number;
  readonly samples?: number;
  /** Fails with these words. */
  readonly error?: string;
  /** An image from elsewhere: how it was aligned and scaled. */
  readonly note?: string;
}

/** What a made-up comparison holds. */
export interface FakeOptions {
  readonly methods: readonly FakeMethod[];
  /** Accelerations; each is a mask. */
  readonly accelerations: readonly number[];
  readonly paths: readonly string[];
  readonly shape: readonly [slices: number, rows: number, columns: number];
  /** Distance of rows and columns, mm. */
  readonly pixelSize?: readonly [rows: number, columns: number];
}

/** A comparison and its arrays, by what the renderer asks for. */
export interface FakeComparison {
  readonly comparison: Comparison;
  readonly images: ReportImages;
  readonly references: readonly NdArray[];
  readonly recons: ReadonlyMap<string, NdArray>;
}

/** Makes up a comparison: images are phantoms with noise, numbers follow the noise. */
export function fakeComparison(
  { methods, accelerations, paths, shape, pixelSize }: FakeOptions,
): FakeComparison {
  const references = paths.map(() => phantom(...shape));
  const recons = new Map<string, NdArray>(), stds = new Map<string, NdArray>();
  const runs: ComparisonRun[] = [];
  paths.forEach((_, input) =>
    accelerations.forEach((acceleration) =>
      methods.forEach((method, seed) => {
        const key = `run-${runs.length}`;
        const sigma = method.noise * Math.sqrt(acceleration);
        runs.push(fakeRun(method, { key, input, acceleration, sigma, seed }));
        if (method.error !== undefined) return;
        recons.set(key, noisy(references[input], sigma, seed + 1));
        stds.set(key, ndarray(references[input].data.map((v) => sigma * v), shape));
      })
    )
  );
  const images: ReportImages = {
    reference: (input) => Promise.resolve(references[input]),
    recon: (key) => Promise.resolve(recons.get(key)),
    std: (key) => Promise.resolve(stds.get(key)),
    error90: (key) => Promise.resolve(stds.get(key)),
    added: (key) => Promise.resolve(stds.get(key)),
    pixelSize: () => pixelSize,
  };
  const comparison = fakeFacts(paths, shape, runs, methods);
  return { comparison, images, references, recons };
}

function fakeFacts(
  paths: readonly string[],
  [slices, rows, columns]: FakeOptions["shape"],
  runs: readonly ComparisonRun[],
  methods: readonly FakeMethod[],
): Comparison {
  return {
    schema: "larmor.compare/1",
    command: `deno task compare ${paths.join(" ")} --methods ${methods.map((m) => m.name)}`,
    version: "0.1.0",
    software: { version: "0.1.0", commit: null, runtime: "deno 2.9.6", platform: "linux x64" },
    threads: 2,
    device: "cpu",
    convention: METRICS_CONVENTION,
    inputs: paths.map((path, i) => ({
      path,
      sha256: "5f".repeat(32),
      format: "fastmri-hdf5",
      shape: [slices, 4, columns, rows],
      axes: [],
      fourierSign: null,
      slices: [3, 3 + slices],
      reference: `reference/${i}.npy`,
    })),
    runs,
    differences: methods.slice(1, 3).flatMap(({ name }, i) =>
      (["psnr", "nmse"] as const).map((metric) => ({
        mask: runs[0].mask,
        a: name,
        b: methods[0].name,
        metric,
        over: "slices",
        count: slices,
        mean: 1.5 - i,
        std: 0.4,
        interval: [0.6 - i, 2.1 - i] as const,
      }))
    ),
  };
}

function fakeRun(
  { name, nfe, samples = 1, error, note }: FakeMethod,
  at: { key: string; input: number; acceleration: number; sigma: number; seed: number },
): ComparisonRun {
  const { key, input, acceleration, sigma, seed } = at;
  const metrics: ComparedMetrics = {
    psnr: -20 * Math.log10(sigma),
    ssim: 1 - 2 * sigma,
    nmse: 3 * sigma ** 2,
    haarpsi: 1 - sigma,
  };
  const failed = error !== undefined;
  const good = sigma < 0.1;
  return {
    key,
    input,
    mask: `equispaced:R=${acceleration},acs=24`,
    acceleration,
    method: name,
    model: nfe > 0 ? { name: "prior-brain", sha256: "ab".repeat(32) } : null,
    seed,
    steps: 20,
    samples,
    nfe: nfe * samples,
    seconds: note === undefined ? 0.3 + 0.2 * nfe * samples : 0,
    peakMemory: note === undefined ? 4e8 + 1e7 * nfe : null,
    note,
    whole: failed ? null : { ...metrics, psnr: metrics.psnr! - 2 },
    head: failed ? null : metrics,
    perSlice: [],
    audit: failed || note !== undefined ? null : {
      verdict: good ? "consistent" : "suspicious",
      data: "consistent",
      image: good ? "consistent" : "suspicious",
      dataReasons: [],
      reasons: good ? [] : [`chi-square ${(30 * sigma).toFixed(1)} is above 2`],
      consistency: {
        chiSquare: good ? 1.02 : 30 * sigma,
        unexplained: null,
        dataDistance: 0.1,
        bands: [0, 0.25, 0.5, 0.75].map((from, i) => ({
          from,
          to: from + 0.25,
          chiSquare: good ? 1 + 0.1 * i : 30 * sigma / (i + 1) ** 2,
          unexplained: null,
          dataDistance: 0.1,
        })),
        worst: { slice: 3, chiSquare: 2 },
      },
      prediction: null,
      spread: samples > 1 ? { mean: 0.05, above: 0.1, regions: [] } : null,
    },
    error: error ?? null,
    files: failed ? {} : {
      recon: `runs/${key}/recon.npy`,
      ...samples > 1 ? { std: "std.npy", error90: "error90.npy" } : {},
      ...name === "dds" ? { added: "added.npy" } : {},
    },
  };
}
