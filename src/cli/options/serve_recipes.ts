/** The recipes that clients of the server may ask for: a folder of YAML files, read at the start. @module */
import { join, parse } from "node:path";
import { InputError, LarmorError, UsageError } from "../../errors.ts";
import type { RecipeBook, RecipeOptions } from "../../serve/types.ts";
import { readConfig } from "./config.ts";
import { checkRecon, methodRequest, RECON_OPTIONS, type ReconRequest } from "./recon.ts";
import { requestOf, type Written } from "./table.ts";

const { method, steps, weight, set, samples, calibration, compress, seed, model, maps } =
  RECON_OPTIONS;
const sign = RECON_OPTIONS["fourier-sign"];

/** Options of `recon` that a client may change: none of them names a file. */
const OPEN_OPTIONS = {
  method,
  steps,
  weight,
  set,
  samples,
  calibration,
  compress,
  seed,
  "fourier-sign": sign,
};

type RecipeValues = Written["values"];

/** The recipe that takes the data and sends nothing back. */
const NOTHING = "null";
/** The recipe for clients that name none; some clients send this name then. */
const DEFAULT = "default";
/** Endings of the names that clients send, which do not belong to the recipe's name. */
const ENDINGS = /\.(xml|ya?ml|json|py)$/i;
/** Names that lead out of a folder, or that no recipe has. */
const SUSPICIOUS = /[/\\\p{Cc}]|^\./u;

/**
 * Reads all recipes. A client that names an unknown one is refused where there is a folder, and
 * gets the default recipe where there is none.
 * @param sources the file of the default recipe, and a folder of further recipes, `NAME.yaml`
 */
export async function readRecipes(
  { config, recipes }: { readonly config?: string; readonly recipes?: string },
): Promise<RecipeBook> {
  const book = new Map<string, RecipeValues>();
  book.set(DEFAULT, config === undefined ? {} : await readRecipe(config));
  for (const path of recipes === undefined ? [] : await yamlFiles(recipes)) {
    const { name } = parse(path);
    if (name === NOTHING) {
      throw new UsageError(`Cannot read the recipe ${path}: the name '${NOTHING}' is taken`);
    }
    book.set(name, await readRecipe(path));
  }
  const find = (written: string): string => {
    if (SUSPICIOUS.test(written)) {
      throw new InputError("Cannot find the recipe: a name without slashes is required");
    }
    const names = [...book.keys(), NOTHING];
    const known = [written, written.replace(ENDINGS, "")].find((name) => names.includes(name));
    if (known !== undefined || recipes === undefined) return known ?? DEFAULT;
    throw new InputError(
      `Cannot find the recipe '${written.slice(0, 100)}': one of ${names.join(", ")} is required`,
    );
  };
  return {
    choose(written, changes) {
      const name = written === undefined ? DEFAULT : find(written);
      const open = Object.entries(changes).filter(([key]) => Object.hasOwn(OPEN_OPTIONS, key));
      const ignored = Object.keys(changes).filter((key) => !Object.hasOwn(OPEN_OPTIONS, key));
      if (name === NOTHING) return { name, options: null, ignored };
      const values = { ...book.get(name), ...Object.fromEntries(open) };
      return { name, options: recipeOptions(values), ignored };
    },
  };
}

async function readRecipe(path: string): Promise<RecipeValues> {
  const { values, inputs } = await readConfig(path, { ...OPEN_OPTIONS, model, maps });
  if (inputs.length > 0) {
    throw new UsageError(`Cannot read the recipe ${path}: 'input' has no place in a recipe`);
  }
  try {
    recipeOptions(values);
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

export function fixedRecipe(options: RecipeOptions): RecipeBook {
  return { choose: () => ({ name: "of the command line", options, ignored: [] }) };
}
