import assert from "node:assert/strict";
import { dirname } from "node:path";
import { createFilesWhole, createFolderWhole, writeFileWhole } from "../../src/io/atomic.ts";
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

/** A build that writes these files. */
const writing = (...paths: string[]) => async (folder: string) => {
  for (const path of paths) {
    await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${folder}/${path}`, "new");
  }
};

Deno.test("createFolderWhole() leaves nothing of an earlier run", async () => {
  await inFolder(async (at) => {
    await createFolderWhole(at("out"), writing("old", "a", "sub/old", "sub/deep/old"));
    await createFolderWhole(at("out"), writing("a", "sub/new"));
    assert.deepEqual([names(at("out")), names(at("out/sub"))], [[".larmor", "a", "sub"], ["new"]]);
    assert.deepEqual(names(at("")), ["out"]);
  });
});

Deno.test("createFolderWhole() takes an empty folder and one that a desktop has looked at", async () => {
  await inFolder(async (at) => {
    Deno.mkdirSync(at("out"));
    await createFolderWhole(at("out"), writing("a", "b"));
    Deno.removeSync(at("out/b"));
    Deno.writeTextFileSync(at("out/.DS_Store"), "");
    await createFolderWhole(at("out"), writing("a"));
    assert.deepEqual(names(at("out")), [".larmor", "a"]);
  });
});

Deno.test("createFolderWhole() refuses a folder that holds other files, before and after", async () => {
  await inFolder(async (at) => {
    const add = (name: string) => Deno.writeTextFileSync(at(`out/${name}`), "mine");
    await createFolderWhole(at("out"), writing("a", "dicom/1"));
    let built = false;
    for (const name of ["notes.txt", "dicom/2"]) {
      add(name);
      const build = () => Promise.resolve(built = true);
      await refuses(
        () => createFolderWhole(at("out"), build),
        new RegExp(`required, found other files: ${name}$`),
      );
      Deno.removeSync(at(`out/${name}`));
    }
    assert.equal(built, false);
    const meanwhile = async (folder: string) => {
      await writing("a")(folder);
      add("notes.txt");
    };
    await refuses(() => createFolderWhole(at("out"), meanwhile), /other files: notes.txt$/);
    assert.deepEqual(names(at("out")), [".larmor", "a", "dicom", "notes.txt"]);
    Deno.mkdirSync(at("other"));
    Deno.writeTextFileSync(at("other/.larmor"), "a\n");
    await refuses(() => createFolderWhole(at("other"), build), /other files: .larmor$/);
    function build() {
      return Promise.resolve();
    }
    assert.deepEqual(names(at("")), ["other", "out"]);
  });
});

Deno.test("createFolderWhole() refuses the folder where the process runs, and those around it", async () => {
  for (const folder of [".", "..", "/", Deno.cwd()]) {
    await refuses(() => createFolderWhole(folder, writing("a")), /of its own is required/);
  }
});

Deno.test("Of runs into one folder at the same time one is there as a whole", async () => {
  await inFolder(async (at) => {
    const run = (name: string) => createFolderWhole(at("out"), writing(`${name}1`, `${name}2`));
    await Promise.all([..."abcdef"].map(run));
    const [mark, first, second, ...more] = names(at("out"));
    assert.deepEqual([mark, second, more], [".larmor", `${first[0]}2`, []]);
    assert.deepEqual(names(at("")), ["out"]);
  });
});

Deno.test("createFilesWhole() replaces files of the same names alone", async () => {
  await inFolder(async (at) => {
    for (const name of ["a", "a.hdr", "b"]) Deno.writeTextFileSync(at(name), "old");
    await createFilesWhole(at("a"), writing("a", "a.hdr"));
    const texts = ["a", "a.hdr", "b"].map((name) => Deno.readTextFileSync(at(name)));
    assert.deepEqual([texts, names(at(""))], [["new", "new", "old"], ["a", "a.hdr", "b"]]);
    await refuses(() => createFilesWhole(at("no/a"), writing("a")), /Cannot write .*no such/);
    const fail = () => Promise.reject(new Error("stopped"));
    await assert.rejects(createFilesWhole(at("a"), fail), /stopped/);
    assert.deepEqual(names(at("")), ["a", "a.hdr", "b"]);
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
    await createFolderWhole(at("out"), (folder) => Deno.writeTextFile(`${folder}/a`, "whole"));
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
    assert.deepEqual(names(at("out")), [".larmor", "a"]);
  });
});
