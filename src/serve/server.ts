/** The server: listens, and runs a session for each connection until its signal ends it. @module */
import { InputError, LarmorError } from "../errors.ts";
import { encodeMessage } from "../io/mrd/messages.ts";
import { printable } from "../quoted.ts";
import { recorded, type Recording } from "./recording.ts";
import { type Duplex, Session, type SessionOptions, type SessionResult } from "./session.ts";
import type { Log } from "./types.ts";

export interface ServerOptions extends Omit<SessionOptions, "log" | "pipe"> {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly connections: number;
  /** Starts to save the raw data of a session. */
  readonly record?: (session: number, log: Log) => Promise<Recording>;
  readonly log: Log;
  /** Called with the address once the server listens. */
  readonly onListen?: (address: { readonly hostname: string; readonly port: number }) => void;
  /** After it is aborted there are no new connections; open sessions are finished. */
  readonly signal: AbortSignal;
}

/** Milliseconds that a client has to read the last messages: after its last byte, and in all. */
const LINGER = { silence: 2000, most: 60_000 } as const;
/** Milliseconds before accepting is tried again when the system has no descriptor left. */
const ACCEPT_PAUSE = 100;
/** Connections that may be refused at the same time, as a multiple of those allowed. */
const REFUSED_AT_ONCE = 4;

class Server {
  readonly #options: ServerOptions;
  readonly #sessions = new Set<Session>();
  readonly #open = new Set<Promise<void>>();
  #count = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { host, port, signal, log, onListen } = this.#options;
    const listener = listen(host, port);
    const stop = () => {
      listener.close();
      log("INF", `No more connections; ${this.#sessions.size} sessions are being finished`);
      for (const session of this.#sessions) {
        if (!session.started) session.refuse(new InputError("The server is shutting down"));
      }
    };
    if (signal.aborted) listener.close();
    else signal.addEventListener("abort", stop, { once: true });
    onListen?.(listener.addr);
    for (let conn = await this.#accept(listener); conn; conn = await this.#accept(listener)) {
      const handled = this.#handle(conn).finally(() => this.#open.delete(handled));
      this.#open.add(handled);
    }
    await Promise.all(this.#open);
  }

  /** The next connection; undefined when the server is to end. */
  async #accept(listener: Deno.TcpListener): Promise<Deno.TcpConn | undefined> {
    while (!this.#options.signal.aborted) {
      try {
        return await listener.accept();
      } catch (error) {
        if (this.#options.signal.aborted) break;
        this.#options.log("ERR", `Cannot accept a connection: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
    return undefined;
  }

  async #handle(conn: Deno.TcpConn): Promise<void> {
    const { connections, log } = this.#options;
    try {
      if (this.#sessions.size < connections) await this.#serve(conn, ++this.#count);
      else if (this.#open.size < (REFUSED_AT_ONCE + 1) * connections) {
        log("WRN", `Refused a connection: ${connections} are open already`);
        await refuseConnection(conn, connections);
      }
    } catch (error) {
      // Sessions throw nothing: the connection broke while it was being closed.
      log("DBG", `Connection: ${(error as Error).message}`);
    }
    closeQuietly(conn);
  }

  async #serve(conn: Deno.TcpConn, number: number): Promise<void> {
    const started = performance.now();
    const log: Log = (severity, text) =>
      this.#options.log(severity, printable(`${number}: ${text}`));
    const { record } = this.#options;
    const recording = await record?.(number, log);
    const duplex: Duplex = recording === undefined ? conn : recorded(conn, recording);
    const session = new Session(duplex, { ...this.#options, log });
    this.#sessions.add(session);
    try {
      const address = conn.remoteAddr;
      log("DBG", `Connection from ${address.hostname}:${address.port}`);
      const result = await session.run();
      logResult(log, result, started);
      await closeGently(conn);
    } finally {
      this.#sessions.delete(session);
      await recording?.close();
    }
  }
}

/** Serves until the signal is aborted and the last session has ended. */
export const serve = (options: ServerOptions): Promise<void> => new Server(options).run();

function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    const message = `Cannot listen on ${hostname}:${port}: ${(cause as Error).message}`;
    throw new InputError(message, { cause, hint: "Choose another --port or --host" });
  }
}

function logResult(log: Log, result: SessionResult, started: number): void {
  const { error, acquisitions, images, failures } = result;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const failed = failures === 0 ? "" : `, ${failures} failed`;
  log("INF", `${acquisitions} acquisitions, ${images} images${failed}, ${seconds} s`);
  if (error !== undefined && !(error instanceof LarmorError)) {
    log("ERR", `${error instanceof Error ? error.stack : error}`);
  }
}

async function refuseConnection(conn: Deno.TcpConn, connections: number): Promise<void> {
  const text = `ERR Cannot accept the connection: at most ${connections} are possible at a time`;
  await writeAll(conn, encodeMessage({ kind: "text", text, terminated: true }));
  await writeAll(conn, encodeMessage({ kind: "close" }));
  await closeGently(conn);
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/**
 * Closes our side and waits until the client has closed its own: closing a connection on which data
 * still arrive would reset it, and the client would lose what it has not read yet.
 */
async function closeGently(conn: Deno.TcpConn): Promise<void> {
  await conn.closeWrite();
  const start = performance.now();
  let heard = start;
  const watch = setInterval(() => {
    const now = performance.now();
    if (now - heard > LINGER.silence || now - start > LINGER.most) closeQuietly(conn);
  }, LINGER.silence / 4);
  const scrap = new Uint8Array(1 << 16);
  try {
    while (await conn.read(scrap) !== null) heard = performance.now();
  } finally {
    clearInterval(watch);
  }
}

function closeQuietly(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // it was closed before
  }
}
