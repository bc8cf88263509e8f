/** What `larmor` lets a command line read and write. */
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { COMMANDS } from "../../src/cli/commands.ts";
import { narrowed } from "../../src/cli/launch_permissions.ts";
import { inFolder } from "../io/support.ts";
import { ROOT, run } from "../tools.ts";
import { writeH5 } from "./support.ts";

/** Paths of a permission. */
function pathsOf(command: string, folder: string, kind: string, ...args: string[]): string[] {
  const flags = narrowed(COMMANDS[command], args, { folder, root: ROOT });
  const flag = flags.find((each) => each.startsWith(`--allow-${kind}`));
  assert.notEqual(flag, `--allow-${kind}`, "everything is allowed");
  return flag?.slice(flag.indexOf("=") + 1).split(",") ?? [];
}

Deno.test("recon may read the folders of what it names, and write beside its output", () =>
  inFolder(async (at) => {
    for (const name of ["data", "maps", "out"]) Deno.mkdirSync(at(name));
    await writeH5(at("data/k.h5"));
    Deno.writeTextFileSync(at("maps/m.cfl"), "");
    Deno.writeTextFileSync(at("c.yaml"), "maps: maps/m\noutput: out/of/it\n");
    const read = (...args: string[]) => pathsOf("recon", at("."), "read", ...args);
    const write = (...args: string[]) => pathsOf("recon", at("."), "write", ...args);
    const found = read("data/k.h5", "--config=c.yaml");
    for (const name of ["data", "maps"]) assert.ok(found.includes(at(name)), name);
    assert.ok(!read("data/k.h5").includes(at(".").replace(/\/$/, "")));
    assert.deepEqual(write("data/k.h5", "--config", "c.yaml"), [at("out/of")]);
    assert.deepEqual(write("data/k.h5"), [at("recon")]);
    assert.deepEqual(write("data/k.h5", "--output", "out/x"), [at("out")]);
    const ffi = pathsOf("recon", at("."), "ffi");
    assert.ok(ffi.length > 0 && ffi.every((path) => path.includes("onnxruntime-node")), `${ffi}`);
  }));

Deno.test("a command that names no output may write nothing, serve only where it saves", () =>
  inFolder((at) => {
    assert.deepEqual(pathsOf("serve", at("."), "write"), []);
    assert.deepEqual(pathsOf("serve", at("."), "write", "--save", "raw"), [at("raw")]);
    assert.deepEqual(pathsOf("train", at("."), "write", "prior"), []);
  }));

Deno.test("compare may run programs only where an option says so, and else reads what it names", () =>
  inFolder(async (at) => {
    for (const name of ["data", "mine", "theirs"]) Deno.mkdirSync(at(name));
    await writeH5(at("data/k.h5"));
    Deno.writeTextFileSync(at("theirs/x.npy"), "");
    Deno.writeTextFileSync(at("peer.yaml"), "peer-command: echo\n");
    const flags = (...args: string[]) =>
      narrowed(COMMANDS.compare, ["data/k.h5", ...args], { folder: at("."), root: ROOT });
    for (
      const args of [["--peer", "bart"], ["--peer-command=x=echo"], ["--config", "peer.yaml"]]
    ) {
      assert.deepEqual(flags(...args), COMMANDS.compare.permissions, `${args}`);
    }
    const named = ["--image", "x=theirs/x.npy", "--methods=sense,dds@mine"];
    assert.ok(!flags(...named).some((flag) => flag.startsWith("--allow-run")));
    const read = pathsOf("compare", at("."), "read", "data/k.h5", ...named);
    for (const name of ["data", "mine", "theirs"]) assert.ok(read.includes(at(name)), name);
    assert.ok(!read.some((path) => at("data").startsWith(`${path}/`)), "not the folder above");
    assert.deepEqual(pathsOf("compare", at("."), "write", "data/k.h5"), [at("compare")]);
  }));

Deno.test("a file that the command line does not name cannot be read, whatever names it within", () =>
  inFolder(async (at) => {
    for (const name of ["data", "other", "run"]) Deno.mkdirSync(at(name));
    await writeH5(at("data/k.h5"));
    await writeH5(at("other/k.h5"));
    const flags = narrowed(COMMANDS.recon, ["../data/k.h5"], { folder: at("run"), root: ROOT });
    const entry = join(ROOT, "src/cli/larmor.ts");
    const start = ["run", "--quiet", "--no-prompt", "--config", join(ROOT, "deno.json"), ...flags];
    const args = ["--method", "rss", "--quiet", "--json"];
    const recon = (input: string) =>
      new Deno.Command(process.execPath, {
        args: [...start, entry, "recon", input, ...args],
        cwd: at("run"),
      }).output();
    assert.equal((await recon("../data/k.h5")).code, 0);
    const { code, stderr } = await recon("../other/k.h5");
    assert.notEqual(code, 0);
    assert.match(new TextDecoder().decode(stderr), /read access/);
  }));

Deno.test("larmor runs commands with the permissions of their command line", () =>
  inFolder(async (at) => {
    const flags = ["--no-prompt", "--allow-read", "--allow-env", "--allow-run"];
    const start = ["run", ...flags, join(ROOT, "src/cli/launch.ts")];
    const larmor = (...args: string[]) =>
      run(process.execPath, [...start, ...args], { cwd: at(".") });
    await larmor("simulate", "--size", "48", "--quiet", "--output", "a,b.h5");
    await larmor("recon", "a,b.h5", "--method", "sense", "--dicom", "--quiet");
    await larmor("recon", "--again", "recon/a,b/recon.json", "--output", "deep/again", "--quiet");
    assert.ok(Deno.statSync(at("deep/again/dicom")).isDirectory);
    await larmor("compare", "a,b.h5", "--methods", "rss,sense", "--mask", "full", "--quiet");
    assert.ok(Deno.statSync(at("compare/a,b/report.html")).isFile);
    await larmor("sample", "--steps", "2", "--count", "1", "--size", "16", "--quiet");
    assert.ok(Deno.statSync(at("sample/prior-brain/sample.json")).isFile);
  }));
