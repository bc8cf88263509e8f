/** What the page has in the place of modules of the library gives the same. */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import * as atomic from "../../src/io/atomic.ts";
import * as nodeHost from "../../src/host.ts";
import * as nodeHdf5 from "../../src/io/hdf5/build.ts";
import * as nodeRuntime from "../../src/graph/runtime/onnxruntime.ts";
import * as webAtomic from "../../src/web/host/atomic.ts";
import * as webHost from "../../src/web/host/host.ts";
import type * as webHdf5 from "../../src/web/host/hdf5.ts";
import * as webRuntime from "../../src/web/host/onnxruntime.ts";
import { ROOT } from "../tools.ts";

/** Imports and exports of a module; those of types alone are named. */
const IMPORTS =
  /(?:import|export)\s+(type\s+)?(?:[\w*{][^;]*?\sfrom\s+)?"([^"]+)"|import\(()?"([^"]+)"\)/g;

/** Does not compile where the page lacks a name, or has it with another type. */
const HOST: typeof nodeHost = webHost;
const RUNTIME: typeof nodeRuntime = webRuntime;
type Hdf5 = typeof webHdf5 extends typeof nodeHdf5 ? true : never;
const _hdf5: Hdf5 = true;
const WRITE: Pick<typeof atomic, "writeFileWhole"> = webAtomic;

Deno.test("the page's host has every name of the library's", () => {
  assert.deepEqual(
    Object.keys(nodeHost).filter((name) => !(name in HOST)),
    [],
  );
  assert.deepEqual(Object.keys(nodeRuntime).filter((name) => !(name in RUNTIME)), []);
});

Deno.test("SHA-256 and gzip of the page are those of the library", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * i) % 251);
  const hash = (host: typeof nodeHost) => host.sha256().update(bytes).update("Larmor").digest();
  assert.equal(hash(HOST), hash(nodeHost));
  const packed = nodeHost.gzip(bytes);
  assert.deepEqual(HOST.gunzip(packed, { limit: bytes.length }), bytes);
  assert.deepEqual(nodeHost.gunzip(HOST.gzip(bytes)), bytes);
  for (const host of [HOST, nodeHost]) {
    assert.throws(() => host.gunzip(packed, { limit: 1000 }), RangeError);
    assert.throws(() => host.gunzip(packed.subarray(0, 900)));
    const start = host.gunzip(packed.subarray(0, 900), { partial: true });
    assert.ok(start.length > 100);
    assert.deepEqual(start, bytes.slice(0, start.length));
  }
});

Deno.test("files that the page is given have the paths of a disk", async () => {
  await WRITE.writeFileWhole("models/prior/model.yaml", new Uint8Array(5));
  webHost.giveFile("scan.h5", new Blob(["abc"]));
  assert.deepEqual(HOST.pathFacts("scan.h5"), { kind: "file", size: 3 });
  assert.deepEqual(HOST.pathFacts("models/prior"), { kind: "folder", size: 0 });
  assert.throws(() => HOST.pathFacts("other.h5"), /no such file/);
  assert.deepEqual(await HOST.foldersIn("models"), ["prior"]);
  assert.equal(HOST.fileInside("models/prior", "model.yaml"), "models/prior/model.yaml");
  assert.equal(HOST.fileInside("models/prior", "../../scan.h5"), undefined);
  assert.equal(HOST.absolutePath("//scan.h5"), HOST.absolutePath("scan.h5"));
  assert.deepEqual([...await HOST.readBytes("scan.h5")], [97, 98, 99]);
  await HOST.remove("models");
  assert.equal(await HOST.isThere("models"), false);
});

/** Modules that the page has others for. */
const REPLACED = ["src/host.ts", "src/io/atomic.ts", "src/io/hdf5/build.ts"].concat(
  "src/graph/runtime/onnxruntime.ts",
);

Deno.test("nothing that the page's worker reaches needs a module of Node", async () => {
  const seen = new Set<string>();
  const open = ["src/web/work/main.ts", "src/io/hdf5/worker.ts"].map((path) => join(ROOT, path));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (seen.has(path) || REPLACED.includes(relative(ROOT, path))) continue;
    seen.add(path);
    const text = await Deno.readTextFile(path);
    for (const [, type, named, , loaded] of text.matchAll(IMPORTS)) {
      if (type !== undefined) continue;
      const specifier = named ?? loaded;
      assert.doesNotMatch(specifier, /^node:/, `${relative(ROOT, path)}: take it from src/host.ts`);
      if (specifier.startsWith(".")) open.push(join(dirname(path), specifier));
    }
  }
  assert.ok(seen.size > 100, `${seen.size} modules`);
});
