/** The options of `compare`. @module */
import { UsageError } from "../../errors.ts";
import type { Method } from "../../method/problem.ts";
import { bartMethods } from "../../recon/bart.ts";
import { EXAMPLE_MASK } from "../../recon/example.ts";
import { findMethod, methodOptions } from "../../recon/methods.ts";
import { peerCommand } from "../../recon/peer_command.ts";
import { type CommandHelp, methodLines } from "./help.ts";
import {
  checkInput,
  COMMON,
  DEVICE,
  INPUT,
  MAPS,
  MASK,
  METHOD,
  METHOD_NAMES,
  READY_METHODS,
  SEED,
} from "./shared.ts";
import { option, type Parse, type RequestOf } from "./table.ts";
import {
  count,
  number,
  oneOf,
  parts,
  path,
  relative,
  settings,
  type TunedSettings,
} from "./values.ts";
import {
  type MethodChoice,
  sweptMasks,
  type Variant,
  variantsOf,
} from "../../report/compare/plan.ts";

const SWEEPS = ["R", "steps"] as const;

/** Keys of a method's own options in a list; other keys are settings of the sampler. */
const OWN_OPTIONS = { steps: count, samples: count, weight: relative } as const;

/**
 * `sense,dds@mine,dds:eta=1,cg=6`: a method, its model after `@`, its settings after `:`. A part of
 * the list that is `KEY=X` goes on with the settings before it.
 */
export const methodChoices: Parse<readonly MethodChoice[]> = (text, option) => {
  if (text.trim() === "all") return READY_METHODS.map((name) => choiceOf(name, option));
  const words: string[] = [];
  for (const part of parts(text)) {
    const goesOn = part.includes("=") && !part.includes(":") && words.at(-1)?.includes(":");
    if (goesOn) words[words.length - 1] += `,${part}`;
    else words.push(part);
  }
  if (words.length === 0) {
    throw new UsageError(`Cannot read ${option}: at least one method is required, found none`);
  }
  return [...new Set(words)].map((word) => choiceOf(word, option));
};

function choiceOf(word: string, option: string): MethodChoice {
  const [, base, model, keys] = /^([^@:]*)(?:@([^:]*))?(?::(.*))?$/s.exec(word) ?? [];
  const method = findMethod(oneOf(METHOD_NAMES)(base, option));
  if (model === undefined && keys === undefined) return { name: word, method };
  const own: Record<string, number> = {}, set: Record<string, number> = {};
  for (const [key, value] of Object.entries(keys === undefined ? {} : settings(keys, option))) {
    const read = OWN_OPTIONS[key as keyof typeof OWN_OPTIONS];
    if (read === undefined) set[key] = value;
    else own[key] = read(`${value}`, `${key} of ${base} in ${option}`);
  }
  const asked = { ...own, model, settings: Object.keys(set).length > 0 ? set : undefined };
  const options = Object.entries(methodOptions(method, asked)).filter(([, value]) =>
    value !== undefined
  );
  return { name: word, method, options: Object.fromEntries(options) };
}

/** The choices, with the settings that were tuned for one of them where it has none of its own. */
export const withTuned = (choices: readonly MethodChoice[], tuned?: TunedSettings) =>
  choices.map((choice) =>
    tuned?.method !== choice.method.name || choice.options?.settings !== undefined
      ? choice
      : { ...choice, options: { ...choice.options, settings: tuned.settings } }
  );

/** `mine=recon.npy,theirs=other.nii.gz`: results from elsewhere and their names in the tables. */
const outsideImages: Parse<readonly (readonly [name: string, path: string])[]> = (text, option) =>
  parts(text).map((part) => {
    const [, name, file] = /^([^=]+)=(.+)$/s.exec(part) ?? [];
    if (name !== undefined && !METHOD_NAMES.includes(name)) return [name, file];
    throw new UsageError(
      `Cannot read ${option}: NAME=FILE with a name of your own is required, found '${part}'`,
    );
  });

/** `R=2,4,steps=5,10`, as several values of `--sweep` are joined. */
const sweep = (text: string, option: string) => {
  const lists: { [S in typeof SWEEPS[number]]?: number[] } = {};
  let current: typeof SWEEPS[number] | undefined;
  for (const word of parts(text)) {
    const [, name, value] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
    if (name !== undefined) current = oneOf(SWEEPS)(name.trim(), option);
    if (current === undefined) {
      throw new UsageError(
        `Cannot read ${option}: NAME=LIST such as R=2,4,8 is required, found '${text}'`,
      );
    }
    const read = number({ min: 1, integer: current === "steps" });
    (lists[current] ??= []).push(read(value ?? word, `${current} of ${option}`));
  }
  return lists;
};

