/**
 * Builds the npm package from the exports of deno.json: ES modules and type declarations, checked
 * against the library of Node 20.
 *
 *     deno task package [FOLDER]      # default: npm/; leaves FOLDER/larmor-larmor-VERSION.tgz
 *
 * The folder keeps the layout of the repository, so models/ lies where the code looks for it.
 * @module
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { currentCommit } from "../src/provenance.ts";
import project from "../deno.json" with { type: "json" };
import { NOT_SHIPPED } from "./shipped.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** Workers are started by their URL, so no export reaches them. */
const WORKERS = /_worker\.ts$|\/worker\.ts$/;
/** Rooms that run under Deno alone: the command line, and what only it reaches. */
const DENO_ONLY = ["cli", "cohort", "serve", "report"];
/** The command line: `launch` runs under Node and starts `larmor` under Deno. */
const PROGRAMS = ["cli/launch.ts", "cli/larmor.ts", "report/page/client/main.ts"];
/** What the compiler needs and the package does not. */
const BUILD_TOOLS = ["typescript@6.0.3", "@types/node@20"];
/** What the default method needs. The other models are in the repository. */
const MODELS = ["prior-brain"];

/** Name and version of each package of the import map. */
const packages = Object.entries(project.imports).map(([alias, specifier]) => {
  const [, name, version] = /^npm:(@?[^@]+)@([^/]+)/.exec(specifier)!;
  return { alias, name, version };
}).filter(({ name }) => !NOT_SHIPPED.includes(name));
const isTypes = ({ name }: { name: string }) => name.startsWith("@types/");

const versions = (chosen: typeof packages) =>
  Object.fromEntries(chosen.map(({ name, version }) => [name, version]));

/** Paths in the package, without extension, of the exports. */
const entries = Object.entries(project.exports).map(([name, path]) =>
  [name, path.replace(/\.ts$/, "")] as const
);

const manifest = {
  name: project.name,
  version: project.version,
  description: "MRI reconstruction in ONNX graphs: classical, unrolled and by posterior sampling",
  license: project.license,
  type: "module",
  engines: { node: ">=20" },
  exports: Object.fromEntries(
    entries.map(([name, path]) => [name, { types: `${path}.d.ts`, default: `${path}.js` }]),
  ),
  gitHead: await currentCommit(),
  bin: { larmor: "src/cli/launch.js" },
  files: [
    ...["mod.js", "mod.d.ts", "src/**/*.js", "src/**/*.d.ts", "src/**/*.css"],
    ...["models", "CHANGELOG.md"],
  ],
  dependencies: versions(packages.filter((dependency) => !isTypes(dependency))),
  // The command line needs Deno, the library does not.
  peerDependencies: { deno: ">=2.9" },
  peerDependenciesMeta: { deno: { optional: true } },
};

const compilerOptions = {
  target: "es2022",
  lib: ["es2023", "esnext.disposable"],
  types: ["node"],
  module: "nodenext",
  strict: true,
  skipLibCheck: true,
  noEmitOnError: true,
  declaration: true,
  rewriteRelativeImportExtensions: true,
  rootDir: "source",
  outDir: ".",
};

async function run(folder: string, command: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: folder }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code === 0) return text(stdout);
  throw new Error(
    `${command} ${args.join(" ")} ended with ${code}\n${text(stdout)}${text(stderr)}`,
  );
}

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) =>
    join(parentPath, name)
  );
}

/** Declarations that neither TypeScript's library for Node nor the packages have. */
const DECLARATIONS = `declare module "dcmjs";
declare namespace WebAssembly {
  class RuntimeError extends Error {}
}
`;

/** Copies the sources, and says what is to be compiled: the library, and what runs under Deno. */
async function copySources(folder: string) {
  const source = join(folder, "source");
  const isDenoOnly = (path: string) => DENO_ONLY.includes(path.split("/src/")[1]?.split("/")[0]);
  await cp(join(ROOT, "src"), join(source, "src"), { recursive: true });
  await rm(join(source, "src", "web"), { recursive: true });
  await cp(join(ROOT, "mod.ts"), join(source, "mod.ts"));
  await writeFile(join(source, "missing.d.ts"), DECLARATIONS);
  const workers = (await filesIn(source)).filter((path) => WORKERS.test(path));
  const library = [
    "source/missing.d.ts",
    ...entries.map(([, path]) => `source/${path.slice(2)}.ts`),
    ...workers.filter((path) => !isDenoOnly(path)),
  ];
  const programs = PROGRAMS.map((path) => `source/src/${path}`);
  return { library, programs: [...programs, ...workers.filter(isDenoOnly)] };
}

/** Builds in a folder, which is emptied before, and gives the path of the tarball. */
async function build(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { library, programs } = await copySources(folder);
  const write = (name: string, content: object) =>
    writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`);
  await write("package.json", manifest);
  await write("tsconfig.json", { compilerOptions, files: library });
  // Deno's types are not among those of Node; `deno task check` has checked these files.
  const unchecked = { ...compilerOptions, noCheck: true, declaration: false };
  await write("tsconfig.programs.json", { compilerOptions: unchecked, files: programs });
  const types = packages.filter(isTypes).map(({ name, version }) => `${name}@${version}`);
  await run(
    folder,
    "npm",
    ...["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"],
    ...BUILD_TOOLS,
    ...types,
  );
  await run(folder, "npx", "tsc", "--project", "tsconfig.programs.json");
  await run(folder, "npx", "tsc", "--project", "tsconfig.json");
  const styles = "src/report/page/style.css";
  await cp(join(ROOT, styles), join(folder, styles));
  for (const path of await filesIn(join(folder, "src"))) {
    if (!path.endsWith(".js")) continue;
    const text = await readFile(path, "utf8");
    await writeFile(
      path,
      text.replace(/(new URL\("\.[^"]*)\.ts", import\.meta/g, '$1.js", import.meta'),
    );
  }
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md"]) {
    await cp(join(ROOT, name), join(folder, name));
  }
  for (const name of MODELS) {
    await cp(join(ROOT, "models", name), join(folder, "models", name), { recursive: true });
  }
  const [{ filename }] = JSON.parse(await run(folder, "npm", "pack", "--json"));
  return join(folder, filename);
}

if (import.meta.main) {
  process.stdout.write(`${await build(process.argv[2] ?? join(ROOT, "npm"))}\n`);
}
