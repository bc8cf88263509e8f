/** What `--save` keeps: everything, whatever becomes of the reconstruction. */
import assert from "node:assert/strict";
import { describe } from "../../src/io/hdf5/dataset.ts";
import { Hdf5File } from "../../src/io/hdf5/library.ts";
import { readText } from "../../src/io/hdf5/values.ts";
import type { MrdMessage } from "../../src/io/mrd/messages.ts";
import { fixedRecipe, readRecipes } from "../../src/cli/options/serve_recipes.ts";
import { MAGNITUDE_IMAGE, type MrdImage } from "../../src/mrd/values.ts";
import { Recorder } from "../../src/serve/recording.ts";
import type { ServerOptions } from "../../src/serve/server.ts";
import { namesIn } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { assertImages, talk, withServer } from "./client.ts";
import { concat, encode, headerXml, LIMITS, SCAN, scanMessages } from "./support.ts";

type Saved = { h5: string[]; mrd: string[]; lines: string[]; texts: string[]; images: number };

/** Sends bytes to a server that saves; gives the names of its files when it has ended. */
async function saving(
  at: (name: string) => string,
  bytes: Uint8Array,
  options: Partial<ServerOptions> = {},
): Promise<Saved> {
  const folder = at(crypto.randomUUID());
  await Deno.mkdir(folder);
  const recorder = new Recorder(folder, LIMITS.message);
  let result: Omit<Saved, "h5" | "mrd"> | undefined;
  await withServer(async ({ port, lines }) => {
    const { texts, images } = await talk(port, bytes, "half");
    result = { lines, texts, images: images.length };
  }, { record: (session, log) => recorder.record(session, log), ...options });
  const names = namesIn(folder).map((name) => `${folder}/${name}`);
  const ending = (end: string) => names.filter((name) => name.endsWith(end));
  return { ...result!, h5: ending(".h5"), mrd: ending(".mrd") };
}

async function acquisitionsIn(path: string): Promise<number> {
  using file = await Hdf5File.open(path, "read", path);
  const name = "dataset/data"; // the header of some cannot be read
  return Number(file.call("describe", (h5, id) => h5.get_dataset_metadata(id, name)).shape![0]);
}

const scan = scanMessages({ seed: 1, slices: 20 });
const LINES = 20 * SCAN.rows;
const header = (change: (xml: string) => string): MrdMessage => ({
  kind: "header",
  text: change(headerXml(SCAN, 20)),
  terminated: true,
});
const [config, xml, ...data] = scan;

Deno.test("every acquisition of a refused session is saved", async () => {
  await inFolder(async (at) => {
    await Deno.mkdir(at("recipes"));
    await Deno.writeTextFile(at("recipes/rss.yaml"), "method: rss\n");
    const recipes = await readRecipes({ recipes: at("recipes") });
    const json = (parameters: object): MrdMessage => ({
      kind: "text",
      text: JSON.stringify({ parameters }),
      terminated: true,
    });
    const local = '<?xml version="1.0"?>\n<gadgetronStreamConfiguration/>';
    const cases: [string, readonly MrdMessage[], RegExp][] = [
      ["recipe", [{ kind: "configFile", text: "grappa.xml" }, xml, ...data], /find the recipe/],
      ["path", [{ kind: "configFile", text: "../x" }, xml, ...data], /find the recipe/],
      [
        "XML configuration",
        [{ kind: "configText", text: local, terminated: true }, xml, ...data],
        /find the recipe/,
      ],
      ["method", [config, xml, json({ method: "grappa" }), ...data], /--method/],
      ["steps", [config, xml, json({ steps: 5e7 }), ...data], /--steps.*at most 1000/],
      ["trajectory", [config, header((x) => x.replace("cartesian", "curly")), ...data], /curly/],
      ["radial", [config, header((x) => x.replace("cartesian", "radial")), ...data], /radial/],
      ["second header", [config, xml, ...data.slice(0, 3), xml, ...data.slice(3)], /second header/],
      ["late configuration", [...scan.slice(0, 5), config, ...scan.slice(5)], /required before/],
    ];
    for (const [name, messages, told] of cases) {
      const { h5, lines, texts, images } = await saving(at, encode(messages), { recipes });
      assert.match(texts.join(""), told, name);
      assert.equal(images, 0, name);
      assert.equal(h5.length, 1, lines.join("\n"));
      assert.equal(await acquisitionsIn(h5[0]), LINES, name);
      assert.equal(Deno.statSync(h5[0]).mode! & 0o777, 0o600);
    }
  });
});

