/**
 * An ISMRMRD file made of the bytes of a stream.
 * @module
 */
import { LarmorError } from "../errors.ts";
import { ByteReader } from "../io/mrd/byte_reader.ts";
import { MessageReader } from "../io/mrd/message_reader.ts";
import type { MessageLimits } from "../io/mrd/messages.ts";
import { MrdWriter } from "../io/mrd/mrd_writer.ts";

/** What became of a stream. */
export interface KeptStream {
  /** Acquisitions in the file. */
  readonly acquisitions: number;
  /** Why not all of it is in the file; undefined when it is. */
  readonly error?: LarmorError;
}

/**
 * Writes the header, acquisitions and waveforms of a stream as an ISMRMRD file. Of a stream that is
 * cut off, what came before; without a header there is no file.
 * @throws {InputError} when the file cannot be written
 */
export async function keepStream(
  stream: string,
  file: string,
  limits?: MessageLimits,
): Promise<KeptStream> {
  using source = await Deno.open(stream);
  const messages = new MessageReader(new ByteReader(source), limits);
  let writer: MrdWriter | undefined;
  let acquisitions = 0;
  try {
    for (;;) {
      const message = await readable(() => messages.next());
      if (message instanceof LarmorError) {
        await writer?.finish();
        return { acquisitions, error: message };
      }
      if (message === undefined || message.kind === "close") break;
      if (message.kind === "header") writer ??= await MrdWriter.create(file, message.text);
      if (message.kind === "waveform") writer?.appendWaveform(message.waveform);
      if (message.kind === "acquisition" && writer !== undefined) {
        writer.append(message.acquisition);
        acquisitions++;
      }
    }
    await writer?.finish();
    return { acquisitions };
  } finally {
    await writer?.[Symbol.asyncDispose]();
  }
}

/** What is read, or why it cannot be. */
async function readable<T>(read: () => Promise<T>): Promise<T | LarmorError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LarmorError) return error;
    throw error;
  }
}
