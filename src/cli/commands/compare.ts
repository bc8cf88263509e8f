/** `deno task compare`: several methods on the same data, side by side. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import { cflStem } from "../../io/cfl.ts";
import { dataFile, sha256File } from "../../io/checksum.ts";
import { detectFormat } from "../../io/detect.ts";
import type { Geometry, KspaceFile } from "../../io/types.ts";
import { parseMaskSpec } from "../../mri/sampling/masks.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { bartVersion } from "../../recon/bart.ts";
import { compare as compareMethods } from "../../report/compare/compare.ts";
import type { CompareInput, CompareTask, CompareWatcher } from "../../report/compare/task.ts";
import type { Comparison } from "../../report/comparison.ts";
import { renderReport, type ReportImages } from "../../report/page/report_html.ts";
import { RunStore } from "../../report/compare/run_store.ts";
import { comparisonFigure } from "../render/compare_figure.ts";
import {
  COMPARE_OPTIONS,
  compareHelp,
  type CompareRequest,
  compareRequest,
} from "../options/compare.ts";
import { comparisonCsv, comparisonText } from "../render/compare_text.ts";
import { withConfig } from "../options/config.ts";
import { combinedCode, type CommandContext, describeFailure, runCommand } from "../entry.ts";
import { VERSION, VERSION_LINE } from "../options/help.ts";
import { openInput } from "./recon_job.ts";
import { parseOptions } from "../options/table.ts";
import { EXAMPLE_NAME, inputName } from "./recon_output.ts";
import { sliceOf, upright } from "../render/preview.ts";
import { duration, ProgressLine } from "../render/progress.ts";

/**
 * Compares; a method that fails does not stop the rest.
 * @returns the exit code, not 0 when a run failed
 * @throws {UsageError} for a command line that makes no sense
 * @throws {InputError} when an input cannot be read or the results cannot be written
 */
export async function compare(args: readonly string[], context: CommandContext): Promise<number> {
  const parsed = parseOptions(COMPARE_OPTIONS, args);
  if (parsed.values.help || parsed.values.version) {
    context.console.out(parsed.values.help ? compareHelp() : VERSION_LINE);
    return 0;
  }
  const request = compareRequest(await withConfig(COMPARE_OPTIONS, parsed));
  const peer = request.peer === undefined ? {} : { peerVersion: await bartVersion() };
  const geometries: (Geometry | undefined)[] = [];
  const inputs = await comparedInputs(request, context, geometries);
  const task = await compareTask(request, inputs, args, peer);
  const store = new RunStore(request.folder);
  const { comparison, failures } = await watched(
    request,
    context,
    (watcher) => compareMethods(task, store, watcher),
  );
  await writeResults(store, comparison, storedImages(store, comparison, geometries), request);
  context.console.out(
    request.shared.json
      ? `${JSON.stringify(comparison)}\n`
      : `${comparisonText(comparison)}\n  ${join(request.folder, "report.html")}\n`,
  );
  return combinedCode(failures.map((error) => describeFailure(error).code));
}

/**
 * The inputs, checked for doubles.
 * @param geometries is filled as inputs are opened
 */
async function comparedInputs(
  { shared }: CompareRequest,
  { console, signal }: CommandContext,
  geometries: (Geometry | undefined)[],
): Promise<CompareInput[]> {
  const paths: readonly (string | undefined)[] = shared.inputs.length === 0
    ? [undefined]
    : shared.inputs;
  const inputs: CompareInput[] = [];
  for (const [index, path] of paths.entries()) {
    const sha256 = path === undefined
      ? null
      : await sha256File(dataFile(path, fileFormat(path)), signal);
    const double = inputs.find((other) => other.sha256 === sha256);
    if (double !== undefined) {
      throw new UsageError(
        `Cannot compare on ${double.path} and ${path}: different data are required, found the same`,
      );
    }
    let warned = shared.quiet;
    inputs.push({
      path: path ?? EXAMPLE_NAME,
      name: inputName(path ?? EXAMPLE_NAME),
      sha256,
      open: async (runtime): Promise<KspaceFile> => {
        const file = await openInput(runtime, shared, path);
        geometries[index] = file.geometry;
        if (!warned) file.warnings?.forEach((text) => console.err(`${file.path}: ${text}\n`));
        warned = true;
        return file;
      },
    });
  }
  return inputs;
}