Deno.test("a session that needs too much memory is refused and saved", async () => {
  await inFolder(async (at) => {
    const limits = { ...LIMITS, memoryBytes: 1000 };
    const { h5, texts } = await saving(at, encode(scan), { limits });
    assert.match(texts.join(""), /at most 1000 bytes/);
    assert.equal(await acquisitionsIn(h5[0]), LINES);
  });
});

Deno.test("a refused client is told at once, and hears CLOSE when it has sent everything", async () => {
  await inFolder(async (at) => {
    await Deno.mkdir(at("empty"));
    const recipes = await readRecipes({ recipes: at("empty") });
    const recorder = new Recorder(at("."));
    const record: ServerOptions["record"] = (session, log) => recorder.record(session, log);
    await withServer(async ({ port }) => {
      using conn = await Deno.connect({ port });
      const bytes = encode([{ kind: "configFile", text: "none" }, xml, ...data]);
      await conn.write(bytes.subarray(0, bytes.length - 2));
      const target = new Uint8Array(1 << 16);
      let heard = new TextDecoder().decode(target.subarray(0, await conn.read(target) ?? 0));
      assert.match(heard, /ERR Cannot find the recipe/);
      await conn.write(bytes.subarray(bytes.length - 2));
      let count: number | null;
      while ((count = await conn.read(target)) !== null) {
        heard += String.fromCharCode(...target.subarray(0, count));
      }
      assert.ok(heard.endsWith("\x04\x00"));
    }, { recipes, record });
  });
});

const IMAGE: MrdImage = {
  header: {
    version: 1,
    dataType: 1,
    flags: 0n,
    measurementUid: 0,
    matrixSize: [2, 1, 1],
    fieldOfView: [1, 1, 1],
    channels: 1,
    position: [0, 0, 0],
    readDir: [1, 0, 0],
    phaseDir: [0, 1, 0],
    sliceDir: [0, 0, 1],
    patientTablePosition: [0, 0, 0],
    average: 0,
    slice: 0,
    contrast: 0,
    phase: 0,
    repetition: 0,
    set: 0,
    acquisitionTimeStamp: 0,
    physiologyTimeStamp: [0, 0, 0],
    imageType: MAGNITUDE_IMAGE,
    imageIndex: 1,
    imageSeriesIndex: 1,
    userInt: [],
    userFloat: [],
    attributeStringLength: 0,
  },
  attributes: "",
  data: Uint16Array.of(3, 4),
};

Deno.test("what the ISMRMRD file cannot hold stays in the stream", async () => {
  await inFolder(async (at) => {
    const image: MrdMessage = { kind: "image", image: IMAGE };
    const withImage = encode([config, xml, image, ...data]);
    const beyond = concat([encode(scan), Uint8Array.of(1, 2, 3)]);
    for (
      const [bytes, told] of [[withImage, /does not hold 1 images/], [beyond, /bytes after CLOSE/]]
        .map((each) => each as [Uint8Array, RegExp])
    ) {
      const { h5, mrd, lines } = await saving(at, bytes);
      assert.equal(await acquisitionsIn(h5[0]), LINES);
      assert.deepEqual(Deno.readFileSync(mrd[0]), bytes);
      assert.match(lines.join("\n"), told);
      assert.equal(Deno.statSync(mrd[0]).mode! & 0o777, 0o600);
    }
  });
});

Deno.test("a query leaves no file, data without a header do", async () => {
  await inFolder(async (at) => {
    const query: MrdMessage = { kind: "query", id: 1n, text: "gadgetron::info" };
    const asked = await saving(at, encode([query, { kind: "close" }]));
    assert.deepEqual([asked.h5, asked.mrd], [[], []]);
    const bytes = encode([config, ...data]);
    const { h5, mrd, lines } = await saving(at, bytes);
    assert.deepEqual([h5.length, Deno.readFileSync(mrd[0])], [0, bytes]);
    assert.match(lines.join("\n"), /WRN .*there is no header/);
  });
});

Deno.test("a damaged stream is kept, and the log says loudly after how many acquisitions it is cut", async () => {
  await inFolder(async (at) => {
    const head = encode(scan.slice(0, 12));
    const bytes = concat([head, Uint8Array.of(77, 77), encode(scan.slice(12))]);
    const { h5, mrd, lines } = await saving(at, bytes);
    assert.match(
      lines.join("\n"),
      /WRN .*10 acquisitions in .*h5: the scan is cut off: .*7777|19789/,
    );
    assert.equal(await acquisitionsIn(h5[0]), 10);
    // The server hears it to its end although it cannot be understood.
    assert.deepEqual(Deno.readFileSync(mrd[0]), bytes);
  });
});

