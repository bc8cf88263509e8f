/** `deno task serve`: the MRD streaming server. @module */
import { UsageError } from "../../errors.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../../io/mrd/messages.ts";
import { fileRecording } from "../../serve/recording.ts";
import { serve as runServer } from "../../serve/server.ts";
import type { Log, ServeLimits } from "../../serve/types.ts";
import { WorkPool } from "../../serve/work_pool.ts";
import type { CommandContext } from "../entry.ts";
import { command } from "../options/help.ts";
import { readRecipes } from "../options/serve_recipes.ts";
import { DEVICE, SERVICE } from "../options/shared.ts";
import { option, type Parse, type RequestOf } from "../options/table.ts";
import { count, number, path, positive } from "../options/values.ts";

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
  save: option(
    "FOLDER",
    "keep the raw data of each session there, also when the reconstruction fails",
    path,
  ),
  ...DEVICE,
  workers: option("N", "threads that reconstruct", count, "2"),
  connections: option("N", "clients at the same time", count, "8"),
  idle: option("SECONDS", "end a session when nothing arrives for this long", positive, "600"),
  acquisitions: option("N", "largest number of acquisitions of a session", count, "10000000"),
  memory: option(
    "MB",
    "largest amount of data that a session holds before they are reconstructed",
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
    "client while data still arrive. After an interrupt the server ends when the open sessions end.",
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
  const { host, port, connections, save } = request;
  const { signal } = context;
  const recipes = await readRecipes(request);
  if (save !== undefined) await Deno.mkdir(save, { recursive: true });
  const pool = await WorkPool.open(request.workers, request.device);
  const device = await pool.device();
  const log = consoleLog(context, request);
  const limits = serveLimits(request);
  await runServer({
    host,
    port,
    connections,
    limits,
    recipes,
    openWork: pool.openWork,
    log,
    signal,
    record: save === undefined
      ? undefined
      : (session, log) => fileRecording(save, session, { log, limits: limits.message }),
    onListen: ({ hostname, port }) =>
      log("INF", `Listening on ${hostname}:${port}, reconstructing on ${device}`),
  });
  return 0;
});

type ServeRequest = RequestOf<typeof SERVE_OPTIONS>;

export function serveLimits({ message, acquisitions, memory, idle }: ServeRequest): ServeLimits {
  return {
    message: { ...DEFAULT_MESSAGE_LIMITS, dataBytes: message },
    acquisitions,
    memoryBytes: memory,
    idleSeconds: idle,
  };
}

function consoleLog({ console }: CommandContext, { quiet, verbose }: ServeRequest): Log {
  return (severity, text) => {
    if ((quiet && severity === "INF") || (!verbose && severity === "DBG")) return;
    console.err(`${new Date().toISOString()} ${severity} ${text}\n`);
  };
}
