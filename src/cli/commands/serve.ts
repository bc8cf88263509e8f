/** `deno task serve`: the MRD streaming server. @module */
import { UsageError } from "../../errors.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../../io/mrd/messages.ts";
import { Recorder } from "../../serve/recording.ts";
import { serve as runServer } from "../../serve/server.ts";
import type { Log, ServeLimits } from "../../serve/types.ts";
import { WorkPool } from "../../serve/work_pool.ts";
import type { CommandContext } from "../entry.ts";
import { shareFolder } from "../output_guard.ts";
import { command } from "../options/help.ts";
import { CLIENT_OPTION_NAMES, readRecipes } from "../options/serve_recipes.ts";
import { DEVICE, SERVICE } from "../options/shared.ts";
import { option, type Parse, type RequestOf } from "../options/table.ts";
import { count, listOf, number, path, positive, threads } from "../options/values.ts";

/** The word for no option at all. */
const NONE = "none";

const allowed: Parse<readonly string[]> = (text, option) =>
  text.trim() === NONE ? [] : listOf(CLIENT_OPTION_NAMES, "option")(text, option);

const megabytes: Parse<number> = (text, option) => 2 ** 20 * positive(text, option);

export const SERVE_OPTIONS = {
  port: option(
    "N",
    "TCP port; 0 takes a free one",
    number({ integer: true, min: 0, max: 65535 }),
    "9002",
  ),
  host: option(
    "ADDRESS",
    "address to listen on: 127.0.0.1 is this machine alone, 0.0.0.0 every network that the " +
      "machine is on",
    path,
    "127.0.0.1",
  ),
  recipes: option(
    "FOLDER",
    "folder of recipes NAME.yaml that clients may name. Without it every name gets the " +
      "default recipe",
    path,
  ),
  allow: option(
    "LIST",
    `what clients may change in a recipe, within bounds: ${CLIENT_OPTION_NAMES.join(", ")}, or ` +
      `none. Default: all of these`,
    allowed,
  ),
  save: option(
    "FOLDER",
    "keep the raw data of each session there, whatever becomes of the reconstruction",
    path,
  ),
  ...DEVICE,
  workers: option("N", "threads that reconstruct", threads, "2"),
  connections: option(
    "N",
    "clients at the same time",
    number({ integer: true, min: 1, max: 65_535 }),
    "8",
  ),
  idle: option(
    "SECONDS",
    "end a session whose client neither finishes a message nor reads one for this long",
    positive,
    "600",
  ),
  "image-time": option(
    "SECONDS",
    "longest time that the reconstruction of an image may take",
    positive,
    "1800",
  ),
  "session-time": option("SECONDS", "longest time that a session may take", positive, "43200"),
  grace: option(
    "SECONDS",
    "time that open sessions have to end after an interrupt; then they are aborted, and what was " +
      "saved is converted",
    number({ min: 0 }),
    "60",
  ),
  acquisitions: option("N", "largest number of acquisitions of a session", count, "10000000"),
  memory: option(
    "MB",
    "largest amount of data that all sessions together hold; the one that holds most gives way",
    megabytes,
    "4096",
  ),
  message: option("MB", "largest amount of data of one message", megabytes, "256"),
  ...SERVICE,
};

export const serve = command({
  usage: "deno task serve [options]",
  about: "Reconstructs what scanners (or their simulators) send by the MRD streaming protocol of " +
    "ISMRMRD, which Gadgetron clients, Siemens FIRE and OpenRecon speak. Images go back to the " +
    "client while data still arrive. After an interrupt the server ends when the open sessions have " +
    "ended or their time (--grace) is over.",
  options: SERVE_OPTIONS,
  examples: [
    "deno task serve",
    "deno task serve --port 9002 --config recipe.yaml --save raw/",
    "deno task serve --host 0.0.0.0 --recipes recipes/",
  ],
}, async (request, context) => {
  if (request.inputs.length > 0) {
    throw new UsageError(`Cannot serve ${request.inputs[0]}: options alone are required`);
  }
  const { host, port, connections, save, device: asked, threads } = request;
  const { signal } = context;
  const recipes = await readRecipes(request);
  if (save !== undefined) {
    await Deno.mkdir(save, { recursive: true, mode: 0o700 });
    await shareFolder(save);
  }
  const pool = await WorkPool.open(request.workers, { device: asked, threads });
  const device = await pool.device();
  const log = consoleLog(context, request);
  const limits = serveLimits(request);
  const recorder = save === undefined ? undefined : new Recorder(save, limits.message);
  await runServer({
    host,
    port,
    connections,
    limits,
    recipes,
    openWork: pool.openWork,
    log,
    signal,
    graceSeconds: request.grace,
    record: recorder && ((session, log) => recorder.record(session, log)),
    onListen: ({ hostname, port }) =>
      log("INF", `Listening on ${hostname}:${port}, reconstructing on ${device}`),
  });
  return 0;
});

type ServeRequest = RequestOf<typeof SERVE_OPTIONS>;

/** Part of a session's share of the memory that may wait for its turn. */
const QUEUE_PART = 4;

export function serveLimits(request: ServeRequest): ServeLimits {
  const { message, acquisitions, memory, connections, idle, imageTime, sessionTime } = request;
  return {
    message: { ...DEFAULT_MESSAGE_LIMITS, dataBytes: message },
    acquisitions,
    memoryBytes: memory,
    queueBytes: memory / connections / QUEUE_PART,
    idleSeconds: idle,
    imageSeconds: imageTime,
    sessionSeconds: sessionTime,
  };
}

function consoleLog({ console }: CommandContext, { quiet, verbose }: ServeRequest): Log {
  return (severity, text) => {
    if ((quiet && severity === "INF") || (!verbose && severity === "DBG")) return;
    console.err(`${new Date().toISOString()} ${severity} ${text}\n`);
  };
}
