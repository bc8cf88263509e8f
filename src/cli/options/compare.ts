/** The options of `compare`: their table, and what they mean. @module */
import { join } from "node:path";
import { UsageError } from "../../errors.ts";
import type { Method } from "../../method/problem.ts";
import { bartMethods } from "../../recon/bart.ts";
import { EXAMPLE_MASK } from "../../recon/example.ts";
import { methods } from "../../recon/methods.ts";
import { sweptMasks, type Variant, variantsOf } from "../../report/compare/plan.ts";
import { helpText, methodLines } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import { EXAMPLE_NAME, inputName } from "../commands/recon_output.ts";
import { RECON_OPTIONS, type ReconRequest, reconRequest } from "./recon.ts";
import { parseChoice, parseChoices, parseNumber } from "./values.ts";

/** Folder under which results go when no other is named. */
const DEFAULT_ROOT = "compare";
/** All methods, as a user writes it. */
const ALL = "all";
const PEERS = ["bart"] as const;
const SWEEPS = ["R", "steps"] as const;

const { device, mask, weight, slices, maps, calibration, simulate, domain } = RECON_OPTIONS;
const { group, encoding, seed, config, quiet, verbose, version, help } = RECON_OPTIONS;

/** Every option of `compare`. */
export const COMPARE_OPTIONS = {
  methods: {
    value: "LIST",
    summary: "methods (below) separated by commas, or all. Default: all",
  },
  mask,
  sweep: {
    value: "NAME=LIST",
    summary: "R=2,4,8: the mask with each of these R, all else as it says;\n" +
      "steps=5,10,20: methods that have steps with each of these. May be given twice",
    multiple: true,
  },
  peer: {
    value: "NAME",
    summary: "bart: also run bart pics (l2, wavelet, tv) on the same k-space, mask and maps",
  },
  output: { value: "DIR", summary: "folder of the results. Default: compare/<input name>" },
  audit: {
    summary: "hold back some acquired lines and report how well they were predicted,\n" +
      "with every method that has a phase. Costs a second reconstruction each",
  },
  steps: { value: "N", summary: "iterations or steps. Default: each method's own" },
  samples: { value: "N", summary: "posterior samples, of methods that draw them. Default: 4" },
  model: {
    value: "NAME|PATH",
    summary: "prior of the methods that draw samples. Default: each method's own",
  },
  weight,
  slices,
  maps,
  calibration,
  simulate,
  domain,
  group,
  encoding,
  device,
  seed,
  config,
  json: { summary: "compare.json in one line on stdout, in place of the table" },
  quiet,
  verbose,
  version,
  help,
} as const satisfies OptionTable;

/** The text of `compare --help`. */
export function compareHelp(): string {
  return helpText({
    usage: "deno task compare [INPUT ...] [options]",
    about:
      "Runs methods on the same data, undersampled and calibrated once, and prints a table. INPUT is\n" +
      "what recon reads; without one the built-in example is compared. Writes compare.json,\n" +
      "compare.csv, report.html, figure.png and the images of each run (runs/). What is finished\n" +
      "is not run again; several inputs give means, deviations and paired differences.",
    options: COMPARE_OPTIONS,
    sections: [["Methods", methodLines()]],
    examples: [
      "deno task compare scan.h5 --mask equispaced:R=4,acs=24",
      "deno task compare scan.h5 --methods sense,wavelet,dds --mask equispaced:R=4,acs=24 \\",
      "  --sweep R=2,4,6,8 --sweep steps=10,20,50 --peer bart",
    ],
  });
}

/** What a user asks of `compare`. */
export interface CompareRequest {
  /** What `recon` would be asked, as far as it applies to all methods. */
  readonly shared: ReconRequest;
  readonly folder: string;
  readonly variants: readonly Variant[];
  readonly masks: readonly (string | undefined)[];
  readonly audit: boolean;
  readonly peer?: typeof PEERS[number];
}

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function compareRequest(
  { values, inputs }: ParsedArgs<typeof COMPARE_OPTIONS>,
): CompareRequest {
  const { methods: list, sweep, peer, audit, steps, samples: _samples, model, ...shared } = values;
  const count = (name: "steps" | "samples") =>
    values[name] === undefined
      ? {}
      : { [name]: parseNumber(`--${name}`, values[name], { integer: true, least: 1 }) };
  const swept = parseSweep(sweep);
  if (swept.steps !== undefined && steps !== undefined) {
    throw new UsageError("Cannot combine --steps with --sweep steps=...: one of them is required");
  }
  const asked = peer === undefined ? undefined : parseChoice("--peer", peer, PEERS);
  const request = reconRequest({ values: shared, inputs });
  const { weight } = request;
  return {
    shared: request,
    folder: request.output ?? defaultFolder(inputs),
    masks: masksOf(request.mask?.text ?? (inputs.length === 0 ? EXAMPLE_MASK : undefined), swept.R),
    variants: variantsOf([...chosenMethods(list), ...(asked ? bartMethods : [])], {
      ...count("steps"),
      ...count("samples"),
      ...(weight === undefined ? {} : { weight }),
      ...(model === undefined ? {} : { model }),
      ...(swept.steps === undefined ? {} : { sweep: swept.steps }),
    }),
    audit: audit ?? false,
    ...(asked === undefined ? {} : { peer: asked }),
  };
}

function chosenMethods(list = ALL): readonly Method[] {
  if (list.trim() === ALL) return methods;
  const chosen = parseChoices("--methods", list, methods.map(({ name }) => name));
  if (chosen.length === 0) {
    throw new UsageError("Cannot compare: at least one method is required, found none");
  }
  return chosen.map((name) => methods.find((method) => method.name === name)!);
}

function masksOf(
  mask: string | undefined,
  accelerations: readonly number[] | undefined,
): readonly (string | undefined)[] {
  if (accelerations === undefined) return [mask];
  if (mask !== undefined) return sweptMasks(mask, accelerations);
  throw new UsageError("Cannot sweep R: a mask (--mask) with R is required, found none");
}

/** `R=2,4,steps=5,10`, as several values of `--sweep` are joined. */
function parseSweep(text = ""): { readonly [S in typeof SWEEPS[number]]?: readonly number[] } {
  const lists: { [S in typeof SWEEPS[number]]?: number[] } = {};
  let current: number[] | undefined;
  for (const word of text.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined) {
      current = lists[parseChoice("--sweep", name.trim(), SWEEPS)] ??= [];
    }
    if (current === undefined) {
      throw new UsageError(
        `Cannot read --sweep: NAME=LIST such as R=2,4,8 is required, found '${text}'`,
      );
    }
    current.push(parseNumber("--sweep", value ?? word, { least: 1 }));
  }
  lists.steps?.forEach((n) => parseNumber("steps of --sweep", `${n}`, { integer: true }));
  return lists;
}

function defaultFolder(inputs: readonly string[]): string {
  const [first = EXAMPLE_NAME] = inputs;
  const others = inputs.length > 1 ? `-and-${inputs.length - 1}-more` : "";
  return join(DEFAULT_ROOT, `${inputName(first)}${others}`);
}
