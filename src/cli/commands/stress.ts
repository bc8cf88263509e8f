/** `deno task stress`: what methods do to structures and samplings they were not made for. @module */
import { join } from "node:path";
import { InputError, LarmorError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { openImage } from "../../io/open.ts";
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { phantomImage } from "../../recon/example.ts";
import { findMethod } from "../../recon/methods.ts";
import { variantsOf } from "../../report/compare/plan.ts";
import { type Condition, runCondition, stressConditions } from "../../recon/stress.ts";
import type { StressRun, Structure } from "../../recon/stress.ts";
import { Rng } from "../../rng.ts";
import type { CommandContext } from "../entry.ts";
import { command, methodLines } from "../options/help.ts";
import { COMMON, DEVICE, MASK, METHOD, METHODS, SIMULATION_OPTIONS } from "../options/shared.ts";
import { option, type Parse, type RequestOf } from "../options/table.ts";
import { index, number, path } from "../options/values.ts";
import { drawLabel, LABEL_HEIGHT } from "../render/bitmap_font.ts";
import { around } from "../render/preview.ts";
import { ProgressLine } from "../render/progress.ts";
import { stressPng } from "../render/stress_picture.ts";
import { type MethodRuns, stressCsv, stressReport, stressTable } from "../render/stress_table.ts";
import { inFreshFolder, jsonLine, writeJson, writeText } from "../files.ts";

const DEFAULT_SIZE = 256;

const brightness: Parse<number> = (text, option) => {
  const value = number({ min: -1, max: 2 })(text, option);
  if (value !== 0) return value;
  throw new UsageError(`Cannot read ${option}: 0 adds nothing`);
};

const OPTIONS = {
  methods: { ...METHODS.methods, fallback: "sense,wavelet,tv,pnp-admm,diffpir" },
  mask: { ...MASK.mask, summary: "undersampling (see recon)", fallback: "equispaced:R=4,acs=24" },
  output: option("DIR", "folder of the results", path, "stress"),
  slice: option("N", "slice of INPUT, counted from 0. Default: the middle one", index),
  size: option(
    "N",
    `rows and columns of the built-in image. Default: ${DEFAULT_SIZE}`,
    number({ integer: true, min: 48, max: 2048 }),
  ),
  brightness: option(
    "X",
    "brightness of the added structures relative to bright tissue; below 0 for dark ones",
    brightness,
    "0.3",
  ),
  ...SIMULATION_OPTIONS,
  model: METHOD.model,
  steps: METHOD.steps,
  samples: METHOD.samples,
  ...DEVICE,
  ...COMMON,
};

const PLACES = 11;

export const stress = command({
  usage: "deno task stress [INPUT] [options]",
  about: "Tests methods outside their training, on k-space simulated from one slice of INPUT (an " +
    "image: NIfTI or .npy; without it a brain is drawn), so that the truth is known. First it adds " +
    "structures that no training data hold (a dot, lines, text): `kept` is the share of their " +
    "contrast that the reconstruction shows, `leak` the share of its change that lies elsewhere. " +
    "Then it changes mask, acceleration, noise, contrast and seed, one at a time. Each method takes " +
    "nine reconstructions. Writes stress.json, stress.csv and stress.png.",
  options: OPTIONS,
  sections: [["Methods", methodLines()]],
  examples: [
    "deno task stress",
    "deno task stress volume.nii.gz --methods wavelet,diffpir --mask equispaced:R=8,acs=16",
  ],
}, async (request, context) => {
  const { inputs, size = DEFAULT_SIZE, brightness, mask, coils, noise, seed } = request;
  if (inputs.length > 1) {
    throw new UsageError(`Cannot stress with ${inputs.length} images: one is required`);
  }
  if (request.size !== undefined && inputs.length > 0) {
    throw new UsageError(`Cannot use --size with ${inputs[0]}: it is for the built-in image alone`);
  }
  await using runtime = await Runtime.open(request.device, request);
  using source = inputs.length === 0
    ? await phantomImage(runtime, { size, seed })
    : await openImage(inputs[0]);
  const { slice = Math.floor(source.slices / 2) } = request;
  if (slice >= source.slices) {
    throw new InputError(
      `Cannot take slice ${slice} of ${source.path}: a slice below ${source.slices} is required`,
    );
  }
  const image = await source.readSlice(slice);
  const simulation = { coils, noise, seed };
  const rng = new Rng(seed, PLACES);
  const task = { image, structures: structures(), brightness, mask, simulation, seed, rng };
  const conditions = stressConditions(task);
  return await inFreshFolder(request.output, async (folder) => {
    const all: MethodRuns[] = [];
    for (const method of request.methods) {
      all.push(await methodRuns(runtime, method, conditions, request, context));
    }
    const input = { path: source.path, slice };
    const subject = { input, simulation, brightness, device: runtime.device };
    const report = stressReport(subject, conditions, all);
    await writeJson(join(folder, "stress.json"), report);
    await writeText(join(folder, "stress.csv"), stressCsv(report));
    await writeFileWhole(join(folder, "stress.png"), stressPng(conditions, all));
    context.console.out(request.json ? jsonLine(report) : stressTable(report));
    return all.some(({ failure }) => failure !== undefined) ? 1 : 0;
  });
});

type StressRequest = RequestOf<typeof OPTIONS>;

async function methodRuns(
  runtime: Runtime,
  name: string,
  conditions: readonly Condition[],
  { methods, steps, samples, model, coils, noise, seed, quiet }: StressRequest,
  { console, signal }: CommandContext,
): Promise<MethodRuns> {
  const runs = new Map<string, StressRun>();
  using line = new ProgressLine(console, name, { quiet });
  const method = findMethod(name);
  const [{ options }] = variantsOf([{ name, method }], { steps, samples, model });
  const task = { ...options, method: name, simulation: { coils, noise, seed }, signal };
  try {
    for (const [done, condition] of conditions.entries()) {
      signal.throwIfAborted();
      const of = { slice: methods.indexOf(name), slices: methods.length };
      line.update({ stage: condition.name, ...of, fraction: done / conditions.length });
      runs.set(condition.name, await runCondition(runtime, condition, task));
    }
  } catch (error) {
    if (!(error instanceof LarmorError)) throw error;
    console.err(`${name}: ${error.message}\n`);
    return { method: name, runs, failure: error.message };
  }
  return { method: name, runs };
}

/* Structures such as no volume of the training data holds. */

const LESION_RADIUS = 3; // pixels
const LINES = { length: 14, count: 4, period: 4, width: 2 } as const;
const TEXT = "mri";

export function structures(): Structure[] {
  return [
    { name: "lesion", pattern: lesion() },
    { name: "lines", pattern: lines() },
    { name: "text", pattern: text() },
  ];
}

function lesion(): NdArray {
  const side = 2 * LESION_RADIUS + 3, centre = (side - 1) / 2;
  const dot = zeros([side, side]);
  dot.data.forEach((_, i) => {
    const distance = Math.hypot(Math.floor(i / side) - centre, i % side - centre);
    dot.data[i] = Math.max(0, Math.min(1, LESION_RADIUS + 0.5 - distance));
  });
  return dot;
}

function lines(): NdArray {
  const { length, count, period, width } = LINES;
  const columns = (count - 1) * period + width;
  const grid = zeros([length, columns]);
  grid.data.forEach((_, i) => grid.data[i] = i % columns % period < width ? 1 : 0);
  return grid;
}

/** The text without the free rows and columns around it. */
function text(): NdArray {
  const canvas = zeros([LABEL_HEIGHT, 8 * TEXT.length]);
  drawLabel(canvas, TEXT);
  const { data, shape } = around(canvas, canvas);
  return ndarray(data.map((value) => value > 0 ? 1 : 0), shape);
}