const OPTIONS = {
  methods: {
    ...option(
      "LIST",
      "methods (below) separated by commas, or all; a model of one of them after @, settings " +
        "after a colon: sense,dds@mine,dds:eta=1,cg=6,pnp-admm:steps=10",
      methodChoices,
    ),
    fallback: "all",
  },
  image: {
    ...option(
      "NAME=FILE",
      "a result from elsewhere (NIfTI, or .npy of [slice,] row, column) as a row of its own. It is " +
        "aligned by its affine, or taken in the order of recon.nii.gz. May be given several times",
      outsideImages,
    ),
    multiple: true,
  },
  "image-scale": option(
    "NAME",
    "data: images are scaled to sense of the same data by least squares, unless they agree to 2 %; " +
      "keep: they are in the units of the data",
    oneOf(["data", "keep"]),
    "data",
  ),
  "peer-command": option(
    "COMMAND",
    "a program that reconstructs each slice: 'python mine.py {kspace} {mask} {maps} {out}', files " +
      "in .npy, complex [coil, H, W] with H the phase-encode axis; it writes [H, W] to {out}. " +
      "Its name in the tables can stand before it: 'mine=python ...'",
    path,
  ),
  settings: METHOD.settings,
  ...MASK,
  sweep: {
    ...option(
      "NAME=LIST",
      "R=2,4,8: the mask with each of these R; steps=5,10,20: methods that have steps with " +
        "each of these. May be given twice",
      sweep,
    ),
    multiple: true,
  },
  peer: option(
    "NAME",
    "bart: also run bart pics (l2, wavelet, tv) on the same k-space, mask and maps",
    oneOf(["bart"]),
  ),
  model: METHOD.model,
  steps: METHOD.steps,
  weight: METHOD.weight,
  samples: METHOD.samples,
  ...MAPS,
  ...INPUT,
  ...SEED,
  ...DEVICE,
  output: option("DIR", "folder of the results. Default: compare/<input name>", path),
  audit: {
    summary:
      "leave out some acquired lines and report how well each image predicts them. Takes a " +
      "second reconstruction for every method with coil maps",
  },
  "error-bars": {
    summary:
      "show for each pixel how far its true magnitude may lie from the image (90 % of the pixels of the head), " +
      "for methods that were calibrated for it",
  },
  added: {
    summary:
      "show the part of each image that the data do not determine, with outlines of structures that they " +
      "alone do not show, for methods with coil maps",
  },
  "dry-run": { summary: "print what would be run and the predicted memory and time, and stop" },
  ...COMMON,
};

export const COMPARE: CommandHelp<typeof OPTIONS> = {
  usage: "deno task compare [INPUT ...] [options]",
  about:
    "Runs methods on the same data, undersampled and calibrated once, and prints a table. INPUT " +
    "is what recon reads; without it the built-in example is compared. Writes compare.json, " +
    "compare.csv, report.html, figure.svg (.png) and the images of each run (runs/). A run that is " +
    "finished is not repeated. Several inputs give means, standard deviations and paired differences.",
  options: OPTIONS,
  sections: [["Methods", methodLines()]],
  examples: [
    "deno task compare scan.h5 --mask equispaced:R=4,acs=24",
    "deno task compare scan.h5 --methods sense,wavelet,dds --mask equispaced:R=4,acs=24 \\",
    "  --sweep R=2,4,6,8 --sweep steps=10,20,50 --peer bart",
    "deno task compare scan.h5 --methods tv,dds@mine --image theirs=recon.npy \\",
    "  --peer-command 'python mine.py {kspace} {mask} {maps} {out}'",
  ],
};

export type CompareRequest = RequestOf<typeof OPTIONS>;

export function comparePlan(
  { inputs, methods, peer, steps, samples, weight, model, sweep, image = [], ...request }:
    CompareRequest,
): { variants: readonly Variant[]; masks: readonly (string | undefined)[] } {
  checkInput(request);
  if (sweep?.steps !== undefined && steps !== undefined) {
    throw new UsageError("Cannot combine --steps with --sweep steps=...: one of them is required");
  }
  const mask = request.mask?.text ?? (inputs.length === 0 ? EXAMPLE_MASK : undefined);
  if (sweep?.R !== undefined && mask === undefined) {
    throw new UsageError("Cannot sweep R: a mask (--mask) with R is required, found none");
  }
  if (image.length > 0 && inputs.length > 1) {
    throw new UsageError("Cannot compare --image with several inputs: one input is required");
  }
  if (image.length > 0 && sweep?.R !== undefined) {
    throw new UsageError("Cannot sweep R with --image: it was made with one mask");
  }
  const [, peerName = "peer", command] = /^(?:([\w.-]+)=)?(.*)$/s.exec(request.peerCommand ?? "")!;
  const named = (method: Method): MethodChoice => ({ name: method.name, method });
  const chosen = [
    ...withTuned(methods, request.settings),
    ...(peer === undefined ? [] : bartMethods).map(named),
    ...(command === "" ? [] : [named(peerCommand(peerName, command))]),
  ];
  const scale = request.imageScale;
  return {
    variants: [
      ...variantsOf(chosen, { steps, samples, weight, model, sweep: sweep?.steps }),
      ...image.map(([name, path]) => ({
        name,
        method: findMethod("sense"),
        options: {},
        image: { path, scale },
      })),
    ],
    masks: sweep?.R === undefined ? [mask] : sweptMasks(mask!, sweep.R),
  };
}
