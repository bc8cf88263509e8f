/** The server: listens, and runs a session for each connection until its signal ends it. @module */
import { InputError, LarmorError } from "../errors.ts";
import { printable } from "../quoted.ts";
import { cappedLog, sparseLog } from "./capped_log.ts";
import { closeGently, closeQuietly, type Ended, refuseConnection } from "./connection.ts";
import { Memory } from "./memory.ts";
import { recorded, type Recording } from "./recording.ts";
import { Session } from "./session.ts";
import type { Duplex, SessionOptions, SessionResult } from "./session_options.ts";
import type { Log } from "./types.ts";

export interface ServerOptions extends Omit<SessionOptions, "log" | "pipe" | "memory" | "saved"> {
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
  /** Seconds that open sessions have to end after the signal; then they are aborted. */
  readonly graceSeconds: number;
}

/** Milliseconds that aborted sessions have to tell their clients. */
const FAREWELL = 2000;
/** Milliseconds between two lines of the log about clients that are refused. */
const REFUSAL_LINES = 10_000;
/** Milliseconds before accepting is tried again when the system has no descriptor left. */
const ACCEPT_PAUSE = 100;
/** Connections that may be open without a session, as a multiple of those allowed. */
const LINGERING = 4;

class Server {
  readonly #options: ServerOptions;
  readonly #sessions = new Set<Session>();
  readonly #open = new Set<Promise<void>>();
  readonly #conns = new Set<Deno.TcpConn>();
  readonly #memory: Memory;
  readonly #sparse: Log;
  /** Connections that were admitted and have not ended. */
  #admitted = 0;
  #count = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#memory = new Memory(options.limits.memoryBytes);
    this.#sparse = sparseLog(options.log, REFUSAL_LINES);
  }

  async run(): Promise<void> {
    const { host, port, signal, log, onListen } = this.#options;
    const listener = listen(host, port);
    const timers: ReturnType<typeof setTimeout>[] = [];
    const stop = () => {
      listener.close();
      const { graceSeconds } = this.#options;
      const open = `${this.#sessions.size} sessions have ${graceSeconds} s to end`;
      log("INF", `No more connections; ${open}`);
      this.#end((session) => !session.started);
      timers.push(setTimeout(() => this.#end(() => true), 1000 * graceSeconds));
      timers.push(setTimeout(() => this.#cut(), 1000 * graceSeconds + FAREWELL));
    };
    if (signal.aborted) listener.close();
    else signal.addEventListener("abort", stop, { once: true });
    onListen?.(listener.addr);
    for (let conn = await this.#accept(listener); conn; conn = await this.#accept(listener)) {
      const handled = this.#handle(conn).finally(() => this.#open.delete(handled));
      this.#open.add(handled);
    }
    await Promise.all(this.#open);
    timers.forEach((timer) => clearTimeout(timer));
  }

  /** Aborts some sessions; their clients are told. */
  #end(which: (session: Session) => boolean): void {
    for (const session of this.#sessions) {
      if (which(session)) session.end(new InputError("The server is shutting down"));
    }
  }

  /** Closes what is still open. */
  #cut(): void {
    for (const session of this.#sessions) session.stop(new InputError("The server has shut down"));
    for (const conn of this.#conns) closeQuietly(conn);
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
    this.#conns.add(conn);
    try {
      if (this.#admitted < connections) await this.#serve(conn, ++this.#count);
      else {
        this.#sparse("WRN", `Refused a connection: ${connections} are open already`);
        if (this.#mayLinger) await refuseConnection(conn, connections);
      }
    } catch (error) {
      // Sessions throw nothing: the connection broke while it was being closed.
      log("DBG", `Connection: ${(error as Error).message}`);
    }
    closeQuietly(conn);
    this.#conns.delete(conn);
  }

  /** Whether there are not too many connections whose sessions have ended or never begun. */
  get #mayLinger(): boolean {
    return this.#open.size - this.#admitted <= LINGERING * this.#options.connections;
  }

  /** A session; then another client may take its place, while what was saved is converted. */
  async #serve(conn: Deno.TcpConn, number: number): Promise<void> {
    const log: Log = (severity, text) =>
      this.#options.log(severity, printable(`${number}: ${text}`));
    this.#admitted++;
    let recording: Recording | undefined;
    let ended: Ended = { input: conn, refused: true };
    try {
      try {
        recording = await this.#options.record?.(number, log);
        ended = await this.#converse(conn, log, recording);
      } finally {
        this.#admitted--;
      }
      if (this.#mayLinger) await closeGently(conn, ended);
    } finally {
      closeQuietly(conn);
      await recording?.close();
    }
  }

  async #converse(conn: Deno.TcpConn, log: Log, recording?: Recording): Promise<Ended> {
    const started = performance.now();
    const duplex: Duplex = recording === undefined ? conn : recorded(conn, recording, {
      saving: (saved) => session.pace.except(saved),
      onFailure: (message) => session.tell("ERR", message),
    });
    const session: Session = new Session(duplex, {
      ...this.#options,
      log: cappedLog(log),
      memory: this.#memory,
      saved: recording !== undefined,
    });
    if (this.#options.signal.aborted) session.end(new InputError("The server is shutting down"));
    this.#sessions.add(session);
    try {
      const address = conn.remoteAddr;
      log("DBG", `Connection from ${address.hostname}:${address.port}`);
      const result = await session.run();
      logResult(log, result, started);
      return { input: duplex, refused: result.error !== undefined };
    } finally {
      this.#sessions.delete(session);
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
