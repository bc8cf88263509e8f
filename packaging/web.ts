/**
 * Builds the page that reconstructs in the browser: a folder of static files.
 *
 *     deno task web [FOLDER]      # default: web/
 *
 * The page's worker is the library itself: an import map puts `src/web/host/` in the place of what
 * the library needs of Deno.
 * @module
 */
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import project from "../deno.json" with { type: "json" };
import { classicalMethods } from "../src/classical/mod.ts";
import type { Method } from "../src/method/problem.ts";
import { parseModelYaml } from "../src/nn/model_yaml.ts";
import { currentCommit } from "../src/provenance.ts";
import { EXAMPLE_MASK } from "../src/recon/example.ts";
import { DEFAULT_METHOD } from "../src/recon/methods.ts";
import { samplerMethods } from "../src/samplers/mod.ts";
import { unrolledMethods } from "../src/unrolled/mod.ts";
import { VERSION } from "../src/version.ts";
import type { Catalog, MethodEntry, ModelEntry } from "../src/web/messages.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** What the page has in the place of modules of the library. */
const REPLACED: Readonly<Record<string, string>> = {
  "src/host.ts": "src/web/host/host.ts",
  "src/io/atomic.ts": "src/web/host/atomic.ts",
  "src/io/hdf5/build.ts": "src/web/host/hdf5.ts",
  "src/graph/runtime/onnxruntime.ts": "src/web/host/onnxruntime.ts",
};

/** Scripts of the page, by their names in the folder: the page, its worker, and workers of that. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "page.js": "src/web/page/main.ts",
  "worker.js": "src/web/work/main.ts",
  "hdf5_worker.js": "src/io/hdf5/worker.ts",
  "column_basis_worker.js": "src/mri/physics/column_basis_worker.ts",
};

/** How the library names its workers, and what they are called in the folder. */
const WORKERS: readonly (readonly [RegExp, string])[] = [
  [/new URL\("\.\/worker\.ts",\s*import\.meta\.url\)/g, "hdf5_worker.js"],
  [/new URL\("\.\/column_basis_worker\.ts",\s*import\.meta\.url\)/g, "column_basis_worker.js"],
];

/** onnxruntime-web: the CPU alone, and with WebGPU. */
const ONNXRUNTIME = [
  ...["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"],
  ...["ort.webgpu.min.mjs", "ort-wasm-simd-threaded.asyncify.mjs"],
  "ort-wasm-simd-threaded.asyncify.wasm",
];

async function deno(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code === 0) return text(stdout);
  throw new Error(`deno ${args.join(" ")} ended with ${code}\n${text(stderr)}`);
}

/** The import map of the bundle: packages as the project pins them, and what is replaced. */
function importMap(): Record<string, string> {
  const url = (path: string) => new URL(`../${path}`, import.meta.url).href;
  return {
    ...project.imports,
    ...Object.fromEntries(Object.entries(REPLACED).map(([from, to]) => [url(from), url(to)])),
  };
}

/** Bundles the scripts into a folder. */
async function bundle(folder: string): Promise<void> {
  const config = join(folder, "bundle.json");
  await writeFile(
    config,
    JSON.stringify({ nodeModulesDir: "none", lock: false, imports: importMap() }),
  );
  for (const [name, entry] of Object.entries(SCRIPTS)) {
    const path = join(folder, name);
    await deno(
      ...["bundle", "--quiet", "--no-check", "--minify", "--keep-names", "--platform", "browser"],
      ...["--config", config, "--output", path, join(ROOT, entry)],
    );
    let text = await readFile(path, "utf8");
    for (const [pattern, worker] of WORKERS) {
      text = text.replace(pattern, `new URL("./${worker}", import.meta.url)`);
    }
    const missing = /(?:from|import)\s*"(node:[^"]+)"/.exec(text)?.[1];
    if (missing !== undefined) {
      throw new Error(
        `${entry} reaches ${missing}, which a browser lacks: take it from src/host.ts`,
      );
    }
    await writeFile(path, text);
  }
  await rm(config);
}

async function copyOnnxruntime(folder: string): Promise<void> {
  const specifier = project.imports["onnxruntime-web"];
  const { npmPackages } = JSON.parse(await deno("info", "--json", specifier));
  const name = specifier.slice("npm:".length);
  const { localPath } = npmPackages[name];
  await mkdir(join(folder, "onnxruntime"));
  for (const file of ONNXRUNTIME) {
    await copyFile(join(localPath, "dist", file), join(folder, "onnxruntime", file));
  }
}

const ROOMS = {
  classical: classicalMethods,
  samplers: samplerMethods,
  unrolled: unrolledMethods,
} as const;

/** Models that methods take when none is named. */
const DEFAULT_MODELS = new Set(
  Object.values(ROOMS).flat().flatMap(({ defaultModel }) => defaultModel ?? []),
);

/** Copies the models that methods take, and says which there are. */
async function copyModels(folder: string): Promise<ModelEntry[]> {
  const entries: ModelEntry[] = [];
  for (const name of (await readdir(join(ROOT, "models"))).sort()) {
    const from = join(ROOT, "models", name), to = join(folder, "models", name);
    const yaml = await readFile(join(from, "model.yaml"), "utf8").catch(() => undefined);
    if (yaml === undefined || !DEFAULT_MODELS.has(name)) continue;
    const { file, kind } = parseModelYaml(yaml, `${name}/model.yaml`);
    for (const part of ["model.yaml", "card.md", file]) await cp(join(from, part), join(to, part));
    const bytes = (await readFile(join(from, file))).length;
    entries.push({ name, kind, file, bytes });
  }
  return entries;
}

function entry(room: MethodEntry["room"], method: Method): MethodEntry {
  const { name, summary, samples = false, fixedSteps = false, defaultModel } = method;
  return { name, summary, room, samples, fixedSteps, model: defaultModel ?? undefined };
}

/** Builds in a folder, which is emptied before. */
export async function buildPage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const models = await copyModels(folder);
  const catalog: Catalog = {
    version: VERSION,
    commit: await currentCommit() ?? null,
    defaultMethod: DEFAULT_METHOD,
    exampleMask: EXAMPLE_MASK,
    methods: Object.entries(ROOMS).flatMap(([room, methods]) =>
      methods.filter(({ defaultModel }) => defaultModel !== null)
        .map((method) => entry(room as MethodEntry["room"], method))
    ).filter(({ model }) => model === undefined || models.some(({ name }) => name === model)),
    models,
  };
  await writeFile(join(folder, "catalog.json"), JSON.stringify(catalog));
  for (const file of ["index.html", "style.css", "isolation.js"]) {
    await copyFile(join(ROOT, "src/web/page", file), join(folder, file));
  }
  await copyOnnxruntime(folder);
  await bundle(folder);
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(ROOT, "web");
  await buildPage(folder);
  process.stdout.write(`${folder}\n`);
}
