/** The ends of connections. @module */
import type { ByteInput } from "../io/mrd/byte_reader.ts";
import { encodeMessage } from "../io/mrd/messages.ts";

/**
 * Milliseconds that a client has to read the last messages: after its last byte, and in all; less
 * where it was refused.
 */
const LINGER = { silence: 2000, most: 60_000, refused: 10_000 } as const;

/** A session that has ended. */
export interface Ended {
  /** The connection, or what saves its bytes too. */
  readonly input: ByteInput;
  readonly refused: boolean;
}

/** Tells a client that there is no place for it. */
export async function refuseConnection(conn: Deno.TcpConn, connections: number): Promise<void> {
  const text = `ERR Cannot accept the connection: at most ${connections} are possible at a time\n`;
  await writeAll(conn, encodeMessage({ kind: "text", text, terminated: true }));
  await writeAll(conn, encodeMessage({ kind: "close" }));
  await closeGently(conn, { input: conn, refused: true });
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await conn.write(bytes.subarray(done));
}

/**
 * Closes our side and waits until the client has closed its own: closing a connection on which data
 * still arrive would reset it, and the client would lose what it has not read yet.
 */
export async function closeGently(conn: Deno.TcpConn, { input, refused }: Ended): Promise<void> {
  await conn.closeWrite();
  const start = performance.now();
  let heard = start;
  const most = refused ? LINGER.refused : LINGER.most;
  const watch = setInterval(() => {
    const now = performance.now();
    if (now - heard > LINGER.silence || now - start > most) closeQuietly(conn);
  }, LINGER.silence / 4);
  const scrap = new Uint8Array(1 << 16);
  try {
    while (await input.read(scrap) !== null) heard = performance.now();
  } finally {
    clearInterval(watch);
  }
}

export function closeQuietly(conn: Deno.TcpConn): void {
  try {
    conn.close();
  } catch {
    // it was closed before
  }
}
