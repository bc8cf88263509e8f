/**
 * Whether samplers draw samples of the posterior: their deviation beside their error, and the ranks of the
 * truth among them (simulation-based calibration), on views of the validation volumes; and their figures
 * without the truth (kernel Stein discrepancy). `--exact` compares them with the posterior of a normal prior
 * instead, where it is known.
 *
 *     deno run --allow-all bench/samples.ts [--methods "pigdm;mmps:cg=3,steps=40"] [--samples 16]
 *       [--masks "equispaced:R=4,acs=16;equispaced:R=8,acs=12"] [--images 4] [--size 96] [--exact]
 *
 * Coil maps and noise are those of the simulation, so what is measured is the sampler and its prior, not
 * the calibration. 4 images of 96 x 96 and 16 samples of `pigdm` take 2 minutes of a core a mask.
 */
import { distance, draw, gaussianPrior, mriProblem } from "../tests/samplers/support.ts";
import { momentsOf } from "../tests/samplers/algebra.ts";
import { benchOptions, say } from "./options.ts";
import { add, mul, Runtime } from "../src/graph/mod.ts";
import { type Measurement, mriMeasurement } from "../src/method/measurement.ts";
import type { Problem } from "../src/method/problem.ts";
import { headMask } from "../src/mri/metrics/head_mask.ts";
import {
  type PixelSpread,
  pixelSpreads,
  rankFrequencies,
  type SpreadBin,
  spreadBins,
} from "../src/mri/metrics/spread.ts";
import { Simulator } from "../src/mri/phantom/simulate.ts";
import { makeMask, parseMaskSpec } from "../src/mri/sampling/masks.ts";
import { asBatch, magnitudeOf, type NdArray, ndarray, partOf, sizeOf } from "../src/ndarray.ts";
import { openPrior } from "../src/nn/mod.ts";
import { Rng } from "../src/rng.ts";
import {
  compileSampler,
  compileSteinFigures,
  type Sampler,
  samplers,
  type Settings,
} from "../src/samplers/mod.ts";
import { samplerSettings } from "../src/samplers/core/method.ts";
import { validationImages } from "../src/train/validation.ts";
import { volumePaths } from "../src/train/volumes.ts";

const options = benchOptions(import.meta.url, {
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  methods: { type: "string", default: "diffpir;dds;daps;pigdm;mmps" },
  masks: { type: "string", default: "equispaced:R=4,acs=16;equispaced:R=8,acs=12" },
  images: { type: "string", default: "4" },
  size: { type: "string", default: "96" },
  samples: { type: "string", default: "16" },
  coils: { type: "string", default: "4" },
  noise: { type: "string", default: "0.015" },
  exact: { type: "boolean", default: false },
});
const [images, size, samples, coils, sigma] = [
  ...[options.images, options.size, options.samples, options.coils, options.noise].map(Number),
];
const BINS = 10;
/** Noise level of the Stein figures, in units of the noise of the data. */
const STEIN_LEVEL = 0.5;
const prior = await openPrior("prior-brain");

/** A sampler and the settings that differ: `pigdm:eta=1,steps=40`. */
function parsed(text: string): { readonly sampler: Sampler; readonly settings: Settings } {
  const [name, list = ""] = text.split(":");
  const sampler = samplers.find((one) => one.name === name);
  if (sampler === undefined) throw new Error(`no sampler ${name}`);
  const pairs = list.split(",").filter((pair) => pair !== "").map((pair) => pair.split("="));
  return { sampler, settings: Object.fromEntries(pairs.map(([key, x]) => [key, Number(x)])) };
}

/** The data of an image under coils of a seed, whose maps are known. */
async function simulated(
  runtime: Runtime,
  measurement: Measurement,
  image: NdArray,
  seed: number,
): Promise<Problem> {
  const simulator = await Simulator.create(runtime, { coils, height: size, width: size, seed });
  const maps = asBatch(simulator.maps);
  const shapes = { x: [1, ...image.shape], maps: maps.shape, noise: measurement.y };
  const program = await runtime.build(shapes, ({ x, maps, noise }) => ({
    y: add(measurement.operator({ maps }, 1).forward(x), mul(noise, sigma)),
  }));
  const noise = ndarray(new Rng(seed, 1).normals(sizeOf(measurement.y)), measurement.y);
  const { y } = await program.run({ x: asBatch(image), maps, noise });
  return { y, inputs: { maps }, sigma };
}

