/** The recipes that clients of the server may ask for: a folder of YAML files, read at the start. @module */
import { join, parse } from "node:path";
import { InputError, LarmorError, UsageError } from "../../errors.ts";
import { quoted } from "../../quoted.ts";
import { chosenMethod } from "../../recon/methods.ts";
import { MOST } from "../../serve/client_bounds.ts";
import { type OutputOptions, PLAIN_OUTPUT } from "../../serve/types.ts";
import type { RecipeBook, RecipeOptions } from "../../serve/types.ts";
import { readConfig } from "./config.ts";
import { checkRecon, methodRequest, RECON_OPTIONS, type ReconRequest } from "./recon.ts";
import { option, requestOf, type Written } from "./table.ts";
import { number, oneOf } from "./values.ts";

const { method, steps, weight, set, samples, calibration, compress, seed, model, maps } =
  RECON_OPTIONS;
const sign = RECON_OPTIONS["fourier-sign"];

const whole = (min: number, max: number) => number({ integer: true, min, max });

/**
 * What a client may change, and the bounds of its numbers: no option that names a file, none whose
 * work or memory has no bound.
 */
const CLIENT_OPTIONS = {
  method,
  steps: { ...steps, parse: whole(1, MOST.steps) },
  weight: { ...weight, parse: number({ min: 0.001, max: MOST.weight }) },
  samples: { ...samples, parse: whole(1, MOST.samples) },
  calibration,
  "map-sets": RECON_OPTIONS["map-sets"],
  compress: { ...compress, parse: whole(1, MOST.compress) },
  seed: { ...seed, parse: whole(0, 2 ** 32 - 1) },
  "fourier-sign": sign,
};

/** Names of options that clients may change. */
export const CLIENT_OPTION_NAMES = Object.keys(CLIENT_OPTIONS) as (keyof typeof CLIENT_OPTIONS)[];

/** How images go back: keys of recipes that `recon` does not have. */
const OUTPUT_OPTIONS = {
  pixels: option("NAME", "pixels of the images", oneOf(["float32", "int16"]), PLAIN_OUTPUT.pixels),
  header: option("NAME", "header of the images", oneOf(["plain", "copied"]), PLAIN_OUTPUT.header),
  images: option(
    "NAME",
    "images that come in",
    oneOf(["dropped", "returned"]),
    PLAIN_OUTPUT.images,
  ),
};

/** Options of `recon` that a recipe may have. */
const RECIPE_OPTIONS = {
  ...{ method, steps, weight, set, samples, calibration, compress, seed, model, maps },
  "fourier-sign": sign,
  "error-bars": { summary: RECON_OPTIONS["error-bars"].summary },
  added: RECON_OPTIONS.added,
  ...OUTPUT_OPTIONS,
};

type RecipeValues = Written["values"];

/** The recipe that takes the data and sends nothing back. */
const NOTHING = "null";
/** Its other name, which python-ismrmrd-server gives it. */
const SAVE_ONLY = "savedataonly";
/** What hosts send for a parameter that is to stay as the recipe has it. */
const UNSET = ["", "recipe", "None"];
/** Options whose 0 means the same, as a host's field for numbers cannot be empty. */
const UNSET_BY_0 = ["steps", "samples", "compress"];
/** The recipe for clients that name none; some clients send this name then. */
const DEFAULT = "default";
/** Endings of the names that clients send, which do not belong to the recipe's name. */
const ENDINGS = /\.(xml|ya?ml|json|py)$/i;
/** Names that lead out of a folder, or that no recipe has. */
const SUSPICIOUS = /[/\\\p{Cc}]|^\./u;

/**
 * Reads all recipes. A client that names an unknown one is refused where there is a folder, and
 * gets the default recipe where there is none.
 * @param sources the file of the default recipe, a folder of further recipes, `NAME.yaml`, and what
 *   clients may change (default: all that {@link CLIENT_OPTION_NAMES} has)
 */
