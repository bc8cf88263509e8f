/** The worker that reads and reconstructs; the page ends it to cancel. @module */
import { LarmorError } from "../../errors.ts";
import { abs, Runtime, sub } from "../../graph/mod.ts";
import { dataFile, sha256File } from "../../io/checksum.ts";
import { writeNifti } from "../../io/nifti/write.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { type NdArray } from "../../ndarray.ts";
import { findMethod } from "../../recon/methods.ts";
import { planReconstruction } from "../../recon/plan.ts";
import { reconstruct } from "../../recon/reconstruct.ts";
import { type Provenance, reconReport } from "../../recon/report.ts";
import type { Reconstruction } from "../../recon/types.ts";
import { VERSION } from "../../version.ts";
import { readBytes } from "../host/host.ts";
import { webThreads } from "../host/onnxruntime.ts";
import type { Catalog, Done, Found, Reply, Request, Source, Task, Volumes } from "../messages.ts";
import { openSource } from "./input.ts";
import { fetchModel, fetchOwn } from "./models.ts";

/** Part of the pixels (per cent) that is not white. */
const WINDOW_PERCENTILE = 99.5;

/** The part of a worker's own scope that is used. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<Request>) => void) | null;
  postMessage(message: Reply, transfer?: Transferable[]): void;
}
const scope = globalThis as unknown as WorkerScope;

const progress = (what: string, fraction: number) =>
  scope.postMessage({ kind: "progress", what, fraction });

let catalog: Promise<Catalog> | undefined;
const loadCatalog = () => catalog ??= fetchOwn("catalog.json").then((response) => response.json());

/** What is in a file. */
async function look(source: Source): Promise<Found> {
  progress("open the file", 0);
  await using runtime = await Runtime.open("cpu");
  const { file, simulated } = await openSource(runtime, source);
  using _open = file;
  const plan = await planReconstruction(file, { method: "rss", device: runtime });
  const { input, mask, full, warnings, image } = plan;
  return { input, mask, full, warnings, image, slices: file.slices, simulated };
}

async function run(source: Source, task: Task): Promise<Done> {
  const start = performance.now();
  const { device, model = findMethod(task.method).defaultModel, ...options } = task;
  if (model) {
    await fetchModel(await loadCatalog(), model, (part) => progress(`fetch ${model}`, part));
  }
  progress("start onnxruntime", 0);
  await using runtime = await Runtime.open(device);
  progress("open the file", 0);
  const { file } = await openSource(runtime, source);
  using _open = file;
  const result = await reconstruct(file, {
    ...options,
    model: task.model,
    device: runtime,
    onProgress: ({ stage, slice, slices, fraction }) =>
      progress(`${stage}, slice ${slice + 1} of ${slices}`, fraction),
  });
  progress("write", 1);
  const sha256 = source.files.length > 0
    ? await sha256File(dataFile(file.path, file.format))
    : null;
  const report = reconReport(file, result, {
    sha256,
    seed: task.seed,
    provenance: await provenance(task, result),
    totalSeconds: (performance.now() - start) / 1000,
    outputs: { magnitude: "recon.nii.gz", ...(result.std && { std: "std.nii.gz" }) },
  });
  const white = percentile(result.magnitude.data, WINDOW_PERCENTILE);
  return { report, volumes: await volumes(runtime, result), white, threads: webThreads() };
}

async function provenance(task: Task, { method, steps }: Reconstruction): Promise<Provenance> {
  const { commit } = await loadCatalog();
  const fixed = findMethod(method).fixedSteps;
  const options = Object.entries({ ...task, method, steps: fixed ? undefined : steps })
    .flatMap(([name, value]) => value === undefined ? [] : [[name, `${value}`] as const]);
  return {
    version: VERSION,
    commit,
    runtime: navigator.userAgent,
    platform: "browser",
    command: [],
    options: Object.fromEntries(options),
    folder: "",
    threads: webThreads(),
  };
}

/** Images as NIfTI; what is not there is left out. */
async function volumes(runtime: Runtime, result: Reconstruction): Promise<Volumes> {
  const { magnitude, std, reference, geometry, frames, method, steps, mask } = result;
  const made = `larmor ${VERSION} ${method} ${steps} steps, ${mask.spec}`;
  const nifti = async (name: string, image: NdArray) => {
    const path = `outputs/${name}.nii`;
    await writeNifti(path, { image, geometry, frames, description: `${name}, ${made}` });
    return [name, await readBytes(path)] as const;
  };
  const error = reference && await difference(runtime, magnitude, reference);
  const all = Object.entries({ image: magnitude, std, reference, error });
  const there = all.filter((entry): entry is [string, NdArray] => entry[1] !== undefined);
  return Object.fromEntries(
    await Promise.all(there.map(([name, image]) => nifti(name, image))),
  ) as unknown as Volumes;
}

async function difference(runtime: Runtime, x: NdArray, y: NdArray): Promise<NdArray> {
  const program = await runtime.build({ x: x.shape, y: y.shape }, ({ x, y }) => ({
    error: abs(sub(x, y)),
  }));
  return (await program.run({ x, y })).error;
}

async function answer(request: Request): Promise<Reply> {
  try {
    return request.kind === "look"
      ? { kind: "found", found: await look(request.source) }
      : { kind: "done", done: await run(request.source, request.task) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof LarmorError) return { kind: "failed", message, hint: error.hint };
    return {
      kind: "failed",
      message: `This is a bug of Larmor: ${message}`,
      hint: error instanceof Error ? error.stack : undefined,
    };
  }
}

scope.onmessage = async ({ data }) => {
  const reply = await answer(data);
  const moved = reply.kind === "done"
    ? Object.values(reply.done.volumes).map((bytes: Uint8Array<ArrayBuffer>) => bytes.buffer)
    : [];
  scope.postMessage(reply, moved);
};
