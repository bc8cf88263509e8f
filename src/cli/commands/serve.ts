/** `deno task serve`: the MRD streaming server. @module */
import { UsageError } from "../../errors.ts";
import { fileRecording } from "../../serve/recording.ts";
import { serve as runServer } from "../../serve/server.ts";
import type { Log, Severity } from "../../serve/types.ts";
import { WorkPool } from "../../serve/work_pool.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { VERSION_LINE } from "../options/help.ts";
import { parseOptions } from "../options/table.ts";
import { SERVE_OPTIONS, serveHelp, type ServeRequest, serveRequest } from "../options/serve.ts";
import { readRecipes } from "../options/serve_recipes.ts";

/**
 * Serves until the user interrupts.
 * @returns the exit code
 * @throws {UsageError} for a command line or a recipe that makes no sense
 * @throws {DeviceError} when the device is not there
 * @throws {InputError} when a recipe cannot be read, or the address is taken
 */
export async function serve(args: readonly string[], context: CommandContext): Promise<number> {
  const parsed = parseOptions(SERVE_OPTIONS, args);
  const { console, signal } = context;
  if (parsed.values.help || parsed.values.version) {
    console.out(parsed.values.help ? serveHelp() : VERSION_LINE);
    return 0;
  }
  if (parsed.inputs.length > 0) {
    throw new UsageError(`Cannot serve ${parsed.inputs[0]}: options alone are required`);
  }
  const request = serveRequest(parsed);
  const recipes = await readRecipes(request);
  const { save } = request;
  if (save !== undefined) await Deno.mkdir(save, { recursive: true });
  const pool = await WorkPool.open(request.workers, request.device);
  const device = await pool.device();
  const log = consoleLog(context, request);
  const { host, port, connections, limits } = request;
  await runServer({
    host,
    port,
    connections,
    limits,
    recipes,
    openWork: pool.openWork,
    log,
    signal,
    ...(save === undefined ? {} : {
      record: (session, log) => fileRecording(save, session, { log, limits: limits.message }),
    }),
    onListen: ({ hostname, port }) =>
      log("INF", `Listening on ${hostname}:${port}, reconstructing on ${device}`),
  });
  return 0;
}

/** Lines with the time on stderr. */
function consoleLog({ console }: CommandContext, { quiet, verbose }: ServeRequest): Log {
  const shown: readonly Severity[] = [
    "ERR",
    "WRN",
    ...(quiet ? [] : ["INF" as const]),
    ...(verbose ? ["DBG" as const] : []),
  ];
  return (severity, text) => {
    if (!shown.includes(severity)) return;
    console.err(`${new Date().toISOString()} ${severity} ${text}\n`);
  };
}

if (import.meta.main) await runCommand(serve);
