/** `deno task restore`: a picture is degraded by a task, and restored with a prior. @module */
import { basename, join } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { cores } from "../../host.ts";
import { sha256File } from "../../io/checksum.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import type { NdArray } from "../../ndarray.ts";
import { software } from "../../provenance.ts";
import { pictureMetrics } from "../../recon/restoration/metrics.ts";
import { openPictures, type Pictures, readPlane } from "../../recon/restoration/pictures.ts";
import {
  type PictureMetrics,
  RESTORE_SCHEMA,
  type RestoreReport,
} from "../../recon/restoration/report.ts";
import { LEAST_NOISE, restorePictures } from "../../recon/restoration/restore.ts";
import { type Constraint, CONSTRAINTS } from "../../recon/restoration/stored.ts";
import { restorationMethods } from "../../recon/restoration/search_finder.ts";
import { filesOf, parseTask, sideUnit, TASKS } from "../../recon/restoration/task.ts";
import type { CommandContext } from "../entry.ts";
import { inFreshFolder, jsonLine, textOf, writeJson } from "../files.ts";
import { command, type CommandLine, twoColumns } from "../options/help.ts";
import { COMMON, DEVICE, INPUT, METHOD, SEED } from "../options/shared.ts";
import { option, type Parse, type RequestOf } from "../options/table.ts";
import { listOf, number, oneOf, path, relative } from "../options/values.ts";
import { pictureBytes, triptychPng } from "../render/picture.ts";
import { duration, ProgressLine } from "../render/progress.ts";
import { warn } from "../render/console.ts";

const DEFAULT_METHOD = "pigdm";

/** Sides of a kernel that is to be estimated. */
const odd: Parse<number> = (text, name) => {
  const side = number({ integer: true, min: 3, max: 99 })(text, name);
  if (side % 2 === 1) return side;
  throw new UsageError(`Cannot read ${name}: an odd number is required, found ${text}`);
};

const OPTIONS = {
  task: option(
    "TASK",
    "what is done to the picture (below), as NAME or NAME:KEY=VALUE,...; several are joined by +",
    parseTask,
  ),
  noise: option(
    "X",
    "standard deviation of the noise, as a share of white (the largest value of a volume). With JPEG " +
      "it is there before the picture is stored",
    number({ min: 0, max: 1 }),
    "0",
  ),
  sigma: option(
    "X",
    "noise that the method is told of at least, as a share of white, such as the error that JPEG " +
      `makes. Default: ${LEAST_NOISE}`,
    relative,
  ),
  method: option(
    "NAME",
    "a method (below)",
    oneOf(restorationMethods.map(({ name }) => name)),
    DEFAULT_METHOD,
  ),
  model: METHOD.model,
  steps: METHOD.steps,
  weight: METHOD.weight,
  samples: METHOD.samples,
  set: METHOD.set,
  project: option(
    "LIST",
    "constraints on the denoised picture, separated by commas: " +
      Object.entries(CONSTRAINTS).map(([name, what]) => `${name} (${what})`).join(", ") +
      ". Default: none",
    listOf(Object.keys(CONSTRAINTS) as Constraint[], "constraint"),
  ),
  "project-below": option(
    "X",
    "largest noise level, beside bright tissue, at which they are applied. Default: all",
    relative,
  ),
  blind: option(
    "N",
    "with deblur: the method is not told the blur; a kernel of N x N pixels (N odd) is estimated with " +
      "the picture, and written as kernel.nii.gz",
    odd,
  ),
  slices: INPUT.slices,
  size: option(
    "N",
    "rows and columns of the drawn brain, without IMAGE. Default: 256",
    number({ integer: true, min: 32, max: 2048 }),
  ),
  ...SEED,
  ...DEVICE,
  output: option("DIR", "folder of the results. Default: restore/<name of the image>", path),
  ...COMMON,
};

