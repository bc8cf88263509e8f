/** `deno task sample`: images drawn from a prior. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { magnitude } from "../../mri/physics/complex.ts";
import { loadDenoiser, modelPath, modelReference } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import { DEFAULT_PRIOR, generate, SCHEDULES, schedules, steppers } from "../../samplers/mod.ts";
import type { CommandContext } from "../entry.ts";
import { command, twoColumns } from "../options/help.ts";
import { COMMON, DEVICE, NETWORK, SEED } from "../options/shared.ts";
import { option, type Parse, type RequestOf } from "../options/table.ts";
import { number, oneOf, path, relative, repetitions } from "../options/values.ts";
import { previewPng } from "../render/preview.ts";
import { duration, ProgressLine } from "../render/progress.ts";
import { folderName, inFreshFolder, jsonLine, textOf, writeJson } from "../files.ts";

/** An image of fewer pixels shows nothing; more than this is no image. */
const side = number({ integer: true, min: 16, max: 2048 });

const size: Parse<readonly [number, number]> = (text, option) => {
  const [rows, columns = rows, ...more] = text.split("x");
  if (more.length === 0) return [side(rows, option), side(columns, option)];
  throw new UsageError(`Cannot read ${option}: N or HxW is required, found '${text}'`);
};

const OPTIONS = {
  model: { ...NETWORK, fallback: DEFAULT_PRIOR },
  stepper: option(
    "NAME",
    "how a step is taken (below)",
    oneOf(steppers.map(({ name }) => name)),
    "heun",
  ),
  schedule: option("NAME", `noise levels: ${SCHEDULES.join(", ")}`, oneOf(SCHEDULES), "karras"),
  steps: option("N", "noise levels above 0", repetitions, "18"),
  "sigma-max": option("X", "largest noise level. Default: that of the model", relative),
  "sigma-min": option("X", "smallest noise level above 0. Default: that of the model", relative),
  count: option("N", "number of images", repetitions, "4"),
  size: option("N|HxW", "rows and columns of an image", size, "256"),
  ...SEED,
  ...DEVICE,
  output: option("DIR", "folder of the results. Default: sample/<model>", path),
  ...COMMON,
};

export const sample = command({
  usage: "deno task sample [options]",
  about: "Draws images from a prior, without any data: they show what the prior has learnt. " +
    "Writes samples.nii.gz (magnitude, one image a slice), preview.png and sample.json.",
  options: OPTIONS,
  sections: [["Steppers", twoColumns(steppers.map(({ name, summary }) => [name, summary]))]],
  examples: [
    "deno task sample",
    "deno task sample --model prior-brain --stepper dpm++2m --steps 20 --count 9 --size 192",
  ],
}, async (request, context) => {
  if (request.inputs.length > 0) {
    throw new UsageError(`Cannot use ${request.inputs[0]}: sample takes options only`);
  }
  const report = await drawAndWrite(request, context);
  context.console.out(request.json ? jsonLine(report) : reportText(report));
  return 0;
});

const SCHEMA = "larmor.sample/1";

const FILES = { samples: "samples.nii.gz", preview: "preview.png", report: "sample.json" } as const;

async function drawAndWrite(
  request: RequestOf<typeof OPTIONS>,
  { console, signal }: CommandContext,
) {
  const start = performance.now();
  const { description, denoise } = await loadDenoiser(await modelPath(request.model));
  const [min, max] = description.sigma;
  const { stepper, schedule, steps, count, size, seed, quiet } = request;
  const { sigmaMax = max, sigmaMin = min } = request;
  if (sigmaMin > sigmaMax) {
    throw new UsageError(
      `Cannot step from sigma ${sigmaMax} to ${sigmaMin}: --sigma-max of at least --sigma-min is required`,
    );
  }
  const kinds = {
    stepper: steppers.find(({ name }) => name === stepper)!,
    levels: schedules[schedule],
  };
  const options = { ...kinds, steps, sigmaMax, sigmaMin, count, size };
  const folder = request.output ?? join("sample", folderName(description.name, "the model"));
  await using runtime = await Runtime.open(request.device, request);
  return await inFreshFolder(folder, async (partial) => {
    using line = new ProgressLine(console, stepper, { quiet });
    const onProgress = (fraction: number) => {
      const slice = Math.min(Math.floor(fraction * count), count - 1);
      line.update({ stage: "sample", slice, slices: count, fraction });
    };
    const control = { rng: new Rng(seed), signal, onProgress };
    const { images, nfe } = await generate(runtime, denoise, options, control);
    const program = await runtime.build({ x: images.shape }, ({ x }) => ({ shown: magnitude(x) }));
    const { shown } = await program.run({ x: images });
    const volume = { data: shown.data, shape: [count, ...size] };
    await writeNifti(join(partial, FILES.samples), { image: volume });
    const preview = previewPng({ magnitude: volume, method: stepper });
    await writeFileWhole(join(partial, FILES.preview), preview);
    const report = {
      schema: SCHEMA,
      model: modelReference(description),
      stepper,
      schedule,
      steps,
      sigma: [sigmaMax, sigmaMin],
      count,
      size,
      seed,
      device: runtime.device,
      nfe,
      seconds: { compile: runtime.compileSeconds, total: (performance.now() - start) / 1000 },
      outputs: Object.fromEntries(
        Object.entries(FILES).map(([kind, name]) => [kind, join(folder, name)]),
      ),
    };
    await writeJson(join(partial, FILES.report), report);
    return report;
  });
}

type Report = Awaited<ReturnType<typeof drawAndWrite>>;

function reportText({ model, stepper, schedule, steps, count, nfe, seconds, outputs }: Report) {
  const head = `${model.name}: ${count} images, ${stepper} over ${steps} ${schedule} levels, ` +
    `NFE ${nfe}, ${duration(seconds.total)}`;
  return textOf([head, ...Object.values(outputs).map((path) => `  ${path}`)]);
}
