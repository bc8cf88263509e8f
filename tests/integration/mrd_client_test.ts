/** The streaming server and the pipe against clients made of PyPI's `ismrmrd` package. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { taskCommand } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { exists, needsCommand, ROOT, run, testWith } from "../tools.ts";

const PYTHON = join(ROOT, ".venv/bin/python");
const CLIENT = join(ROOT, "tests/integration/mrd_client.py");
const GENERATOR = "ismrmrd_generate_cartesian_shepp_logan";

const missing = needsCommand(GENERATOR) ??
  (exists(PYTHON) ? undefined : ".venv with ismrmrd (python3 -m venv; pip install ismrmrd)");

/** What the client saw; see mrd_client.py. */
interface Seen {
  readonly texts: string[];
  readonly closed: boolean;
  readonly error: string | null;
  readonly images: number[][];
  readonly errors: number[];
  readonly series: number[];
  readonly repetitions: number[];
  readonly fov: number[][];
  readonly metas: Record<string, string | string[]>[];
}

/** Options of mrd_client.py that make a session. */
interface Asked {
  readonly flavour?: "nul" | "plain";
  readonly config: string;
  readonly json?: string;
  readonly waveforms?: boolean;
  readonly half_close?: boolean;
  readonly no_close?: boolean;
}

/** Sessions one after the other. */
async function client(port: string, file: string, sessions: readonly Asked[]): Promise<Seen[]> {
  const args = [CLIENT, "--compare", "--port", port, "--sessions", JSON.stringify(sessions), file];
  return JSON.parse(await run(PYTHON, args));
}

/** Rounding of float32 in the reconstruction, relative to the image. */
const TOLERANCE = 1e-5;

function assertRight(seen: Seen, images: number): void {
  assert.ok(seen.closed && seen.error === null, JSON.stringify(seen));
  assert.equal(seen.errors.length, images, seen.texts.join("\n"));
  seen.errors.forEach((error) => assert.ok(error < TOLERANCE, `an error of ${error}`));
}

/** Runs with `deno task serve` in a process of its own; it is ended by SIGTERM, with code 0. */
async function withTask(args: readonly string[], use: (port: string) => Promise<void>) {
  const child = taskCommand("serve", ["--port", "0", ...args], { stdout: "null" }).spawn();
  let log = "";
  const port = Promise.withResolvers<string>();
  const logged = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      log += text;
      const found = /Listening on 127\.0\.0\.1:(\d+)/.exec(log);
      if (found !== null) port.resolve(found[1]);
    }
    port.reject(new Error(log));
  })();
  try {
    await use(await port.promise);
  } finally {
    child.kill("SIGTERM");
    const { code } = await child.status;
    await logged;
    assert.equal(code, 0, log);
  }
}

testWith(missing, "a client with counted NULs and one without get the right images", async () => {
  await inFolder(async (at) => {
    const size = ["-m", "32", "-c", "4", "-r", "3", "-O", "2"];
    await run(GENERATOR, [...size, "-o", at("scan.h5")]);
    await Deno.mkdir(at("recipes"));
    await Deno.writeTextFile(at("recipes/plain.yaml"), "method: rss\n");
    const options = ["--recipes", at("recipes"), "--save", at("raw"), "--workers", "1"];
    await withTask(options, async (port) => {
      const json = '{"parameters":{"config":"plain","method":"zero-filled","strength":3}}';
      const [nul, plain, changed, ...refused] = await client(port, at("scan.h5"), [
        { flavour: "nul", config: "plain", waveforms: true },
        { flavour: "plain", config: "plain.xml", half_close: true },
        { config: "default", json, no_close: true },
        { config: "../recipes/plain" },
        { config: "nothing" },
        { config: "/etc/passwd" },
      ]);
      assertRight(nul, 3);
      assert.ok(nul.texts.every((text) => text.endsWith("\0")));
      assert.deepEqual(nul.repetitions, [0, 1, 2]);
      assert.deepEqual(nul.fov[0].map(Math.round), [300, 300, 6]);
      assert.equal(nul.metas[0].DataRole, "Image");
      assert.ok(Number(nul.metas[0].WindowWidth) > 0);
      assertRight(plain, 3);
      assert.ok(plain.texts.every((text) => !text.includes("\0")));
      assert.match(changed.texts.join("\n"), /without effect: strength(.|\n)*zero-filled/);
      for (const { images, closed, texts } of refused) {
        assert.deepEqual([images, closed], [[], true]);
        assert.match(texts.join("\n"), /ERR Cannot find the recipe/);
      }
    });
    const kept = [...Deno.readDirSync(at("raw"))].filter(({ name }) => name.endsWith(".h5"));
    assert.ok(kept.length >= 3, "the raw data of the sessions");
  });
});

testWith(missing, "recon --stdin --stdout speaks to PyPI's own serializer", async () => {
  await inFolder(async (at) => {
    await run(GENERATOR, ["-m", "24", "-c", "2", "-r", "2", "-o", at("scan.h5")]);
    await run(PYTHON, [CLIENT, "--write", at("in.mrd"), at("scan.h5")]);
    const args = ["--stdin", "--stdout", "--method", "rss", "--device", "cpu"];
    const child = taskCommand("recon", args, { stdin: "piped" }).spawn();
    const output = child.output();
    const stdin = child.stdin.getWriter();
    await stdin.write(await Deno.readFile(at("in.mrd")));
    await stdin.close();
    const { code, stdout, stderr } = await output;
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    await Deno.writeFile(at("out.mrd"), stdout);
    const read = await run(PYTHON, [CLIENT, "--read", at("out.mrd"), at("scan.h5")]);
    const { kinds, errors } = JSON.parse(read);
    assert.deepEqual(kinds, ["ismrmrdHeader", "Image", "Image"]);
    assert.ok(errors.every((error: number) => error < TOLERANCE), `${errors}`);
  });
});