/** Of a BART pair the numbers count; of all else the file itself. */
function fileFormat(path: string): "bart-cfl" | "npy" {
  return detectFormat(path) === "bart-cfl" ? "bart-cfl" : "npy";
}

async function compareTask(
  { shared, masks, variants, audit }: CompareRequest,
  inputs: readonly CompareInput[],
  args: readonly string[],
  peer: Pick<CompareTask, "peerVersion">,
): Promise<CompareTask> {
  const { slices, maps, calibration, seed, device } = shared;
  const { simulate, domain, group, encoding } = shared;
  return {
    inputs,
    masks,
    variants,
    supply: {
      ...(maps === undefined ? {} : { maps }),
      ...(calibration === undefined ? {} : { calibration }),
    },
    ...(slices === undefined ? {} : { slices }),
    seed,
    audit,
    device,
    stamp: { simulate, domain, group, encoding },
    checksums: await checksums([...masks, maps]),
    ...peer,
    command: ["deno task compare", ...args.map(quoted)].join(" "),
    version: VERSION,
  };
}

/** Checksums of the masks and maps that are files. */
async function checksums(
  names: readonly (string | undefined)[],
): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  for (const name of names) {
    if (name === undefined || parseMaskSpec(name).kind !== "file") continue;
    const isPair = name.endsWith(".hdr") || !await Deno.stat(name).then(() => true, () => false);
    sums[name] = await sha256File(isPair ? `${cflStem(name)}.cfl` : name);
  }
  return sums;
}

/** An argument as a shell takes it. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Runs with progress on the console: a line that is rewritten, and one for each finished run. */
async function watched<T>(
  { shared: { quiet } }: CompareRequest,
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
        const psnr = head?.psnr ?? undefined;
        const found = error ?? [
          ...(psnr === undefined ? [] : [`${psnr.toFixed(2)} dB`]),
          kept ? "finished before" : `${duration(seconds)} for a slice`,
        ].join(", ");
        const name = error === null ? `${method}, ${steps} steps` : method;
        console.err(`${done}/${of}  ${name}, ${mask}: ${found}\n`);
      },
    });
  } finally {
    finish();
  }
}

/** The arrays of a comparison, upright as a radiologist hangs them. */
function storedImages(
  store: RunStore,
  { inputs, runs }: Comparison,
  geometries: readonly (Geometry | undefined)[],
): ReportImages {
  const turned = (volume: NdArray | undefined, input: number) =>
    Promise.resolve(volume && uprightVolume(volume, geometries[input]));
  const runOf = (key: string) => runs.find((run) => run.key === key);
  const file = (key: string, kind: "recon" | "std") => {
    const run = runOf(key);
    return turned(store.readArray(run?.files[kind]), run?.input ?? 0);
  };
  return {
    reference: (input) => turned(store.readArray(inputs[input].reference), input),
    recon: (key) => file(key, "recon"),
    std: (key) => file(key, "std"),
  };
}

function uprightVolume(volume: NdArray, geometry: Geometry | undefined): NdArray {
  if (geometry === undefined) return volume;
  const slices = Array.from(
    { length: volume.shape[0] },
    (_, slice) => upright(sliceOf(volume, slice), geometry),
  );
  const data = new Float32Array(volume.data.length);
  slices.forEach((slice, index) => data.set(slice.data, index * slice.data.length));
  return ndarray(data, volume.shape);
}

async function writeResults(
  store: RunStore,
  comparison: Comparison,
  images: ReportImages,
  { shared, masks }: CompareRequest,
): Promise<void> {
  await store.write("compare.csv", comparisonCsv(comparison));
  await store.write("report.html", await renderReport(comparison, images));
  // Of swept accelerations the one of --mask is shown, or the last.
  const shown = masks.includes(shared.mask?.text) ? shared.mask?.text : masks[masks.length - 1];
  const figure = await comparisonFigure(comparison, shown ?? "data", images);
  if (figure !== undefined) await store.write("figure.png", figure);
}

if (import.meta.main) await runCommand(compare);
