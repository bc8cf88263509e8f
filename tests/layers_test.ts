import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { ROOT } from "./tools.ts";

/** The rooms of src/ in the order of DESIGN: a room may import those before it. */
const ORDER = [
  ["graph"],
  ["nn"],
  ["mrd"],
  ["mri"],
  ["method"],
  ["classical", "samplers", "unrolled"],
  ["recon"],
  ["train"],
  ["report", "serve"],
  ["cli"],
];
/** Rooms that read and write files. */
const MAY_IMPORT_IO = ["recon", "train", "report", "serve", "cli"];

/** Which rooms of src/ a room may import. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  ...Object.fromEntries(ORDER.flatMap((rooms, i) =>
    rooms.map((room) => [room, [
      ...ORDER.slice(0, i).flat(),
      ...(MAY_IMPORT_IO.includes(room) ? ["io"] : []),
    ]])
  )),
  // Leaves: values of ISMRMRD, and files.
  mrd: [],
  io: ["mrd"],
};

function* sources(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* sources(path);
    else if (entry.name.endsWith(".ts")) yield path;
  }
}

const SRC = join(ROOT, "src");

/** The room a file belongs to; files at the top of src/ are leaves that all may import. */
const roomOf = (path: string) => {
  const parts = relative(SRC, path).split("/");
  return parts.length > 1 && parts[0] !== ".." ? parts[0] : undefined;
};

const imports = (path: string) =>
  [...Deno.readTextFileSync(path).matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map((m) => m[1]);

Deno.test("imports between the rooms of src/ point one way", () => {
  for (const path of sources(SRC)) {
    const room = roomOf(path);
    for (const specifier of imports(path).filter((s) => s.startsWith("."))) {
      const target = roomOf(join(dirname(path), specifier));
      if (room === undefined || target === undefined || target === room) continue;
      const allowed = MAY_IMPORT[room];
      assert.ok(allowed, `${room} is not a room of DESIGN`);
      assert.ok(
        allowed.includes(target),
        `${relative(ROOT, path)} imports ${specifier}: ${room} may only import ${allowed}`,
      );
    }
  }
});

const ONE_IMPORTER: Record<string, string> = {
  "onnxruntime-node": "src/graph/runtime/session.ts",
  "@bufbuild/protobuf": "src/graph/proto.ts",
  "onnx-buf": "src/graph/proto.ts",
  "h5wasm/node": "src/io/hdf5/library.ts",
  "fast-xml-parser": "src/io/mrd/xml.ts",
};

Deno.test("protobuf, onnxruntime, HDF5 and XML are each imported in exactly one file", () => {
  for (const path of sources(SRC)) {
    for (const specifier of imports(path)) {
      const owner = ONE_IMPORTER[specifier];
      if (owner !== undefined) assert.equal(relative(ROOT, path), owner);
    }
  }
});

Deno.test("only the command line touches Deno.args and Deno.exit", () => {
  for (const path of sources(SRC)) {
    if (roomOf(path) === "cli") continue;
    assert.doesNotMatch(Deno.readTextFileSync(path), /Deno\.(args|exit)/, path);
  }
});
