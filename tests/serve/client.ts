/** A server with its workers, and a client over TCP. */
import assert from "node:assert/strict";
import { fixedRecipe } from "../../src/cli/options/serve_recipes.ts";
import { serve, type ServerOptions } from "../../src/serve/server.ts";
import { WorkPool } from "../../src/serve/work_pool.ts";
import {
  type Answer,
  assertRss,
  encode,
  LIMITS,
  memoryLog,
  readAnswer,
  scanMessages,
  someImages,
} from "./support.ts";

/** A server that runs. */
export interface Running {
  readonly port: number;
  readonly lines: string[];
  /** Ends the server; resolves when it has ended. */
  stop(): Promise<void>;
}

/** The workers of all tests of a file. */
let pool: WorkPool;
Deno.test.beforeAll(async () => {
  pool = await WorkPool.open(1, { device: "cpu" });
});
Deno.test.afterAll(() => pool[Symbol.dispose]());

/** Runs with a server, which is ended after. */
export async function withServer(
  run: (server: Running) => Promise<void>,
  options: Partial<ServerOptions> = {},
): Promise<void> {
  const { log, lines } = memoryLog();
  const controller = new AbortController();
  const listening = Promise.withResolvers<number>();
  const ended = serve({
    host: "127.0.0.1",
    port: 0,
    connections: 16,
    limits: LIMITS,
    recipes: fixedRecipe({ method: "rss" }),
    openWork: pool.openWork,
    log,
    graceSeconds: 30,
    signal: controller.signal,
    onListen: ({ port }) => listening.resolve(port),
    ...options,
  });
  const stop = () => {
    controller.abort();
    return ended;
  };
  try {
    await run({ port: await listening.promise, lines, stop });
  } finally {
    await stop();
  }
}

/**
 * Sends bytes and reads the answer. `half`: ends its own side first; `vanish`: closes the connection
 * without a look at the answer, which may cost the server what it has not read yet.
 */
export async function talk(
  port: number,
  bytes: Uint8Array,
  end: "wait" | "half" | "vanish" = "wait",
): Promise<Answer> {
  using conn = await Deno.connect({ port });
  const sending = (async () => {
    for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
  })().catch(() => {}); // a server that refuses need not read on
  if (end !== "wait") await sending;
  if (end === "half") await conn.closeWrite();
  if (end === "vanish") {
    return { texts: [], images: [], closed: false, messages: [] };
  }
  const answer = await readAnswer(conn);
  await sending;
  return answer;
}

/** A scan of one image a slice. */
export const session = (seed: number, slices = 1) => encode(scanMessages({ seed, slices }));

/** Asserts that the answer holds the right images of {@link session}. */
export function assertImages({ images, closed, texts }: Answer, seed: number, slices = 1): void {
  assert.ok(closed, texts.join("\n"));
  assert.equal(images.length, slices, texts.join("\n"));
  images.forEach((image, slice) => {
    assert.equal(image.header.slice, slice);
    assertRss(image, someImages(100 * seed + slice));
  });
}