Deno.test("configuration and texts are saved beside the data", async () => {
  await inFolder(async (at) => {
    const json = '{"parameters":{"seed":3}}';
    const texts = [json, "hello"].map((text): MrdMessage => ({
      kind: "text",
      text,
      terminated: true,
    }));
    const { h5, mrd } = await saving(at, encode([config, xml, ...texts, ...data]));
    assert.deepEqual(mrd, []);
    using file = await Hdf5File.open(h5[0], "read", h5[0]);
    const read = (name: string) => readText(file, describe(file, `dataset/${name}`)!);
    assert.deepEqual(["config_file", "configAdditional", "texts"].map(read), [
      "default",
      json,
      "hello",
    ]);
  });
});

Deno.test("a full disk is told to the client and in the log, and the images still come", async () => {
  await inFolder(async (at) => {
    const open = Deno.open;
    const space = 4000;
    let left = space;
    Deno.open = async (path, options) => {
      const file = await open(path, options);
      if (!`${path}`.endsWith(".mrd") || !options?.write) return file;
      const write = file.write.bind(file);
      file.write = (bytes) => {
        if (left === 0) return Promise.reject(new Error("No space left on device (os error 28)"));
        const part = bytes.subarray(0, left);
        left -= part.length;
        return write(part);
      };
      return file;
    };
    try {
      const { mrd, lines, texts, images } = await saving(at, encode(scan));
      assert.match(texts.join(""), /ERR Cannot save the raw data: No space left/);
      assert.doesNotMatch(texts.join(""), /\.mrd/);
      assert.match(lines.join("\n"), /ERR .*Cannot save the raw data in .*No space left/);
      assert.match(lines.join("\n"), /WRN .*stay in .* of \d+ bytes could not be saved|cut off/);
      assert.equal(Deno.statSync(mrd[0]).size, space);
      assert.equal(images, 20);
    } finally {
      Deno.open = open;
    }
  });
});

Deno.test("savedataonly saves and sends nothing back; without --save the client is told", async () => {
  await inFolder(async (at) => {
    const recipes = await readRecipes({});
    const bytes = encode([{ kind: "configFile", text: "savedataonly" }, xml, ...data]);
    const { h5, images, texts } = await saving(at, bytes, { recipes });
    assert.deepEqual([await acquisitionsIn(h5[0]), images], [LINES, 0]);
    assert.doesNotMatch(texts.join(""), /WRN/);
    await withServer(async ({ port }) => {
      assert.match((await talk(port, bytes)).texts.join(""), /WRN .*nothing is saved/);
    }, { recipes });
  });
});

Deno.test("no more clients than allowed are served while files are opened slowly", async () => {
  await inFolder(async (at) => {
    const recorder = new Recorder(at("."));
    const record: ServerOptions["record"] = async (session, log) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      return await recorder.record(session, log);
    };
    await withServer(async ({ port }) => {
      const bytes = encode(scanMessages({ seed: 2 }));
      const answers = await Promise.all(Array.from({ length: 4 }, () => talk(port, bytes)));
      const refused = answers.filter(({ texts }) => /at most 1 are possible/.test(texts.join("")));
      assert.equal(refused.length, 3);
      assertImages(answers.find((answer) => !refused.includes(answer))!, 2);
    }, { record, connections: 1, recipes: fixedRecipe({ method: "rss" }) });
  });
});

Deno.test("a server that is ended aborts what takes too long, and converts what was saved", async () => {
  await inFolder(async (at) => {
    const recorder = new Recorder(at("."));
    const record: ServerOptions["record"] = (session, log) => recorder.record(session, log);
    await withServer(async ({ port, lines, stop }) => {
      using conn = await Deno.connect({ port });
      await conn.write(encode(scan.slice(0, 7)));
      while (!lines.some((line) => /Recipe/.test(line))) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      const start = performance.now();
      await stop();
      assert.ok(performance.now() - start < 5000);
      const [file] = namesIn(at("."));
      assert.match(file, /\.h5$/);
      assert.equal(await acquisitionsIn(at(file)), 5);
      assert.match(lines.join("\n"), /WRN .*5 acquisitions in .*No CLOSE came/);
    }, { record, graceSeconds: 0.2 });
  });
});