export const restore = command({
  usage: "deno task restore [IMAGE] --task TASK [options]",
  about: "Degrades a picture as the task says and restores it with a prior, which shows what a " +
    "method can do. IMAGE is a NIfTI or .npy volume (real or complex), or a PNG (grey or colour); " +
    "without it a brain is drawn. Writes restored.nii.gz (.png for a PNG), input.nii.gz (.png: what " +
    "was left of the picture), picture.png (given, input, restored) and restore.json with PSNR and " +
    "SSIM of both.",
  options: OPTIONS,
  sections: [
    ["Tasks", twoColumns(Object.entries(TASKS).map(([name, { summary }]) => [name, summary]))],
    ["Methods", twoColumns(restorationMethods.map(({ name, summary }) => [name, summary]))],
  ],
  examples: [
    "deno task restore --task inpaint:random=0.7 --size 128",
    "deno task restore head.nii.gz --slices 90 --task sr:factor=4 --noise 0.02 --method diffpir",
    "deno task restore photo.png --task jpeg:quality=10 --method pigdm",
  ],
}, async (request, context, line) => {
  const report = await restoreAndWrite(request, context, line);
  context.console.out(request.json ? jsonLine(report) : reportText(report));
  return 0;
});

/** File of estimated kernels. */
const KERNEL = "kernel.nii.gz";

type RestoreRequest = RequestOf<typeof OPTIONS>;

async function restoreAndWrite(
  request: RestoreRequest,
  { console, signal }: CommandContext,
  line: CommandLine,
): Promise<RestoreReport> {
  const start = performance.now();
  const { inputs: [input, ...more], task, noise, seed, quiet } = request;
  if (task === undefined) {
    throw new UsageError(
      `Cannot restore without a task: --task ${Object.keys(TASKS).join(", ")} is required`,
    );
  }
  if (more.length > 0 || (input !== undefined && request.size !== undefined)) {
    throw new UsageError(
      more.length > 0
        ? `Cannot restore ${more.length + 1} images: one is required`
        : `Cannot use --size with ${input}: it is for the drawn brain alone`,
    );
  }
  if (noise === 0 && task.steps[0].name === "denoise") {
    throw new UsageError("Cannot denoise a picture without noise: --noise above 0 is required");
  }
  if (request.blind !== undefined && task.steps.some(({ name }) => name !== "deblur")) {
    throw new UsageError(
      `Cannot estimate a kernel (--blind): the task deblur alone is required, found ${task.text}`,
    );
  }
  await using runtime = await Runtime.open(request.device, request);
  const { slices: bounds, size } = request;
  const pictures = await openPictures(runtime, input, {
    bounds,
    size,
    unit: sideUnit(task),
    seed,
  });
  refuseUnfit(pictures, task.steps.some(({ name }) => name === "jpeg"), request.project);
  if (!quiet) pictures.warnings.forEach((warning) => warn(console, pictures.path, warning));
  const named = filesOf(task).map(async (file) => [file, await readPlane(file)] as const);
  const files = Object.fromEntries(await Promise.all(named));
  const folder = request.output ?? join("restore", nameOf(pictures.path));
  return await inFreshFolder(folder, async (partial) => {
    using progress = new ProgressLine(console, request.method, { quiet });
    const slices = pictures.images.shape[0];
    const onProgress = (fraction: number) => {
      const slice = Math.min(Math.floor(fraction * slices), slices - 1);
      progress.update({ stage: "restore", slice, slices, fraction });
    };
    const method = restorationMethods.find(({ name }) => name === request.method)!;
    const { steps, weight, samples, set: settings, model } = request;
    const { project, projectBelow, sigma: least, blind } = request;
    const asked = {
      ...{ task, noise, method, steps, weight, samples, settings, model, files, seed },
      ...{ project, projectBelow, sigma: least, blind, positive: pictures.kind !== "complex" },
    };
    const restored = await restorePictures(runtime, pictures.images, asked, { signal, onProgress });
    const shown = {
      given: pictures.shown(pictures.images),
      input: pictures.shown(restored.input),
      output: pictures.shown(restored.output),
    };
    const names = await writePictures(partial, pictures, shown, request.method);
    const { nfe, sigma, scale, kernels, sameBlocks = null } = restored;
    if (kernels !== undefined) {
      await writeNifti(join(partial, KERNEL), { image: kernels });
      names.kernel = KERNEL;
    }
    const report: RestoreReport = {
      schema: RESTORE_SCHEMA,
      input: {
        path: pictures.path,
        sha256: input === undefined ? null : await sha256File(input, signal),
        shape: shown.given.shape,
      },
      ...{ task: task.text, noise, method: method.name, settings: restored.settings },
      ...{ model: restored.model ?? null, samples: restored.samples, seed, nfe },
      ...{ device: runtime.device, sigma, scale },
      seconds: { compile: runtime.compileSeconds, total: (performance.now() - start) / 1000 },
      metrics: {
        input: await pictureMetrics(runtime, shown.input, shown.given),
        output: await pictureMetrics(runtime, shown.output, shown.given),
      },
      sameBlocks,
      blind: blind ?? null,
      warnings: pictures.warnings,
      outputs: Object.fromEntries(
        Object.entries({ ...names, report: "restore.json" }).map((
          [kind, name],
        ) => [kind, join(folder, name)]),
      ),
      provenance: {
        ...await software(),
        command: ["restore", ...line.args],
        options: line.inForce,
        folder: Deno.cwd(),
        threads: request.threads ?? cores(),
      },
    };
    await writeJson(join(partial, "restore.json"), report);
    return report;
  });
}

