/** The options of `cohort`, and what those of `init` mean for each file and method. @module */
import { DEFAULT_METHOD } from "../../recon/methods.ts";
import type { CohortMethods } from "../../cohort/plan.ts";
import type { OptionTexts } from "../../cohort/types.ts";
import { variantsOf } from "../../report/compare/plan.ts";
import { openInput } from "../commands/recon.ts";
import { methodChoices, withTuned } from "./compare.ts";
import { methodRequest, RECON_OPTIONS } from "./recon.ts";
import { checkInput, COMMON, DEVICE, INPUT, MAPS, MASK, METHOD, SEED } from "./shared.ts";
import { option, type RequestOf, requestOf } from "./table.ts";
import { count, path, positive } from "./values.ts";

const { compress, whiten, "update-maps": updateMaps, audit } = RECON_OPTIONS;
const { model, steps, weight, samples, settings } = METHOD;

/** Options that a manifest may have for each file. */
const FILE_OPTIONS = { ...INPUT, ...MASK, ...MAPS, compress, whiten };
export const FILE_OPTION_NAMES: readonly string[] = Object.keys(FILE_OPTIONS);

/** Options that say what is computed. */
const METHOD_OPTIONS = {
  method: {
    ...option(
      "LIST",
      "reconstruction method, or several separated by commas (below); a model of one of them after @, " +
        "settings after a colon: sense,dds:eta=1,cg=6",
      methodChoices,
    ),
    fallback: DEFAULT_METHOD,
  },
  ...{ model, steps, weight, samples },
  settings: {
    ...settings,
    summary:
      "settings that deno task tune found: the best draw of its file, for the method that it tuned",
  },
  ...FILE_OPTIONS,
  "update-maps": updateMaps,
  audit,
  ...SEED,
  ...DEVICE,
  threads: { ...DEVICE.threads, summary: "threads of the processor for a process", fallback: "1" },
};

export const INIT_OPTIONS = {
  output: option("DIR", "folder of the cohort; all machines must see it. Default: cohort", path),
  ...METHOD_OPTIONS,
  "shard-minutes": option(
    "M",
    "predicted length of a shard, which one process works off. A cohort has at most a thousand",
    positive,
    "30",
  ),
  shards: option("N", "cut into about N shards, however long they are", count),
  tries: option(
    "N",
    "how often the same slices may end a process without a result before they count as failed",
    count,
    "3",
  ),
  timeout: option(
    "SECONDS",
    "longest time for the slices that are reconstructed at once. Default: ten times what is predicted, " +
      "at least five minutes",
    positive,
  ),
  stale: option(
    "SECONDS",
    "a process that gives no sign of life for so long is taken for dead, and its shard is taken over",
    positive,
    "180",
  ),
  "dry-run": { summary: "print the plan, and write nothing" },
  ...COMMON,
};

/** The folder of a cohort where none is named. */
export const DEFAULT_FOLDER = "cohort";

export type InitRequest = RequestOf<typeof INIT_OPTIONS>;

/** What the options of a cohort, as text, mean. @throws {UsageError} when they make no sense */
export function cohortMethods(options: OptionTexts): CohortMethods {
  const request = requestOf(METHOD_OPTIONS, { values: options, inputs: [] });
  const { device, threads, audit, steps, weight, samples, model } = request;
  const variants = variantsOf(withTuned(request.method, request.settings), {
    ...{ steps, weight, samples, model },
  });
  const fileRequest = (own: OptionTexts) => {
    const found = requestOf(METHOD_OPTIONS, { values: { ...options, ...own }, inputs: [] });
    checkInput(found);
    return found;
  };
  fileRequest({});
  return {
    names: variants.map(({ name }) => name),
    device,
    threads,
    async open(runtime, { path, options: own }) {
      const found = fileRequest(own);
      const file = await openInput(runtime, found, path);
      const [first = 0, end = file.slices] = found.slices ?? [];
      return { file, slices: [first, end], [Symbol.dispose]: () => file[Symbol.dispose]() };
    },
    options({ options: own }, index) {
      const { method, options: asked } = variants[index];
      const found = fileRequest(own);
      const { settings: _tuned, slices: _slices, ...shared } = found;
      const texts = { ...requestOf(RECON_OPTIONS, { values: {}, inputs: [] }), ...shared };
      return {
        ...methodRequest({ ...texts, method: method.name }),
        ...asked,
        mask: found.mask,
        audit: audit && method.needsMaps ? "prediction" : "consistency",
      };
    },
  };
}