export async function readRecipes(
  { config, recipes, allow = CLIENT_OPTION_NAMES }: {
    readonly config?: string;
    readonly recipes?: string;
    readonly allow?: readonly string[];
  },
): Promise<RecipeBook> {
  const book = new Map<string, RecipeValues>();
  book.set(DEFAULT, config === undefined ? {} : await readRecipe(config));
  for (const path of recipes === undefined ? [] : await yamlFiles(recipes)) {
    const { name } = parse(path);
    if (name === NOTHING || name === SAVE_ONLY) {
      throw new UsageError(`Cannot read the recipe ${path}: the name '${name}' is taken`);
    }
    book.set(name, await readRecipe(path));
  }
  const find = (written: string): string => {
    if (SUSPICIOUS.test(written) && !written.startsWith("<")) {
      throw new InputError("Cannot find the recipe: a name without slashes is required");
    }
    const names = [...book.keys(), NOTHING, SAVE_ONLY];
    const known = [written, written.replace(ENDINGS, "")].find((name) => names.includes(name));
    if (known !== undefined || recipes === undefined) return known ?? DEFAULT;
    throw new InputError(
      `Cannot find the recipe '${quoted(written)}': one of ${names.join(", ")} is required`,
    );
  };
  return {
    choose(written, changes) {
      const name = written === undefined ? DEFAULT : find(written);
      const isOpen = (key: string) => allow.includes(key) && Object.hasOwn(CLIENT_OPTIONS, key);
      const set = Object.entries(changes).filter(([key, value]) =>
        !UNSET.includes(value) && !(value === "0" && UNSET_BY_0.includes(key))
      );
      const ignored = set.map(([key]) => key).filter((key) => !isOpen(key));
      if (name === NOTHING || name === SAVE_ONLY) {
        return { name, options: null, output: PLAIN_OUTPUT, ignored };
      }
      const open = Object.fromEntries(set.filter(([key]) => isOpen(key)));
      requestOf(CLIENT_OPTIONS, { values: open, inputs: [] }); // checks the bounds
      const values = { ...book.get(name), ...open };
      const { steps, ...options } = recipeOptions(values), output = outputOptions(values);
      // An operator's form sends steps whatever the method.
      if (open.steps === undefined || !chosenMethod(options.method).fixedSteps) {
        return { name, options: { ...options, steps }, output, ignored };
      }
      return { name, options, output, ignored: [...ignored, "steps"] };
    },
  };
}

async function readRecipe(path: string): Promise<RecipeValues> {
  const { values, inputs } = await readConfig(path, RECIPE_OPTIONS);
  if (inputs.length > 0) {
    throw new UsageError(`Cannot read the recipe ${path}: 'input' has no place in a recipe`);
  }
  try {
    recipeOptions(values);
    outputOptions(values);
  } catch (error) {
    if (!(error instanceof LarmorError)) throw error;
    throw new UsageError(`Cannot read the recipe ${path}: ${error.message}`, { cause: error });
  }
  return values;
}

async function yamlFiles(folder: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for await (const { name, isFile } of Deno.readDir(folder)) {
      if (isFile && /\.ya?ml$/i.test(name)) names.push(join(folder, name));
    }
    return names.sort();
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new InputError(`Cannot read the folder of recipes ${folder}: ${reason}`, { cause });
  }
}

function recipeOptions(values: RecipeValues): RecipeOptions {
  return streamRequest(checkRecon(requestOf(RECON_OPTIONS, { values, inputs: [] })));
}

/** What a stream takes of a command line. */
export function streamRequest(request: ReconRequest): RecipeOptions {
  return { ...methodRequest(request), fourierSign: request.fourierSign };
}

function outputOptions(values: RecipeValues): OutputOptions {
  const { pixels, header, images } = requestOf(OUTPUT_OPTIONS, { values, inputs: [] });
  return { pixels, header, images };
}

export function fixedRecipe(
  options: RecipeOptions,
  output: OutputOptions = PLAIN_OUTPUT,
): RecipeBook {
  return { choose: () => ({ name: "of the command line", options, output, ignored: [] }) };
}
