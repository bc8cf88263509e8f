/** `deno task tune`: searches the settings of a sampler on simulated k-space of validation volumes. @module */
import { InputError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { loadDenoiser, modelPath } from "../../nn/mod.ts";
import { makeTrials, type TrialSource } from "../../recon/trials.ts";
import { tryDraw, type TuningRow, type TuningTask } from "../../recon/tune.ts";
import { DEFAULT_PRIOR, samplers } from "../../samplers/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { helpText, VERSION_LINE } from "../options/help.ts";
import { parseOptions } from "../options/table.ts";
import { volumePaths } from "../../train/volumes.ts";
import { parseChoice, parseNumber } from "../options/values.ts";

/** Every option of `tune`. */
const OPTIONS = {
  data: { value: "FOLDER", summary: "NIfTI volumes to simulate k-space from; never test data" },
  output: {
    value: "FILE",
    summary: "a line of JSON for each draw; draws that are there are not repeated.\n" +
      "Default: tune/METHOD.jsonl",
  },
  draws: { value: "N", summary: "settings to try, the defaults included. Default: 20" },
  masks: {
    value: "LIST",
    summary: "masks, separated by spaces.\nDefault: equispaced:R=4,acs=24 equispaced:R=8,acs=16",
  },
  volumes: {
    value: "N",
    summary: "volumes, spread over the folder; the middle slice of each.\nDefault: 3",
  },
  coils: { value: "N", summary: "simulated coils. Default: 8" },
  noise: { value: "X", summary: "noise relative to bright tissue. Default: 0.02" },
  samples: { value: "N", summary: "posterior samples whose mean is judged. Default: 2" },
  set: { value: "NAME=X,...", summary: "settings that are not searched" },
  model: { value: "NAME", summary: `the prior. Default: ${DEFAULT_PRIOR}` },
  seed: { value: "N", summary: "seed of draws and simulation. Default: 0" },
  help: { summary: "this text" },
  version: { summary: "the version" },
} as const;

const HELP = helpText({
  usage: "deno task tune METHOD --data FOLDER [options]",
  about:
    "Searches the settings of a sampler at random, within the ranges that it names, on k-space\n" +
    "simulated from volumes. Draw 0 is the defaults. Prints a table, the best first.",
  options: OPTIONS,
  sections: [["Methods", [samplers.map(({ name }) => name).join(" ")]]],
  examples: ["deno task tune dds --data ../shared/data/validation --draws 30"],
});

const DEFAULT_MASKS = "equispaced:R=4,acs=24 equispaced:R=8,acs=16";
const positive = { integer: true, least: 1 } as const;

/**
 * Searches, and prints what was found.
 * @returns the exit code
 * @throws {UsageError} for a command line that makes no sense
 */
export async function tune(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, inputs } = parseOptions(OPTIONS, args);
  const { console, signal } = context;
  if (values.help || values.version) {
    console.out(values.help ? HELP : VERSION_LINE);
    return 0;
  }
  const names = samplers.map(({ name }) => name);
  const name = parseChoice("METHOD", inputs[0] ?? "", names);
  if (values.data === undefined) {
    throw new UsageError("Cannot tune without volumes: --data FOLDER is required");
  }
  const number = (option: "draws" | "volumes" | "coils" | "samples", fallback: string) =>
    parseNumber(`--${option}`, values[option] ?? fallback, positive);
  const seed = parseNumber("--seed", values.seed ?? "0", { integer: true, least: 0 });
  const sources = spread(await volumePaths(values.data), number("volumes", "3"));
  await using runtime = await Runtime.open("cpu");
  const { denoise } = await loadDenoiser(await modelPath(values.model ?? DEFAULT_PRIOR));
  const task: TuningTask = {
    sampler: samplers[names.indexOf(name)],
    denoise,
    trials: await makeTrials(runtime, sources, (values.masks ?? DEFAULT_MASKS).split(" "), {
      coils: number("coils", "8"),
      noise: parseNumber("--noise", values.noise ?? "0.02", { above: 0 }),
      seed,
    }),
    samples: number("samples", "2"),
    seed,
    fixed: parseSettings(values.set ?? "", settingNames(name)),
  };
  const file = values.output ?? `tune/${name}.jsonl`;
  const rows = await search(task, file, number("draws", "20"), console, signal);
  console.out(table(task, rows));
  return 0;
}

/** Names of the settings of a sampler. */
function settingNames(name: string): string[] {
  return Object.keys(samplers.find((sampler) => sampler.name === name)!.defaults);
}

/** Volumes at even distances. */
function spread(paths: readonly string[], count: number): TrialSource[] {
  const chosen = Math.min(count, paths.length);
  return Array.from({ length: chosen }, (_, i) => ({
    path: paths[Math.floor((i + 0.5) * paths.length / chosen)],
  }));
}

function parseSettings(text: string, names: readonly string[]): Record<string, number> {
  if (text === "") return {};
  return Object.fromEntries(
    text.split(",").map((entry) => {
      const [name, value] = entry.split("=");
      return [
        parseChoice("--set", name, names),
        parseNumber(`--set ${name}`, value ?? ""),
      ];
    }),
  );
}

async function search(
  task: TuningTask,
  file: string,
  draws: number,
  console: CommandContext["console"],
  signal: AbortSignal,
): Promise<TuningRow[]> {
  const rows = await readRows(file);
  for (let draw = 0; draw < draws; draw++) {
    if (rows.some((row) => row.draw === draw)) continue;
    signal.throwIfAborted();
    const row = await tryDraw(task, draw);
    rows.push(row);
    await Deno.writeTextFile(file, `${JSON.stringify(row)}\n`, { append: true });
    console.err(`${draw + 1} of ${draws}  ${line(row)}\n`);
  }
  return rows;
}

/** Draws of an earlier search. */
async function readRows(file: string): Promise<TuningRow[]> {
  const folder = file.replace(/\/?[^/]*$/, "");
  if (folder !== "") await Deno.mkdir(folder, { recursive: true });
  const text = await Deno.readTextFile(file).catch(() => "");
  try {
    return text.split("\n").filter((row) => row !== "").map((row) => JSON.parse(row) as TuningRow);
  } catch (cause) {
    throw new InputError(`Cannot go on with ${file}: a line of JSON for each draw is required`, {
      cause,
    });
  }
}

function table({ trials }: TuningTask, rows: readonly TuningRow[]): string {
  const best = [...rows].sort((a, b) => (b.mean ?? -Infinity) - (a.mean ?? -Infinity));
  const heads = trials.map(({ slice, mask }, i) => `#${i + 1}: ${slice}, ${mask}\n`).join("");
  return `${heads}PSNR over the head, dB\n${best.map((row) => `${line(row)}\n`).join("")}`;
}

function line({ draw, settings, psnr, mean, seconds }: TuningRow): string {
  const decibels = (value: number | null) => value === null ? "diverged" : value.toFixed(2);
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`).join(" ");
  return `mean ${decibels(mean)}  [${psnr.map(decibels).join(" ")}]  ${
    seconds.toFixed(0)
  } s  draw ${draw}: ${set}`;
}

if (import.meta.main) await runCommand(tune);
