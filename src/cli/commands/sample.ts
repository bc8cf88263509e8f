/** `deno task sample`: images drawn from a prior. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { magnitude } from "../../mri/physics/complex.ts";
import type { NdArray } from "../../ndarray.ts";
import { type DenoiserDescription, loadDenoiser, modelPath, modelReference } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import { generate, type GenerateOptions, schedules, steppers } from "../../samplers/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { VERSION_LINE } from "../options/help.ts";
import { inFreshFolder } from "./recon_job.ts";
import { parseOptions } from "../options/table.ts";
import { previewPng } from "../render/preview.ts";
import { duration, ProgressLine } from "../render/progress.ts";
import {
  SAMPLE_OPTIONS,
  sampleFolder,
  sampleHelp,
  type SampleRequest,
  sampleRequest,
} from "../options/sample.ts";

/** Name and version of the layout of sample.json. */
const SCHEMA = "larmor.sample/1";

/** Files of the results by kind. */
const FILES = { samples: "samples.nii.gz", preview: "preview.png", report: "sample.json" } as const;

/**
 * Draws images and writes them.
 * @returns the exit code
 * @throws {UsageError} for a command line that makes no sense
 * @throws {InputError} when the model cannot be read or the results not written
 */
export async function sample(args: readonly string[], context: CommandContext): Promise<number> {
  const { console } = context;
  const parsed = parseOptions(SAMPLE_OPTIONS, args);
  if (parsed.values.help || parsed.values.version) {
    console.out(parsed.values.help ? sampleHelp() : VERSION_LINE);
    return 0;
  }
  const request = sampleRequest(parsed);
  const report = await drawAndWrite(request, context);
  console.out(request.json ? `${JSON.stringify(report)}\n` : reportText(report));
  return 0;
}

async function drawAndWrite(request: SampleRequest, context: CommandContext) {
  const start = performance.now();
  const { description, denoise } = await loadDenoiser(await modelPath(request.model));
  const options = generateOptions(request, description);
  const folder = sampleFolder(request, description.name);
  await using runtime = await Runtime.open(request.device);
  return await inFreshFolder(folder, async (partial) => {
    const { images, nfe } = await withProgress(
      request,
      context,
      (control) => generate(runtime, denoise, options, control),
    );
    const { shown } = await magnitudes(runtime, images);
    const volume = { data: shown.data, shape: [options.count, ...options.size] };
    await writeNifti(join(partial, FILES.samples), { image: volume });
    await writeFileWhole(
      join(partial, FILES.preview),
      previewPng({ magnitude: volume, method: request.stepper }),
    );
    const report = {
      schema: SCHEMA,
      model: modelReference(description),
      stepper: request.stepper,
      schedule: request.schedule,
      steps: options.steps,
      sigma: [options.sigmaMax, options.sigmaMin],
      count: options.count,
      size: options.size,
      seed: request.seed,
      device: runtime.device,
      nfe,
      seconds: { compile: runtime.compileSeconds, total: (performance.now() - start) / 1000 },
      outputs: Object.fromEntries(
        Object.entries(FILES).map(([kind, name]) => [kind, join(folder, name)]),
      ),
    };
    const text = `${JSON.stringify(report, undefined, 2)}\n`;
    await writeFileWhole(join(partial, FILES.report), new TextEncoder().encode(text));
    return report;
  });
}

/** @throws {UsageError} when the noise levels do not fall */
function generateOptions(
  request: SampleRequest,
  { sigma: [least, most] }: DenoiserDescription,
): GenerateOptions {
  const { sigmaMax = most, sigmaMin = least, steps, count, size } = request;
  if (sigmaMin > sigmaMax) {
    throw new UsageError(
      `Cannot step from sigma ${sigmaMax} to ${sigmaMin}: --sigma-max of at least --sigma-min is required`,
    );
  }
  return {
    stepper: steppers.find(({ name }) => name === request.stepper)!,
    levels: schedules[request.schedule],
    steps,
    sigmaMax,
    sigmaMin,
    count,
    size,
  };
}

async function withProgress<T>(
  { stepper, count, seed, quiet }: SampleRequest,
  { console, signal }: CommandContext,
  work: (control: Parameters<typeof generate>[3]) => Promise<T>,
): Promise<T> {
  using line = new ProgressLine(console, stepper, { quiet });
  const onProgress = (fraction: number) => {
    const slice = Math.min(Math.floor(fraction * count), count - 1);
    line.update({ stage: "sample", slice, slices: count, fraction });
  };
  return await work({ rng: new Rng(seed), signal, onProgress });
}

async function magnitudes(runtime: Runtime, images: NdArray): Promise<{ shown: NdArray }> {
  const program = await runtime.build({ x: images.shape }, ({ x }) => ({ shown: magnitude(x) }));
  return await program.run({ x: images });
}

type Report = Awaited<ReturnType<typeof drawAndWrite>>;

function reportText({ model, stepper, schedule, steps, count, nfe, seconds, outputs }: Report) {
  const head = `${model.name}: ${count} images, ${stepper} over ${steps} ${schedule} levels, ` +
    `NFE ${nfe}, ${duration(seconds.total)}`;
  return [head, ...Object.values(outputs).map((path) => `  ${path}`)]
    .map((line) => `${line}\n`).join("");
}

if (import.meta.main) await runCommand(sample);
