/** `deno task compare`: several methods on the same data, side by side. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { cflStem } from "../../io/cfl.ts";
import { dataFile, sha256File } from "../../io/checksum.ts";
import { detectFormat } from "../../io/detect.ts";
import type { Geometry, KspaceFile } from "../../io/types.ts";
import { planReconstruction } from "../../recon/plan.ts";
import { Runtime } from "../../graph/mod.ts";
import { parseMaskSpec } from "../../mri/sampling/masks.ts";
import { bartVersion } from "../../recon/bart.ts";
import { compare as compareMethods } from "../../report/compare/compare.ts";
import type { CompareInput, CompareTask, CompareWatcher } from "../../report/compare/task.ts";
import type { Comparison } from "../../report/comparison.ts";
import { renderReport, type ReportImages } from "../../report/page/report_html.ts";
import { json, RunStore, STORED } from "../../report/compare/run_store.ts";
import { comparisonFigure } from "../render/compare_figure.ts";
import { COMPARE, comparePlan, type CompareRequest } from "../options/compare.ts";
import { svgPng } from "../render/svg_png.ts";
import { PRINT_PIXELS } from "../../report/sheet.ts";
import { comparisonCsv, comparisonText } from "../render/compare_text.ts";
import { combinedCode, type CommandContext, describeFailure } from "../entry.ts";
import { VERSION } from "../../version.ts";
import { mapSetsOf } from "../options/shared.ts";
import { command } from "../options/help.ts";
import { openInput } from "./recon.ts";
import { inKeptFolder, jsonLine, textOf } from "../files.ts";
import { EXAMPLE_NAME, inputName } from "./recon_output.ts";
import { outlined } from "../../report/outlines.ts";
import { upright } from "../render/preview.ts";
import { warn } from "../render/console.ts";
import { duration, ProgressLine } from "../render/progress.ts";

export const compare = command(COMPARE, async (request, context, { args }) => {
  const plan = comparePlan(request);
  const peerVersion = request.peer === undefined ? undefined : await bartVersion();
  const { inputs: paths, simulate, domain, axes, dc, origin } = request;
  const { group, encoding, fourierSign, measurement } = request;
  const { maps, calibration, slices, seed, audit, errorBars, added, device, threads } = request;
  if (request.dryRun) {
    context.console.out(await planned(request, plan));
    return 0;
  }
  const geometries: (Geometry | undefined)[] = [];
  const task: CompareTask = {
    inputs: await comparedInputs(request, context, geometries),
    ...plan,
    supply: { maps, calibration, mapSets: mapSetsOf(request.mapSets) },
    slices,
    seed,
    audit,
    errorBars,
    added,
    device,
    threads,
    stamp: { simulate, domain, axes, dc, origin, group, encoding, fourierSign, measurement },
    checksums: await checksums([...plan.masks, request.maps]),
    peerVersion,
    command: ["deno task compare", ...args.map(quoted)].join(" "),
    version: VERSION,
  };
  const [first = EXAMPLE_NAME, ...others] = paths;
  const more = others.length > 0 ? `-and-${others.length}-more` : "";
  const folder = request.output ?? join("compare", `${inputName(first)}${more}`);
  const store = new RunStore(folder);
  const run = (watcher: CompareWatcher) => compareMethods(task, store, watcher);
  // Of swept accelerations the one of --mask is shown, or the last.
  const shown = plan.masks.includes(request.mask?.text) ? request.mask?.text : plan.masks.at(-1);
  const { comparison, failures } = await inKeptFolder(folder, STORED, async () => {
    const found = await watched(request, context, run);
    const images = storedImages(store, found.comparison, geometries);
    const figure = await comparisonFigure(found.comparison, shown ?? "data", images);
    await store.writeResults({
      "compare.json": json(found.comparison),
      "compare.csv": comparisonCsv(found.comparison),
      "report.html": await renderReport(found.comparison, images),
      "figure.svg": figure,
      "figure.png": figure && await svgPng(figure, PRINT_PIXELS),
    });
    return found;
  });
  context.console.out(
    request.json
      ? jsonLine(comparison)
      : `${comparisonText(comparison)}\n  ${join(folder, "report.html")}\n`,
  );
  return combinedCode(failures.map((error) => describeFailure(error).code));
});

/** What would be run on which input, and the memory and time that it takes. */
async function planned(
  request: CompareRequest,
  { variants, masks }: ReturnType<typeof comparePlan>,
): Promise<string> {
  await using runtime = await Runtime.open(request.device, request);
  const inputs = [];
  for (const path of request.inputs.length === 0 ? [undefined] : request.inputs) {
    using file = await openInput(runtime, request, path);
    const [first = 0, end = file.slices] = request.slices ?? [];
    const runs = [];
    for (const mask of masks) {
      for (const { name, method, options, image } of variants) {
        // What was measured is freed before the next one.
        await using own = await Runtime.open(request.device, request);
        const found = image === undefined && await planReconstruction(file, {
          ...options,
          method,
          mask,
          slices: [first, end],
          device: own,
        });
        const { nfe = 0, memory = 0, seconds = null } = found || {};
        runs.push({ method: name, mask: mask ?? "data", nfe, memory, seconds });
      }
    }
    inputs.push({ path: file.path, slices: end - first, runs });
  }
  if (request.json) return jsonLine({ inputs });
  return textOf(inputs.flatMap(({ path, slices, runs }) => [
    `${path}: ${slices} slices, ${runs.length} runs`,
    ...runs.map(({ method, mask, nfe, memory, seconds }) =>
      `  ${method}, ${mask}: NFE ${nfe} for a slice, about ${Math.round(memory / 1e6)} MB` +
      (seconds === null ? "" : `, ${duration(seconds)}`)
    ),
  ]));
}

