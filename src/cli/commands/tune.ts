/** `deno task tune`: searches the settings of a sampler on simulated k-space of validation volumes. @module */
import { dirname } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { loadDenoiser, modelPath } from "../../nn/mod.ts";
import { makeTrials, tryDraw, type TuningRow, type TuningTask } from "../../recon/trials.ts";
import { DEFAULT_PRIOR, samplers } from "../../samplers/mod.ts";
import { volumePaths } from "../../train/volumes.ts";
import type { CommandContext } from "../entry.ts";
import { command, twoColumns } from "../options/help.ts";
import { COMMON, DEVICE, METHOD, NETWORK, SIMULATION_OPTIONS } from "../options/shared.ts";
import { option, type Parse } from "../options/table.ts";
import { count, mask, oneOf, path, relative, setText } from "../options/values.ts";
import { jsonLine, textOf } from "../files.ts";

/** Masks separated by spaces, or by commas before the name of the next mask. */
const masks: Parse<readonly string[]> = (text, option) =>
  text.trim().split(/\s+|,(?=[a-z]+:)/).map((word) => mask(word, option).text);

const DEFAULT_MASKS = "equispaced:R=4,acs=24 equispaced:R=8,acs=16";

const OPTIONS = {
  data: option("FOLDER", "NIfTI volumes to simulate k-space from; never test data", path),
  output: option(
    "FILE",
    "a line of JSON for each draw; draws that are in it are not repeated. " +
      "Default: tune/METHOD.jsonl",
    path,
  ),
  draws: option("N", "settings to try, the defaults included", count, "20"),
  masks: {
    ...option("LIST", "masks, separated by spaces or commas", masks, DEFAULT_MASKS),
    joint: " ",
  },
  volumes: option(
    "N",
    "volumes, spread over the folder; the middle slice of each is used",
    count,
    "3",
  ),
  ...SIMULATION_OPTIONS,
  noise: { ...SIMULATION_OPTIONS.noise, parse: relative },
  samples: option("N", "posterior samples whose mean is compared with the truth", count, "2"),
  set: { ...METHOD.set, summary: "settings with fixed values, such as eta=1,cg=6" },
  model: { ...NETWORK, fallback: DEFAULT_PRIOR },
  ...DEVICE,
  ...COMMON,
};

export const tune = command({
  usage: "deno task tune METHOD --data FOLDER [options]",
  about:
    "Searches the settings of a sampler at random, within the ranges that the sampler names, on " +
    "k-space simulated from volumes. Draw 0 has the defaults. Prints a table, the best first, and " +
    "the best settings as recon --set takes them.",
  options: OPTIONS,
  sections: [[
    "Methods and the defaults of their settings",
    twoColumns(
      samplers.map(({ name, defaults }) => [name, setText(defaults).replaceAll(",", ", ")]),
    ),
  ]],
  examples: ["deno task tune dds --data ../shared/data/validation --draws 30"],
}, async (request, context) => {
  const { inputs, data, coils, noise, seed, samples, set = {} } = request;
  const names = samplers.map(({ name }) => name);
  const name = oneOf(names)(inputs[0] ?? "", "METHOD");
  if (data === undefined) {
    throw new UsageError("Cannot tune without volumes: --data FOLDER is required");
  }
  const sampler = samplers[names.indexOf(name)];
  Object.keys(set).forEach((key) => oneOf(Object.keys(sampler.defaults))(key, "--set"));
  const open = Object.keys(sampler.ranges).filter((key) => !Object.hasOwn(set, key));
  if (open.length === 0) {
    throw new UsageError(`Cannot tune ${name}: settings to search are required, found none`, {
      hint: "It has none, or --set fixes them all",
    });
  }
  const paths = await volumePaths(data);
  const volumes = Math.min(request.volumes, paths.length);
  const sources = Array.from({ length: volumes }, (_, i) => ({
    from: paths[Math.floor((i + 0.5) * paths.length / volumes)],
  }));
  await using runtime = await Runtime.open(request.device, request);
  const { denoise } = await loadDenoiser(await modelPath(request.model));
  const trials = await makeTrials(runtime, sources, request.masks, { coils, noise, seed });
  const task: TuningTask = { sampler, denoise, trials, samples, seed, fixed: set };
  const found = await search(task, request.output ?? `tune/${name}.jsonl`, request, context);
  const rows = found.toSorted((a, b) => (b.mean ?? -Infinity) - (a.mean ?? -Infinity));
  context.console.out(request.json ? jsonLine(rows) : table(task, rows));
  return 0;
});

async function search(
  task: TuningTask,
  file: string,
  { draws, quiet }: { draws: number; quiet: boolean },
  { console, signal }: CommandContext,
): Promise<TuningRow[]> {
  using output = await openRows(file);
  const { rows } = output;
  for (let draw = 0; draw < draws; draw++) {
    if (rows.some((row) => row.draw === draw)) continue;
    signal.throwIfAborted();
    const row = await tryDraw(task, draw);
    rows.push(row);
    await output.append(row);
    if (!quiet) console.err(`${draw + 1} of ${draws}  ${line(row)}\n`);
  }
  return rows;
}

/** The draws of earlier runs, and the file they are in, to which this run alone appends. */
async function openRows(path: string) {
  await Deno.mkdir(dirname(path), { recursive: true });
  const file = await Deno.open(path, { read: true, append: true, create: true });
  const fail = (required: string, cause?: unknown) => {
    file.close();
    throw new InputError(`Cannot continue ${path}: ${required} is required`, { cause });
  };
  if (await file.tryLock(true).catch(() => true) === false) fail("one run at a time");
  const text = await Deno.readTextFile(path);
  // The last line of a run that was killed may be cut.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  try {
    const rows: TuningRow[] = whole.split("\n").filter(Boolean).map((row) => JSON.parse(row));
    if (whole !== text) await file.truncate(new TextEncoder().encode(whole).length);
    return {
      rows,
      append: (row: TuningRow) => writeAll(file, `${JSON.stringify(row)}\n`),
      [Symbol.dispose]: () => file.close(),
    };
  } catch (cause) {
    return fail("a line of JSON for each draw", cause);
  }
}

async function writeAll(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

function table({ sampler, trials }: TuningTask, rows: readonly TuningRow[]): string {
  return textOf([
    ...trials.map(({ slice, mask }, i) => `#${i + 1}: ${slice}, ${mask}`),
    "PSNR over the head, dB",
    ...rows.map(line),
    `Best: --method ${sampler.name} --set ${setText(rows[0].settings)}`,
  ]);
}

function line({ draw, settings, psnr, mean, seconds }: TuningRow): string {
  const decibels = (value: number | null) => value === null ? "diverged" : value.toFixed(2);
  const each = psnr.map(decibels).join(" ");
  const time = `${seconds.toFixed(0)} s`;
  return `mean ${decibels(mean)}  [${each}]  ${time}  draw ${draw}: ${setText(settings)}`;
}
