/** The options of `serve`: their table, and what they mean. @module */
import type { DeviceRequest } from "../../graph/mod.ts";
import { DEFAULT_MESSAGE_LIMITS } from "../../io/mrd/messages.ts";
import type { ServeLimits } from "../../serve/types.ts";
import { helpText } from "./help.ts";
import type { OptionTable, ParsedArgs } from "./table.ts";
import { DEVICES, RECON_OPTIONS } from "./recon.ts";
import { parseChoice, parseNumber } from "./values.ts";

/** Bytes of a megabyte, as the options count them. */
const MEGABYTE = 2 ** 20;

/** Every option of `serve`. */
export const SERVE_OPTIONS = {
  port: { value: "N", summary: "TCP port. Default: 9002" },
  host: {
    value: "ADDRESS",
    summary: "address to listen on. Default: 127.0.0.1, this machine alone;\n" +
      "0.0.0.0 is every network that the machine is on",
  },
  config: {
    value: "FILE",
    summary: "YAML file of the default recipe (method: tv). Default: the default method",
  },
  recipes: {
    value: "FOLDER",
    summary: "folder of recipes NAME.yaml that clients may name. Without it every\n" +
      "name gets the default recipe",
  },
  save: {
    value: "FOLDER",
    summary: "keep the raw data of each session there, whatever becomes of the\n" +
      "reconstruction",
  },
  device: RECON_OPTIONS.device,
  workers: { value: "N", summary: "threads that reconstruct. Default: 2" },
  connections: { value: "N", summary: "clients at the same time. Default: 8" },
  idle: {
    value: "SECONDS",
    summary: "end a session in which nothing arrives for this long. Default: 600",
  },
  acquisitions: { value: "N", summary: "acquisitions of a session. Default: 10000000" },
  memory: {
    value: "MB",
    summary: "samples that a session may hold before they are reconstructed.\nDefault: 4096",
  },
  message: { value: "MB", summary: "samples of one message. Default: 256" },
  quiet: { summary: "log errors and warnings alone" },
  verbose: { summary: "log more" },
  version: RECON_OPTIONS.version,
  help: RECON_OPTIONS.help,
} as const satisfies OptionTable;

/** The text of `serve --help`. */
export function serveHelp(): string {
  return helpText({
    usage: "deno task serve [options]",
    about: "Reconstructs what scanners (or their stand-ins) send: the MRD streaming protocol of\n" +
      "ISMRMRD that Gadgetron clients, Siemens FIRE and OpenRecon speak. Images go back to the\n" +
      "client while data still arrive. An interrupt ends the server when the open sessions end.",
    options: SERVE_OPTIONS,
    examples: [
      "deno task serve",
      "deno task serve --port 9002 --config recipe.yaml --save raw/",
      "deno task serve --host 0.0.0.0 --recipes recipes/",
    ],
  });
}

/** What a user asks of `serve`. */
export interface ServeRequest {
  readonly port: number;
  readonly host: string;
  readonly config?: string;
  readonly recipes?: string;
  readonly save?: string;
  readonly device: DeviceRequest;
  readonly workers: number;
  readonly connections: number;
  readonly limits: ServeLimits;
  readonly quiet: boolean;
  readonly verbose: boolean;
}

/**
 * Checks the options and gives them their types.
 * @throws {UsageError} for a value that makes no sense
 */
export function serveRequest({ values }: ParsedArgs<typeof SERVE_OPTIONS>): ServeRequest {
  const { config, recipes, save } = values;
  const count = (name: "workers" | "connections" | "acquisitions", fallback: number) =>
    parseNumber(`--${name}`, values[name] ?? `${fallback}`, { integer: true, least: 1 });
  const megabytes = (name: "memory" | "message", fallback: number) =>
    MEGABYTE * parseNumber(`--${name}`, values[name] ?? `${fallback}`, { above: 0 });
  return {
    port: parseNumber("--port", values.port ?? "9002", { integer: true, least: 0, most: 65535 }),
    host: values.host ?? "127.0.0.1",
    ...(config === undefined ? {} : { config }),
    ...(recipes === undefined ? {} : { recipes }),
    ...(save === undefined ? {} : { save }),
    device: parseChoice("--device", values.device ?? "auto", DEVICES),
    workers: count("workers", 2),
    connections: count("connections", 8),
    limits: {
      message: { ...DEFAULT_MESSAGE_LIMITS, dataBytes: megabytes("message", 256) },
      acquisitions: count("acquisitions", 10_000_000),
      memoryBytes: megabytes("memory", 4096),
      idleSeconds: parseNumber("--idle", values.idle ?? "600", { above: 0 }),
    },
    quiet: values.quiet ?? false,
    verbose: values.verbose ?? false,
  };
}
