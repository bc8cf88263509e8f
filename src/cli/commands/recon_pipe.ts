/** `recon --stdin --stdout`: an MRD stream in, one with images out. @module */
import { InputError, UsageError } from "../../errors.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../../io/mrd/messages.ts";
import { Session } from "../../serve/session.ts";
import type { Duplex } from "../../serve/session_options.ts";
import type { Log } from "../../serve/types.ts";
import { WorkPool } from "../../serve/work_pool.ts";
import type { CommandContext } from "../entry.ts";
import type { ReconRequest } from "../options/recon.ts";
import { fixedRecipe, streamRequest } from "../options/serve_recipes.ts";

/** Bytes of samples that wait for the end of their image: the pipe's owner is trusted. */
const MEMORY_BYTES = 8 * 2 ** 30;

/** Options that say what to read and what to write, which a stream does itself. */
const NOT_PIPED = [
  ...["output", "json", "dicom", "also", "complex", "saveMaps", "saveSamples", "strict"] as const,
  ...["audit", "mask", "slices", "simulate", "dryRun"] as const,
];

export function checkPipe(request: ReconRequest): void {
  const { stdin, stdout, inputs } = request;
  if (!stdin || !stdout) {
    const given = stdin ? "stdin" : "stdout";
    throw new UsageError(`Cannot use --${given} alone: --stdin and --stdout are required together`);
  }
  const key = NOT_PIPED.find((name) => request[name]);
  if (key === undefined && inputs.length === 0) return;
  const option = key?.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const found = inputs.length > 0 ? "INPUT" : `--${option}`;
  throw new UsageError(`Cannot combine ${found} with --stdin: the stream alone is required`);
}

/** Reconstructs a stream; the exit code is 0, or 3 when a slice could not be reconstructed. */
export async function runPipe(
  request: ReconRequest,
  { console, signal }: CommandContext,
  duplex: Duplex = { read: (to) => Deno.stdin.read(to), write: (from) => Deno.stdout.write(from) },
): Promise<number> {
  const pool = await WorkPool.open(1, { device: request.device, threads: request.threads });
  const log: Log = (severity, text) => {
    if (request.quiet && severity !== "ERR" && severity !== "WRN") return;
    console.err(`${severity} ${text}\n`);
  };
  const unlimited = {
    acquisitions: Infinity,
    idleSeconds: Infinity,
    imageSeconds: Infinity,
    sessionSeconds: Infinity,
  };
  const message = { ...DEFAULT_MESSAGE_LIMITS, dataBytes: 2 ** 30 };
  const session = new Session(duplex, {
    recipes: fixedRecipe(streamRequest(request)),
    limits: { ...unlimited, message, memoryBytes: MEMORY_BYTES, queueBytes: MEMORY_BYTES / 2 },
    openWork: pool.openWork,
    log,
    pipe: true,
  });
  signal.addEventListener("abort", () => session.stop(signal.reason), { once: true });
  const { error, failures } = await session.run();
  if (error !== undefined) throw error;
  return failures === 0 ? 0 : new InputError("").exitCode;
}
