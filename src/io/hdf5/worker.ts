/**
 * The worker in which HDF5 files are read; worker_client.ts starts it, and stops it when libhdf5
 * loops without end on a damaged file.
 * @module
 */
import { parentPort } from "node:worker_threads";
import { InputError } from "../../errors.ts";
import { MrdRecords } from "../mrd/hdf5_records.ts";
import type { KspaceFile } from "../types.ts";
import { fastmriKspace } from "./fastmri.ts";
import { Hdf5File, hdf5IsTrapped } from "./library.ts";
import { isMatlab, matlabKspace } from "./matlab.ts";
import type { Hdf5Answer, Hdf5Layout, Hdf5Request, Hdf5Results } from "./worker_messages.ts";

const files = new Map<number, KspaceFile | MrdRecords>();
let nextHandle = 0;

function keep(file: KspaceFile | MrdRecords): number {
  files.set(nextHandle, file);
  return nextHandle++;
}

/** Opens a file in the layout asked for, or in the one that it has; it is closed on failure. */
async function openLayout(path: string, layout: Hdf5Layout | undefined): Promise<KspaceFile> {
  const file = await Hdf5File.open(path);
  try {
    layout ??= isMatlab(file) ? "matlab" : "fastmri";
    return layout === "matlab" ? matlabKspace(file) : fastmriKspace(file);
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

/** The ISMRMRD measurement in a file; null, and closed, when there is none. */
async function openMrd(path: string, group: string | undefined): Promise<MrdRecords | null> {
  const file = await Hdf5File.open(path);
  try {
    const records = MrdRecords.find(file, group);
    if (records === undefined) file[Symbol.dispose]();
    return records ?? null;
  } catch (error) {
    file[Symbol.dispose]();
    throw error;
  }
}

async function serve(request: Hdf5Request): Promise<Hdf5Results[keyof Hdf5Results]> {
  if (request.kind === "open") {
    const file = await openLayout(request.path, request.layout);
    const { readSlice: _readSlice, [Symbol.dispose]: _dispose, ...description } = file;
    return { handle: keep(file), description };
  }
  if (request.kind === "openMrd") {
    const records = await openMrd(request.path, request.group);
    return records && { handle: keep(records), description: records.description };
  }
  const file = files.get(request.handle)!;
  if (request.kind === "read") return await (file as KspaceFile).readSlice(request.slice);
  if (request.kind === "readMrd") return (file as MrdRecords).read(request);
  files.delete(request.handle);
  file[Symbol.dispose]();
  return null;
}

/** Buffers of an answer that are handed over rather than copied. */
function buffersOf(result: Hdf5Results[keyof Hdf5Results]): ArrayBuffer[] {
  if (result === null) return [];
  return Object.values(result).filter(ArrayBuffer.isView).map(({ buffer }) =>
    buffer as ArrayBuffer
  );
}

parentPort?.on("message", async (request: Hdf5Request) => {
  let answer: Hdf5Answer;
  const moved: ArrayBuffer[] = [];
  try {
    const result = await serve(request);
    moved.push(...buffersOf(result));
    answer = { result };
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const hint = cause instanceof InputError ? cause.hint : undefined;
    answer = { error: { name, message, hint }, fatal: hdf5IsTrapped() };
  }
  parentPort!.postMessage(answer, moved);
});