const ratios = (bins: readonly SpreadBin[]) => bins.map(({ ratio }) => ratio.toFixed(2)).join(" ");
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

async function measure(text: string, mask: string, clean: NdArray): Promise<void> {
  const { sampler, settings } = parsed(text);
  const spec = parseMaskSpec(mask);
  if (spec.kind === "file") throw new Error("a formula is required");
  const geometry = { coils, height: size, width: size, mask: makeMask(spec, size, size) };
  const measurement = mriMeasurement(geometry);
  await using runtime = await Runtime.open("cpu", { threads: 1 });
  const { denoise, sigmaData } = prior;
  const all = samplerSettings(sampler, { settings }, sigmaData);
  const task = { sampler, settings: all, measurement, denoise, samples };
  const compiled = await compileSampler(runtime, task);
  const level = STEIN_LEVEL * sigma;
  const judge = await compileSteinFigures(runtime, { measurement, denoise, sigma: level });
  const pixels: PixelSpread[] = [], psnr: number[] = [], stein: string[] = [];
  for (let i = 0; i < images; i++) {
    const image = partOf(clean, i);
    const problem = await simulated(runtime, measurement, image, i);
    const drawn = await compiled.run(problem, new Rng(i + 1));
    const truth = magnitudeOf(image);
    const found = pixelSpreads(drawn, truth, headMask(truth));
    pixels.push(...found);
    psnr.push(-10 * Math.log10(mean(found.map(({ squaredError }) => squaredError))));
    const { discrepancy, p, variance } = await judge(problem, drawn, new Rng(i));
    stein.push(`${discrepancy.toFixed(3)} (p ${p.toFixed(3)}), ${variance.toFixed(2)}`);
  }
  const binned = (bins: number, independent: boolean) =>
    spreadBins(pixels, { bins, samples, independent });
  const [whole] = binned(1, false);
  say(`\n${text}, ${mask}: NFE ${compiled.nfe(sigma)}, PSNR ${mean(psnr).toFixed(2)} dB`);
  say(
    `  deviation ${whole.deviation.toFixed(4)}, error ${whole.error.toFixed(4)}, ratio ` +
      whole.ratio.toFixed(2),
  );
  say(`  ratio by predicted deviation: ${ratios(binned(BINS, true))}`);
  say(`  the same, by all samples:     ${ratios(binned(BINS, false))}`);
  say(`  ranks: ${rankFrequencies(pixels, samples).map((x) => x.toFixed(2)).join(" ")}`);
  say(`  Stein discrepancy and variance: ${stein.join("; ")}`);
}

/** Samples for the moments of the exact comparison. */
const MANY = 2000;

/** Default settings against the posterior of a normal prior. */
async function compareExactly(): Promise<void> {
  await using runtime = await Runtime.open("cpu", { threads: 1 });
  const exact = gaussianPrior([4, 3], "correlated");
  const problem = mriProblem(exact, { sigma: 0.1 });
  const sigmaData = Math.sqrt(mean([...exact.variances]));
  say("| sampler | mean off by, in deviations | variance, of the exact | covariance off by |");
  say("| --- | --: | --: | --: |");
  for (const text of options.methods.split(";")) {
    const { sampler, settings: changed } = parsed(text);
    const settings = samplerSettings(sampler, { settings: changed }, sigmaData);
    const drawn = await draw(runtime, sampler, problem, { count: MANY, settings });
    const found = distance(momentsOf(drawn, MANY), problem.posterior);
    const cells = [found.mean, found.variance, found.covariance].map((x) => x.toFixed(2));
    say(`| ${text} | ${cells.join(" | ")} |`);
  }
}

if (options.exact) {
  await compareExactly();
} else {
  const { clean } = await validationImages(await volumePaths(options.data), size, 1);
  for (const mask of options.masks.split(";")) {
    for (const text of options.methods.split(";")) await measure(text, mask, clean);
  }
}