/** The inputs, checked for doubles; `geometries` is filled as they are opened. */
async function comparedInputs(
  request: CompareRequest,
  { console, signal }: CommandContext,
  geometries: (Geometry | undefined)[],
): Promise<CompareInput[]> {
  const paths = request.inputs.length === 0 ? [undefined] : request.inputs;
  const inputs: CompareInput[] = [];
  for (const [index, path] of paths.entries()) {
    const sha256 = path === undefined
      ? null
      : await sha256File(dataFile(path, detectFormat(path)), signal);
    const double = inputs.find((other) => other.sha256 === sha256);
    if (double !== undefined) {
      throw new UsageError(
        `Cannot compare on ${double.path} and ${path}: different data are required, found the same`,
      );
    }
    let warned = request.quiet;
    inputs.push({
      path: path ?? EXAMPLE_NAME,
      name: inputName(path ?? EXAMPLE_NAME),
      sha256,
      open: async (runtime): Promise<KspaceFile> => {
        const file = await openInput(runtime, request, path);
        geometries[index] = file.geometry;
        if (!warned) file.warnings?.forEach((warning) => warn(console, file.path, warning));
        warned = true;
        return file;
      },
    });
  }
  return inputs;
}

async function checksums(names: readonly (string | undefined)[]): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const name of names) {
    if (name === undefined || parseMaskSpec(name).kind !== "file") continue;
    const isPair = name.endsWith(".hdr") || !await Deno.stat(name).then(() => true, () => false);
    sums[name] = await sha256File(isPair ? `${cflStem(name)}.cfl` : name);
  }
  return sums;
}

/** An argument as a shell takes it. */
const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

async function watched<T>(
  { quiet }: CompareRequest,
  { console, signal }: CommandContext,
  run: (watcher: CompareWatcher) => Promise<T>,
): Promise<T> {
  let line: ProgressLine | undefined;
  const finish = () => {
    line?.[Symbol.dispose]();
    line = undefined;
  };
  try {
    return await run({
      signal,
      onProgress: ({ mask, method }, progress) => {
        line ??= new ProgressLine(console, `${method}, ${mask}`, { quiet });
        line.update(progress);
      },
      onRun: ({ mask, method, steps, error, head, seconds }, { done, of, kept }) => {
        finish();
        if (quiet) return;
        const psnr = head?.psnr == null ? "" : `${head.psnr.toFixed(2)} dB, `;
        const time = kept ? "finished before" : `${duration(seconds)} for a slice`;
        const found = error ?? psnr + time;
        const name = error === null ? `${method}, ${steps} steps` : method;
        console.err(`${done}/${of}  ${name}, ${mask}: ${found}\n`);
      },
    });
  } finally {
    finish();
  }
}

function storedImages(
  store: RunStore,
  { inputs, runs }: Comparison,
  geometries: readonly (Geometry | undefined)[],
): ReportImages {
  const read = (path: string | null | undefined, input: number) => {
    const volume = store.readArray(path);
    return Promise.resolve(volume && upright(volume, geometries[input]));
  };
  const file = (key: string, kind: "recon" | "std" | "error90" | "added" | "flagged") => {
    const run = runs.find((run) => run.key === key);
    return read(run?.files[kind], run?.input ?? 0);
  };
  return {
    reference: (input) => read(inputs[input].reference, input),
    recon: (key) => file(key, "recon"),
    std: (key) => file(key, "std"),
    error90: (key) => file(key, "error90"),
    added: async (key) => {
      const [added, flagged] = [await file(key, "added"), await file(key, "flagged")];
      return added && flagged && outlined(added, flagged);
    },
    pixelSize: (input) => {
      const affine = geometries[input]?.affine;
      if (affine === undefined) return undefined;
      const along = (axis: number) => Math.hypot(...[0, 4, 8].map((row) => affine[row + axis]));
      return [along(1), along(0)];
    },
  };
}