function refuseUnfit({ kind, path }: Pictures, stored: boolean, project: readonly string[] = []) {
  if (kind !== "complex") return;
  if (project.length > 0) {
    const found = "a real picture is required, found a complex one";
    throw new InputError(`Cannot project ${path} on ${project.join(", ")}: ${found}`);
  }
  if (!stored) return;
  throw new InputError(
    `Cannot store ${path} as JPEG: a real picture is required, found a complex one`,
  );
}

const nameOf = (path: string) => basename(path).replace(/(\.nii)?\.[^.]+$/, "");

async function writePictures(
  folder: string,
  { format, geometry, white }: Pictures,
  shown: Readonly<Record<"given" | "input" | "output", NdArray>>,
  method: string,
): Promise<Record<string, string>> {
  const ending = format === "png" ? ".png" : ".nii.gz";
  const names: Record<string, string> = {
    restored: `restored${ending}`,
    input: `input${ending}`,
    picture: "picture.png",
  };
  const write = async (name: string, { data, shape }: NdArray) => {
    const at = join(folder, name);
    if (format === "png") return await writeFileWhole(at, pictureBytes({ data, shape }));
    const values = data.map((value) => value * white);
    await writeNifti(at, {
      image: { data: values, shape: [shape[0], ...shape.slice(2)] },
      geometry,
    });
  };
  await write(names.restored, shown.output);
  await write(names.input, shown.input);
  await writeFileWhole(join(folder, names.picture), triptychPng(shown, { geometry, method }));
  return names;
}

function reportText({ task, method, nfe, seconds, metrics, sameBlocks, outputs }: RestoreReport) {
  const row = (name: string, { psnr, ssim, haarpsi, spectrum }: PictureMetrics) =>
    `  ${name.padEnd(9)} PSNR ${psnr === null ? "inf" : psnr.toFixed(2)} dB, SSIM ${
      ssim.toFixed(4)
    }, HaarPSI ${haarpsi.toFixed(3)}, spectrum ${spectrum.toFixed(1)} dB off`;
  return textOf([
    `${task}: ${method}, NFE ${nfe}, ${duration(seconds.total)}`,
    row("input", metrics.input),
    row("restored", metrics.output),
    ...(sameBlocks === null
      ? []
      : [`  ${(100 * sameBlocks).toFixed(1)} % of the blocks are stored as they were given`]),
    ...Object.values(outputs).map((path) => `  ${path}`),
  ]);
}
