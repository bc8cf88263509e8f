/**
 * A soak test of the streaming server: good and hostile clients together, for as long as is asked.
 * Every image is checked, and every acquisition of a session that was sent whole must be in its file;
 * damaged streams that were saved are read as files, or refused with a reason.
 * Memory and descriptors of the server are printed; Linux only.
 *
 *     deno run --allow-all bench/soak.ts [--minutes N] [--sessions N] [--hostile X] [--at-once N]
 *
 * It ends after so many minutes or sessions (default: 5 minutes), with exit code 1 when an image was
 * wrong, an acquisition was lost, descriptors were left open, the server did not end when it was told
 * to, or (from 2000 sessions on) its memory grew by more than 5 % over the last 1000.
 */
import { basename, join } from "node:path";
import { readKspace } from "../mod.ts";
import { LarmorError } from "../src/errors.ts";
import { openMrd } from "../src/io/mrd/mrd_file.ts";
import type { Acquisition } from "../src/mrd/values.ts";
import { Rng } from "../src/rng.ts";
import { taskCommand } from "../tests/cli/support.ts";
import { type Answer, readAnswer } from "../tests/serve/support.ts";
import { benchOptions, say } from "./options.ts";
import { type Client, GOOD, HOSTILE } from "./soak_clients.ts";

const options = benchOptions(import.meta.url, {
  minutes: { type: "string" },
  sessions: { type: "string" },
  hostile: { type: "string", default: "0.2" },
  "at-once": { type: "string", default: "4" },
  seed: { type: "string", default: "1" },
});
const sessions = Number(options.sessions ?? Infinity);
const minutes = Number(options.minutes ?? (options.sessions === undefined ? 5 : Infinity));

/** Sessions between two lines of the table, and those over which memory may grow by so much. */
const STEP = 100, LAST = 1000, GROWTH = 0.05;
/** Lines of the table over which memory is averaged. */
const LINES = 5;
/** Descriptors that the server may have open beside those at its start. */
const SPARE_DESCRIPTORS = 40;
/** Milliseconds between two pieces of a slow client. */
const PIECE_PAUSE = 2;
/** One good client in so many has the slow method. */
const SLOW_METHOD = 20;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const RECIPES: Readonly<Record<string, string>> = {
  rss: "method: rss",
  int16: "method: rss\npixels: int16\nheader: copied",
  tv: "method: tv\nsteps: 5",
  long: "method: sense\nsteps: 1000",
};

/** The server, a process of its own. */
async function startServer(folder: string) {
  await Deno.mkdir(join(folder, "recipes"));
  for (const [name, content] of Object.entries(RECIPES)) {
    await Deno.writeTextFile(join(folder, "recipes", `${name}.yaml`), `${content}\n`);
  }
  const child = taskCommand("serve", [
    ...["--port", "0", "--device", "cpu", "--workers", "2", "--idle", "10", "--grace", "10"],
    ...["--recipes", join(folder, "recipes"), "--save", join(folder, "raw")],
  ], { stdout: "null" }).spawn();
  const listening = Promise.withResolvers<number>();
  let last = "";
  const logged = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      last = (last + text).slice(-4000);
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined) listening.resolve(Number(port));
    }
    listening.reject(new Error(last));
  })();
  return { child, logged, port: await listening.promise, lastWords: () => last };
}

function measured(pid: number): { megabytes: number; descriptors: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
  return { megabytes, descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length };
}

async function visit(port: number, { pieces, ending }: Client): Promise<Answer | undefined> {
  using conn = await Deno.connect({ port });
  const sending = (async () => {
    for (const piece of pieces) {
      for (let done = 0; done < piece.length;) done += await conn.write(piece.subarray(done));
      if (pieces.length > 1) await pause(PIECE_PAUSE);
    }
    if (ending === "half") await conn.closeWrite();
  })().catch(() => {}); // a server that refuses need not read on
  if (ending === "vanish") return void await sending;
  const answer = await readAnswer(conn);
  await sending;
  return answer;
}

/** What was found so far. */
class Findings {
  readonly faults: string[] = [];
  readonly counts = { good: 0, hostile: 0, images: 0, files: 0, kept: 0 };
  /** Acquisitions that must be saved, by the number of the client. */
  readonly #due = new Map<number, readonly Acquisition[]>();

  fault(what: string): void {
    this.faults.push(what);
    if (this.faults.length <= 10) say(`FAULT ${what}`);
  }

  async take(number: number, client: Client, port: number): Promise<void> {
    if (client.kept !== undefined) this.#due.set(number, client.kept);
    try {
      const answer = await visit(port, client);
      this.counts.images += answer?.images.length ?? 0;
      const wrong = answer === undefined ? undefined : client.check?.(answer);
      if (wrong !== undefined) this.fault(`${number} ${client.name}: ${wrong}`);
    } catch (error) {
      this.fault(`${number} ${client.name}: ${(error as Error).message}`);
    }
  }

  /** Compares the files of a folder with what was sent, and removes them. */
  async collect(folder: string): Promise<void> {
    for await (const { name } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (name.endsWith(".h5")) await this.#file(path);
    }
  }

