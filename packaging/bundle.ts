/**
 * Packs everything for a machine without network into one file: Deno, Larmor with its models, and the
 * packages from npm, for the system that this runs on.
 *
 *     deno task bundle [FOLDER]      # default: bundle/; leaves FOLDER/larmor-VERSION-SYSTEM.tar.gz
 *
 * On the other machine: `tar xzf larmor-....tar.gz`, then `larmor-.../larmor recon scan.h5`.
 * @module
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import project from "../deno.json" with { type: "json" };
import { currentCommit } from "../src/provenance.ts";
import { NOT_SHIPPED } from "./shipped.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
/** What a bundle has of the repository. */
const SHIPPED = ["src", "models", "docs", "mod.ts", "README.md", "CHANGELOG.md", "LICENSE"];
/** Imports of the import map that the program does without. */
const PACKAGE = /^npm:(@?[^@]+)@/;

/** Finds its own folder, also where it is called by a link. */
const PROGRAM = `#!/bin/sh
# Larmor, with the Deno and the packages of this folder.
here=$(dirname "$(readlink -f "$0")")
export DENO_NO_UPDATE_CHECK=1
exec "$here/deno" run --quiet --no-prompt --cached-only --config "$here/deno.json" \\
  --allow-read --allow-env --allow-run "$here/src/cli/launch.ts" "$@"
`;

const call = promisify(execFile);

/** Copies what git knows of the parts that are shipped. */
async function copySources(folder: string): Promise<void> {
  const { stdout } = await call("git", ["-C", ROOT, "ls-files", "-z", ...SHIPPED]).catch(
    (cause) => {
      throw new Error("Cannot pack Larmor: a checkout and git are required", { cause });
    },
  );
  for (const path of stdout.split("\0").filter((path) => path !== "")) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(ROOT, path), join(folder, path));
  }
}

/** The import map without what is not shipped, and the packages beside it. */
async function installPackages(folder: string): Promise<void> {
  const imports = Object.entries<string>(project.imports)
    .filter(([, specifier]) => !NOT_SHIPPED.includes(PACKAGE.exec(specifier)![1]));
  const { name, version, exports, compilerOptions } = project;
  const shipped = {
    ...{ name, version, exports, compilerOptions, nodeModulesDir: "manual" },
    imports: Object.fromEntries(imports),
  };
  await writeFile(join(folder, "deno.json"), `${JSON.stringify(shipped, undefined, 2)}\n`);
  await cp(join(ROOT, "deno.lock"), join(folder, "deno.lock"));
  await call(process.execPath, ["install", "--quiet", "--node-modules-dir=auto"], { cwd: folder });
  await removeOtherSystems(folder);
}

/** onnxruntime comes with libraries for all systems; those of this one stay. */
async function removeOtherSystems(folder: string): Promise<void> {
  const packages = join(folder, "node_modules", ".deno");
  for (const name of await readdir(packages)) {
    if (!name.startsWith("onnxruntime-node@")) continue;
    const binaries = join(packages, name, "node_modules", "onnxruntime-node", "bin");
    for (const api of await readdir(binaries)) {
      for (const system of await readdir(join(binaries, api))) {
        for (const processor of await readdir(join(binaries, api, system))) {
          const isOurs = system === process.platform && processor === process.arch;
          if (!isOurs) await rm(join(binaries, api, system, processor), { recursive: true });
        }
      }
    }
  }
}

/** Packs into a folder and gives the path of the file. */
async function pack(folder: string): Promise<string> {
  const name = `larmor-${project.version}-${process.platform}-${process.arch}`;
  const content = join(folder, name), packed = `${content}.tar.gz`;
  await rm(content, { recursive: true, force: true });
  await mkdir(content, { recursive: true });
  await copySources(content);
  await installPackages(content);
  await cp(process.execPath, join(content, "deno"));
  await writeFile(join(content, "larmor"), PROGRAM);
  // What tells the commit to the reports; see `currentCommit`.
  const gitHead = await currentCommit();
  await writeFile(join(content, "package.json"), `${JSON.stringify({ gitHead })}\n`);
  for (const program of ["deno", "larmor"]) await chmod(join(content, program), 0o755);
  // The cache of npm may be this user's alone; a bundle is often unpacked for all.
  await call("chmod", ["-R", "a+rX", content]);
  await call("tar", ["-C", folder, "-czf", packed, name], { env: { ...process.env, GZIP: "-1" } });
  await rm(content, { recursive: true });
  return packed;
}

if (import.meta.main) {
  const packed = await pack(process.argv[2] ?? join(ROOT, "bundle"));
  const { size } = await stat(packed);
  process.stdout.write(`${packed} (${Math.round(size / 1e6)} MB)\n`);
}
