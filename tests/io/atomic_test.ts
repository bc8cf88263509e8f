import assert from "node:assert/strict";
import { createFolderWhole, writeFileWhole } from "../../src/io/atomic.ts";
import { InputError } from "../../src/errors.ts";
import { inFolder, refuses } from "./support.ts";

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("writeFileWhole() replaces a file and leaves nothing else", async () => {
  await inFolder(async (at) => {
    await writeFileWhole(at("a"), Uint8Array.of(1));
    await writeFileWhole(at("a"), Uint8Array.of(2, 3));
    assert.deepEqual([...Deno.readFileSync(at("a"))], [2, 3]);
    assert.deepEqual(names(at("")), ["a"]);
  });
});

Deno.test("writeFileWhole() says why it cannot write, and leaves nothing", async () => {
  await inFolder(async (at) => {
    await refuses(() => writeFileWhole(at("no/a"), new Uint8Array(1)), /Cannot write .*no such/);
    Deno.mkdirSync(at("folder"));
    await refuses(() => writeFileWhole(at("folder"), new Uint8Array(1)), /Cannot write .*folder/);
    assert.deepEqual(names(at("")), ["folder"]);
  });
});

Deno.test("createFolderWhole() shows the folder only when it is complete", async () => {
  await inFolder(async (at) => {
    const result = await createFolderWhole(at("deep/out"), async (folder) => {
      await Deno.writeTextFile(`${folder}/a`, "a");
      await Deno.mkdir(`${folder}/sub`);
      await Deno.writeTextFile(`${folder}/sub/b`, "b");
      assert.throws(() => Deno.statSync(at("deep/out")), Deno.errors.NotFound);
      return 7;
    });
    assert.equal(result, 7);
    assert.deepEqual(names(at("deep")), ["out"]);
    assert.equal(Deno.readTextFileSync(at("deep/out/sub/b")), "b");
  });
});

Deno.test("createFolderWhole() replaces files of an earlier run and keeps the others", async () => {
  await inFolder(async (at) => {
    Deno.mkdirSync(at("out/sub"), { recursive: true });
    for (const name of ["old", "a", "sub/old"]) Deno.writeTextFileSync(at(`out/${name}`), "old");
    await createFolderWhole(at("out"), async (folder) => {
      await Deno.mkdir(`${folder}/sub`);
      for (const name of ["a", "sub/new"]) await Deno.writeTextFile(`${folder}/${name}`, "new");
    });
    assert.deepEqual([names(at("out")), names(at("out/sub"))], [["a", "old", "sub"], [
      "new",
      "old",
    ]]);
    assert.equal(Deno.readTextFileSync(at("out/a")), "new");
    assert.deepEqual(names(at("")), ["out"]);
  });
});

Deno.test("A writer that throws leaves nothing, or the earlier folder as it was", async () => {
  await inFolder(async (at) => {
    const fail = async (folder: string) => {
      await Deno.writeTextFile(`${folder}/a`, "half");
      throw new DOMException("stopped", "AbortError");
    };
    await assert.rejects(createFolderWhole(at("out"), fail), { name: "AbortError" });
    assert.deepEqual(names(at("")), []);
    Deno.mkdirSync(at("out"));
    Deno.writeTextFileSync(at("out/a"), "whole");
    await assert.rejects(createFolderWhole(at("out"), fail), { name: "AbortError" });
    assert.deepEqual(names(at("")), ["out"]);
    assert.equal(Deno.readTextFileSync(at("out/a")), "whole");
  });
});

Deno.test("createFolderWhole() refuses a file in its place before anything is built", async () => {
  await inFolder(async (at) => {
    Deno.writeTextFileSync(at("out"), "");
    let built = false;
    const build = () => Promise.resolve(built = true);
    await refuses(() => createFolderWhole(at("out"), build), /a folder is required, found a file/);
    await assert.rejects(createFolderWhole(at("out/sub"), build), InputError);
    assert.equal(built, false);
  });
});

Deno.test("createFolderWhole() is not stopped by what a killed run left behind", async () => {
  await inFolder(async (at) => {
    Deno.mkdirSync(at(`out.partial-${Deno.pid}`));
    Deno.writeTextFileSync(at(`out.partial-${Deno.pid}/stale`), "");
    await createFolderWhole(at("out"), (folder) => Deno.writeTextFile(`${folder}/a`, ""));
    assert.deepEqual(names(at("out")), ["a"]);
  });
});