  /** After the last file: what has not been found, and what stayed as a stream. */
  async finish(folder: string): Promise<void> {
    await this.collect(folder);
    for (const number of this.#due.keys()) this.fault(`${number}: its file is missing`);
    const streams = [...Deno.readDirSync(folder)].map(({ name }) => name)
      .filter((name) => name !== ".larmor"); // the list of what the folder holds
    const strange = streams.filter((name) => !name.endsWith(".mrd"));
    if (strange.length > 0) this.fault(`${strange.length} other files, such as ${strange[0]}`);
    const read = await Promise.all(streams.map((name) => this.#readStream(join(folder, name))));
    const count = read.filter((whole) => whole).length;
    say(`${streams.length} streams stayed as they came; read as files ${count} of them make sense`);
  }

  /** A stream that stayed is a file like any other: it is read, or refused with a reason. */
  async #readStream(path: string): Promise<boolean> {
    try {
      using file = await readKspace(path);
      await file.readSlice(0);
      return true;
    } catch (error) {
      if (!(error instanceof LarmorError)) this.fault(`${path}: ${(error as Error).stack}`);
      return false;
    }
  }

  async #file(path: string): Promise<void> {
    using file = (await openMrd(path))!;
    const found = await Array.fromAsync(file.acquisitions());
    this.counts.files++;
    this.counts.kept += found.length;
    const number = found[0]?.header.measurementUid ?? -1;
    const due = this.#due.get(number);
    if (due !== undefined) {
      const same = found.length === due.length &&
        found.every(({ samples }, i) => samples.every((value, j) => value === due[i].samples[j]));
      if (!same) this.fault(`${number}: ${found.length} of ${due.length} acquisitions`);
      this.#due.delete(number);
    }
    await Deno.remove(path);
  }
}

/** The next client: hostile with the share that was asked for. */
function nextClient(number: number, rng: Rng, { counts }: Findings): Client {
  const isHostile = rng.uniform() < Number(options.hostile);
  counts[isHostile ? "hostile" : "good"]++;
  const all = Object.entries(isHostile ? HOSTILE : GOOD);
  let chosen = all[Math.floor(rng.uniform() * all.length)];
  if (chosen[0] === "tv" && rng.uniform() > all.length / SLOW_METHOD) chosen = all[0];
  const [name, make] = chosen;
  return { name, ...make(number, rng) };
}

const folder = await Deno.makeTempDir({ prefix: "larmor-soak-" });
const raw = join(folder, "raw");
const findings = new Findings();
const rng = new Rng(Number(options.seed));
const server = await startServer(folder);
const atStart = measured(server.child.pid);
const start = performance.now();
const memory: number[] = [];
let number = 0;
let collecting = Promise.resolve();
say("sessions  hostile  images  files  faults  memory/MB  descriptors  seconds");

function line(): void {
  const { megabytes, descriptors } = measured(server.child.pid);
  memory.push(megabytes);
  const { hostile, images, files } = findings.counts;
  const seconds = (performance.now() - start) / 1000;
  const values = [number, hostile, images, files, findings.faults.length, megabytes, descriptors];
  say([...values, seconds].map((value) => value.toFixed(0).padStart(8)).join(" "));
}

async function visitors(): Promise<void> {
  while (number < sessions && performance.now() - start < 60_000 * minutes) {
    const mine = ++number;
    await findings.take(mine, nextClient(mine, rng, findings), server.port);
    if (mine % STEP !== 0) continue;
    line();
    collecting = collecting.then(() => findings.collect(raw));
    await collecting;
  }
}

try {
  await Promise.all(Array.from({ length: Number(options["at-once"]) }, visitors));
} catch (error) {
  findings.fault(`the server: ${(error as Error).message}; ${server.lastWords()}`);
}
await pause(500);
line();
const open = measured(server.child.pid).descriptors - atStart.descriptors;
if (open > SPARE_DESCRIPTORS) findings.fault(`${open} descriptors more than at the start`);
server.child.kill("SIGTERM");
const { code } = await server.child.status;
await server.logged;
if (code !== 0) findings.fault(`the server ended with ${code}: ${server.lastWords()}`);
await findings.finish(raw);
// Means over some lines: garbage is collected now and then.
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const before = memory.slice(-LAST / STEP - LINES, -LAST / STEP);
if (before.length === LINES) {
  const growth = mean(memory.slice(-LINES)) / mean(before) - 1;
  say(`memory over the last ${LAST} sessions: ${(100 * growth).toFixed(1)} %`);
  if (number >= 2 * LAST && growth > GROWTH) findings.fault(`memory grew by ${growth}`);
}
const { good, hostile, images, kept } = findings.counts;
say(
  `${good + hostile} sessions, ${hostile} of them hostile, ${images} images, ${kept} acquisitions`,
);
say(findings.faults.length === 0 ? "no fault" : `${findings.faults.length} faults`);
if (findings.faults.length === 0) await Deno.remove(folder, { recursive: true });
else say(`files of the server: ${basename(folder)}`);
Deno.exit(findings.faults.length === 0 ? 0 : 1);
