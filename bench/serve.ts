/**
 * Throughput of the streaming server with a recipe that does nothing, beside what the client reaches
 * when its bytes are read and dropped, in one run:
 *
 *     deno run --allow-all bench/serve.ts [--megabytes N] [--repeats N] [--python PYTHON]
 *
 * Two clients: one that has its bytes ready and only writes, and the one of the tests, on PyPI's
 * `ismrmrd` (PYTHON needs it, and Debian's ismrmrd-tools make its file); the second is left out where
 * it is absent.
 */
import { benchOptions } from "./options.ts";
import { DEFAULT_MESSAGE_LIMITS, encodeMessage } from "../src/io/mrd/messages.ts";
import { serve } from "../src/serve/server.ts";
import { PLAIN_OUTPUT } from "../src/serve/types.ts";
import { exists, ROOT, run } from "../tests/tools.ts";
import { headerXml, readAnswer, sliceAcquisitions, someImages } from "../tests/serve/support.ts";
import { median } from "./table.ts";

const options = benchOptions(import.meta.url, {
  megabytes: { type: "string", default: "512" },
  repeats: { type: "string", default: "3" },
  python: { type: "string", default: `${ROOT}/.venv/bin/python` },
});
const repeats = Number(options.repeats);
const COILS = [1, 8, 32];
const COLUMNS = 256;

/** A server that answers nothing at all. */
function sink(): { port: number; close(): void } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  (async () => {
    for await (const conn of listener) {
      const buffer = new Uint8Array(1 << 18);
      while (await conn.read(buffer) !== null);
      conn.close();
    }
  })();
  return { port: listener.addr.port, close: () => listener.close() };
}

/** The server with the recipe that does nothing. */
async function nothing(): Promise<{ port: number; close(): void }> {
  const controller = new AbortController();
  const listening = Promise.withResolvers<number>();
  serve({
    host: "127.0.0.1",
    port: 0,
    connections: 2,
    limits: {
      message: DEFAULT_MESSAGE_LIMITS,
      acquisitions: 1e9,
      memoryBytes: 1e9,
      queueBytes: 1e9,
      idleSeconds: 60,
      imageSeconds: 60,
      sessionSeconds: 3600,
    },
    recipes: { choose: () => ({ name: "null", options: null, output: PLAIN_OUTPUT, ignored: [] }) },
    openWork: () => {
      throw new Error("nothing is to be done");
    },
    log: () => {},
    graceSeconds: 1,
    signal: controller.signal,
    onListen: ({ port }) => listening.resolve(port),
  });
  return { port: await listening.promise, close: () => controller.abort() };
}

/** MB/s of a client that has its bytes ready. */
async function written(port: number, head: Uint8Array, line: Uint8Array, count: number) {
  const conn = await Deno.connect({ port });
  const start = performance.now();
  const write = async (bytes: Uint8Array) => {
    for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
  };
  await write(head);
  for (let i = 0; i < count; i++) await write(line);
  await write(encodeMessage({ kind: "close" }));
  await conn.closeWrite();
  await readAnswer(conn);
  conn.close();
  return count * line.length / 1e3 / (performance.now() - start);
}

async function python(port: number, file: string): Promise<number> {
  const client = `${ROOT}/tests/integration/mrd_client.py`;
  const args = [client, "--port", `${port}`, "--config", "null", "--half-close", file];
  const { bytes, seconds } = JSON.parse(await run(options.python, args));
  return bytes / 1e6 / seconds;
}

const servers = { dropped: sink(), "server, null": await nothing() };
const rates = async (rate: (port: number) => Promise<number>) => {
  const found: number[][] = Object.values(servers).map(() => []);
  for (let i = 0; i < repeats; i++) {
    for (const [n, { port }] of Object.values(servers).entries()) found[n].push(await rate(port));
  }
  return found.map((values) => `${median(values).toFixed(0)} MB/s`).join("   ");
};
const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
print(`client: ${Object.keys(servers).join(", ")}`);
for (const coils of COILS) {
  const size = { coils, rows: 1, columns: COLUMNS };
  const [acquisition] = sliceAcquisitions(someImages(1, size), { size });
  const head = encodeMessage({ kind: "header", text: headerXml(size), terminated: true });
  const line = encodeMessage({ kind: "acquisition", acquisition });
  const count = Math.ceil(Number(options.megabytes) * 1e6 / line.length);
  print(`${coils} coils, bytes ready: ${await rates((p) => written(p, head, line, count))}`);
}
if (exists(options.python)) {
  const file = await Deno.makeTempFile({ suffix: ".h5" });
  await Deno.remove(file);
  const args = ["-m", `${COLUMNS}`, "-c", "32", "-r", "2", "-o", file];
  await run("ismrmrd_generate_cartesian_shepp_logan", args);
  print(`32 coils, PyPI's ismrmrd: ${await rates((port) => python(port, file))}`);
  await Deno.remove(file);
}
for (const server of Object.values(servers)) server.close();
