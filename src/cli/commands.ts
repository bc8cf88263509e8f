/** All commands: what they do, what Deno must allow them, and where they are. @module */
import { SILENCE } from "../graph/runtime/telemetry.ts";
import type { CommandHelp } from "./options/help.ts";
import type { Command } from "./entry.ts";

/** A command with its help. */
export type HelpedCommand = Command & { readonly help: CommandHelp };

/** What a command writes. */
export interface Writes {
  /** The option that names it. */
  readonly option: string;
  /** The path, or paths, without that option; `words` are those of the command line. */
  fallback(words: readonly string[]): string | readonly string[];
  /** Whether it adds to a folder; otherwise it replaces a file or folder as a whole. */
  readonly within?: boolean;
}

const output = (fallback: string): Writes => ({ option: "output", fallback: () => fallback });

/** A command that is loaded when it is called. */
export interface CommandEntry {
  readonly summary: string;
  /** Permissions of Deno; `deno.json` gives the same to the task of this name. */
  readonly permissions: readonly string[];
  /** Other flags of Deno. */
  readonly flags?: readonly string[];
  /**
   * What it writes: `larmor` allows that and what its command line names, no other files. Absent: it
   * runs programs, which no permission holds back.
   */
  readonly writes?: Writes;
  /** Options that have it run programs, which no permission holds back: without them it may not. */
  readonly runsWith?: readonly string[];
  load(): Promise<HelpedCommand>;
}

/** What is read of the surroundings; libraries that ask for more find nothing. */
const ENVIRONMENT = ["INIT_CWD", "LARMOR_DEBUG", "LARMOR_PROGRAM", SILENCE];

/** The name of the machine says whose the unfinished outputs are that a killed run left. */
const SYSTEM = "--allow-sys=hostname";

const FILES = [
  ...["--allow-read", "--allow-write", "--allow-ffi", SYSTEM],
  ...[`--allow-env=${ENVIRONMENT}`, "--ignore-env"],
];

/**
 * A process that lives for weeks collects garbage sooner: `bench/soak.ts` saw 340 MB that stay, where V8
 * by itself took 520 to 580 MB that went up and down by 7 %, at the same number of sessions a second.
 */
const LONG_LIVED = ["--v8-flags=--max-semi-space-size=4,--heap-growing-percent=50"];

/**
 * What V8 collects late counts as memory: a slice of 15 x 368 x 640 by `rss` took 476 to 735 MB from run to
 * run, and takes 545 to 640 MB so.
 */
const PREDICTABLE = ["--v8-flags=--heap-growing-percent=50"];

/** The commands of `larmor` and the tasks of `deno.json`, by name. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  recon: {
    summary: "k-space in, images out",
    permissions: FILES,
    flags: PREDICTABLE,
    writes: output("recon/x"),
    load: async () => (await import("./commands/recon.ts")).recon,
  },
  compare: {
    summary: "many methods on the same data: a table and a report",
    permissions: FILES.map((flag) => flag === SYSTEM ? `${SYSTEM},systemMemoryInfo` : flag).concat(
      "--allow-run",
    ),
    writes: output("compare/x"),
    runsWith: ["peer", "peer-command"],
    load: async () => (await import("./commands/compare.ts")).compare,
  },
  cohort: {
    summary: "many files with many processes, here or on a cluster",
    permissions: [...FILES, "--allow-run"],
    load: async () => (await import("./commands/cohort.ts")).cohort,
  },
  stress: {
    summary: "how much of planted structures each method keeps",
    permissions: FILES,
    writes: output("stress"),
    load: async () => (await import("./commands/stress.ts")).stress,
  },
  serve: {
    summary: "an MRD streaming server beside a scanner",
    permissions: ["--allow-net=127.0.0.1,0.0.0.0", ...FILES],
    flags: LONG_LIVED,
    writes: { option: "save", fallback: () => [], within: true },
    load: async () => (await import("./commands/serve.ts")).serve,
  },
  simulate: {
    summary: "an image in, multi-coil k-space out",
    permissions: FILES,
    writes: output("simulated.h5"),
    load: async () => (await import("./commands/simulate.ts")).simulate,
  },
  restore: {
    summary: "a picture that lost something in, a picture restored with a prior out",
    permissions: FILES,
    writes: output("restore/x"),
    load: async () => (await import("./commands/restore.ts")).restore,
  },
  sample: {
    summary: "images drawn from a prior, without data",
    permissions: FILES,
    writes: output("sample/x"),
    load: async () => (await import("./commands/sample.ts")).sample,
  },
  train: {
    summary: "trains a network on volumes",
    permissions: FILES,
    writes: { option: "output", fallback: () => [], within: true },
    load: async () => (await import("./commands/train.ts")).trainCommand,
  },
  adapt: {
    summary: "fits a network to your own undersampled scan",
    permissions: FILES,
    writes: output("models/x"),
    load: async () => (await import("./commands/adapt.ts")).adapt,
  },
  tune: {
    summary: "searches the settings of a method on volumes",
    permissions: FILES,
    writes: output("tune/x"),
    load: async () => (await import("./commands/tune.ts")).tune,
  },
  "calibrate-errors": {
    summary: "how wide the error bars of a method are to be, from volumes of several people",
    permissions: FILES,
    writes: output("calibrate-errors/x"),
    load: async () => (await import("./commands/calibrate_errors.ts")).calibrateErrors,
  },
  "check-model": {
    summary: "a denoiser against the truth, before it is used",
    permissions: FILES,
    writes: output("check/x"),
    load: async () => (await import("./commands/check_model.ts")).checkModel,
  },
  devices: {
    summary: "what there is to compute on, and whether it computes right",
    permissions: FILES,
    writes: { option: "output", fallback: () => [] },
    load: async () => (await import("./commands/devices.ts")).devices,
  },
  vjp: {
    summary: "an ONNX model in, the model of its gradient out",
    permissions: FILES,
    writes: { option: "output", fallback: (words) => words },
    load: async () => (await import("./commands/vjp.ts")).vjp,
  },
  "import-weights": {
    summary: "weights of other projects as a model folder",
    permissions: FILES,
    writes: { option: "output", fallback: () => [] },
    load: async () => (await import("./commands/import_weights.ts")).importWeightsCommand,
  },
};
