/** The options of `compare`. @module */
import { UsageError } from "../../errors.ts";
import { bartMethods } from "../../recon/bart.ts";
import { EXAMPLE_MASK } from "../../recon/example.ts";
import { findMethod } from "../../recon/methods.ts";
import { type CommandHelp, methodLines } from "./help.ts";
import { checkInput, COMMON, DEVICE, INPUT, MAPS, MASK, METHOD, METHODS, SEED } from "./shared.ts";
import { option, type RequestOf } from "./table.ts";
import { number, oneOf, parts, path } from "./values.ts";
import { sweptMasks, type Variant, variantsOf } from "../../report/compare/plan.ts";

const SWEEPS = ["R", "steps"] as const;

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
  methods: { ...METHODS.methods, fallback: "all" },
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
  ...COMMON,
};

export const COMPARE: CommandHelp<typeof OPTIONS> = {
  usage: "deno task compare [INPUT ...] [options]",
  about:
    "Runs methods on the same data, undersampled and calibrated once, and prints a table. INPUT " +
    "is what recon reads; without it the built-in example is compared. Writes compare.json, " +
    "compare.csv, report.html, figure.png and the images of each run (runs/). A run that is " +
    "finished is not repeated. Several inputs give means, standard deviations and paired differences.",
  options: OPTIONS,
  sections: [["Methods", methodLines()]],
  examples: [
    "deno task compare scan.h5 --mask equispaced:R=4,acs=24",
    "deno task compare scan.h5 --methods sense,wavelet,dds --mask equispaced:R=4,acs=24 \\",
    "  --sweep R=2,4,6,8 --sweep steps=10,20,50 --peer bart",
  ],
};

export type CompareRequest = RequestOf<typeof OPTIONS>;

export function comparePlan(
  { inputs, methods, peer, steps, samples, weight, model, sweep, ...request }: CompareRequest,
): { variants: readonly Variant[]; masks: readonly (string | undefined)[] } {
  checkInput(request);
  if (sweep?.steps !== undefined && steps !== undefined) {
    throw new UsageError("Cannot combine --steps with --sweep steps=...: one of them is required");
  }
  const mask = request.mask?.text ?? (inputs.length === 0 ? EXAMPLE_MASK : undefined);
  if (sweep?.R !== undefined && mask === undefined) {
    throw new UsageError("Cannot sweep R: a mask (--mask) with R is required, found none");
  }
  const chosen = [...methods.map(findMethod), ...(peer === undefined ? [] : bartMethods)];
  return {
    variants: variantsOf(chosen, { steps, samples, weight, model, sweep: sweep?.steps }),
    masks: sweep?.R === undefined ? [mask] : sweptMasks(mask!, sweep.R),
  };
}
