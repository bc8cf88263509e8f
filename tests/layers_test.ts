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
  ["generators"],
  ["recon"],
  ["train"],
  ["report", "serve", "web"],
  ["cohort"],
  ["cli"],
];
/** Rooms that read and write files. */
const MAY_IMPORT_IO = ["recon", "train", "report", "serve", "web", "cohort", "cli"];

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

/** Libraries that need no file of their own: YAML has two functions, NIfTI's two headers a class each. */
const SEVERAL_IMPORTERS = ["yaml", "nifti-reader-js"];

Deno.test("every other library is imported in one file only", () => {
  const importers = new Map<string, Set<string>>();
  for (const path of sources(SRC)) {
    for (const specifier of imports(path)) {
      if (/^(\.|node:|@larmor\/)/.test(specifier)) continue;
      importers.set(specifier, (importers.get(specifier) ?? new Set()).add(relative(ROOT, path)));
    }
  }
  for (const [specifier, paths] of importers) {
    if (SEVERAL_IMPORTERS.includes(specifier)) continue;
    assert.equal(paths.size, 1, `${specifier}: ${[...paths]}`);
  }
});

/** Rooms of the package, which runs under Node as well, and a file in them that does not. */
const UNDER_NODE = [
  ...["graph", "nn", "mrd", "mri", "method", "classical", "samplers", "unrolled", "generators"],
  ...["recon", "train"],
  "io",
];
const NOT_UNDER_NODE = ["src/recon/bart.ts"];

Deno.test("the rooms of the package do without the Deno namespace", () => {
  for (const path of sources(SRC)) {
    const name = relative(ROOT, path);
    if (!UNDER_NODE.includes(roomOf(path) ?? "graph") || NOT_UNDER_NODE.includes(name)) continue;
    const code = Deno.readTextFileSync(path).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\bDeno\./, name);
  }
});

Deno.test("only the command line touches Deno.args and Deno.exit", () => {
  for (const path of sources(SRC)) {
    if (roomOf(path) === "cli") continue;
    assert.doesNotMatch(Deno.readTextFileSync(path), /Deno\.(args|exit)/, path);
  }
});

/** Lines that a file of src/ should not exceed. */
const MAX_LINES = 300;
/** Files that are longer, and why. */
const LONGER: Record<string, string> = {};

Deno.test(`no file of src/ is longer than ${MAX_LINES} lines without a reason`, () => {
  for (const path of sources(SRC)) {
    const name = relative(ROOT, path);
    const lines = Deno.readTextFileSync(path).split("\n").length - 1;
    assert.ok(lines <= MAX_LINES || name in LONGER, `${name} has ${lines} lines`);
  }
});
