/** A worker of the streaming server: reconstructs the sessions that are sent to it. @module */
/// <reference lib="deno.worker" />
import { LarmorError } from "../errors.ts";
import { Runtime } from "../graph/mod.ts";
import { LocalWork } from "./slice_work.ts";
import type { Processor, Work, WorkerAnswer, WorkerRequest, WorkEvent } from "./types.ts";

const sessions = new Map<number, Work>();
let processor: Processor | undefined;

self.onmessage = async ({ data }: MessageEvent<WorkerRequest>) => {
  if (data.kind === "start") return await start(data);
  const { session } = data;
  const work = sessions.get(session);
  switch (data.kind) {
    case "open": {
      let ended = false; // a header that makes no sense ends it at once
      const onEvent = (event: WorkEvent) => {
        ended ||= event.kind === "done" || event.kind === "failed";
        if (ended) sessions.delete(session);
        const buffers = event.kind === "image" ? [event.bytes.buffer] : [];
        answer({ kind: "event", session, event }, buffers);
      };
      const opened = new LocalWork(data.request, { ...processor!, onEvent });
      if (!ended) sessions.set(session, opened);
      break;
    }
    case "acquisition":
      work?.push(data.acquisition);
      break;
    case "finish":
      work?.finish();
      break;
    case "abort":
      work?.abort();
      sessions.delete(session);
  }
};

/** Opens the device once: a missing one is reported before the first session. */
async function start({ device: request, threads }: Processor): Promise<void> {
  try {
    await using runtime = await Runtime.open(request, { threads });
    const { device } = runtime;
    processor = { device, threads };
    answer({ kind: "ready", device });
  } catch (error) {
    const { message, hint } = error as LarmorError;
    answer({ kind: "absent", message, hint });
  }
}

function answer(message: WorkerAnswer, transfer: Transferable[] = []): void {
  self.postMessage(message, transfer);
}
