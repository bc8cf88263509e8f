/**
 * The worker in which HDF5 files are read; worker_client.ts starts it, and stops it when libhdf5
 * loops without end on a damaged file.
 * @module
 */
import { InputError } from "../../errors.ts";
import { serveParent } from "../../host.ts";
import { MrdRecords } from "../mrd/hdf5_records.ts";
import { fastmriKspace, readReference } from "./fastmri.ts";
import type { KspaceDataset } from "./kspace_dataset.ts";
import { Hdf5File, hdf5IsTrapped } from "./library.ts";
import { isMatlab, matlabKspace } from "./matlab.ts";
import type { Hdf5Answer, Hdf5Request, Hdf5Results, OpenRequest } from "./worker_client.ts";

const files = new Map<number, KspaceDataset | MrdRecords>();
let nextHandle = 0;

function keep(file: KspaceDataset | MrdRecords): number {
  files.set(nextHandle, file);
  return nextHandle++;
}

/** Opens a file; closes it when that fails, or it does not hold what is asked for. */
async function open(request: OpenRequest): Promise<KspaceDataset | MrdRecords | undefined> {
  const file = await Hdf5File.open(request.path);
  let opened: KspaceDataset | MrdRecords | undefined;
  try {
    if (request.kind === "openMrd") opened = MrdRecords.find(file, request.group);
    else {
      const layout = request.layout ?? (isMatlab(file) ? "matlab" : "fastmri");
      opened = layout === "matlab" ? matlabKspace(file) : fastmriKspace(file);
    }
    return opened;
  } finally {
    if (opened === undefined) file[Symbol.dispose]();
  }
}

async function serve(request: Hdf5Request): Promise<Hdf5Results[keyof Hdf5Results]> {
  if (request.kind === "open" || request.kind === "openMrd") {
    const file = await open(request);
    if (file === undefined) return null;
    if (file instanceof MrdRecords) return { handle: keep(file), description: file.description };
    return { handle: keep(file), description: file.description };
  }
  const file = files.get(request.handle)!;
  if (request.kind === "readBox") {
    const dataset = file as KspaceDataset;
    dataset.check(request.count);
    return { values: dataset.read(request.start, request.count) };
  }
  if (request.kind === "facts") {
    (file as KspaceDataset).check(request.count);
    return (file as KspaceDataset).facts(request);
  }
  if (request.kind === "readReference") {
    return readReference((file as KspaceDataset).file, request.slice, request.shape);
  }
  if (request.kind === "readMrd") return (file as MrdRecords).read(request);
  files.delete(request.handle);
  file[Symbol.dispose]();
  return null;
}

serveParent(async (request: Hdf5Request, reply: (a: Hdf5Answer, moved: ArrayBuffer[]) => void) => {
  let answer: Hdf5Answer;
  let moved: ArrayBuffer[] = [];
  try {
    const result = await serve(request);
    // Arrays are handed over rather than copied.
    const arrays = Object.values(result ?? {}).filter(ArrayBuffer.isView);
    moved = arrays.map(({ buffer }) => buffer as ArrayBuffer);
    answer = { result };
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : new Error(String(cause));
    const hint = cause instanceof InputError ? cause.hint : undefined;
    answer = { error: { name, message, hint }, fatal: hdf5IsTrapped() };
  }
  reply(answer, moved);
});
