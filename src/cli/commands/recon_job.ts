/** One input of `recon`, from opening to the last file written. @module */
import { basename, join } from "node:path";
import { Runtime } from "../../graph/mod.ts";
import { dataFile, sha256File } from "../../io/checksum.ts";
import { openImage } from "../../io/open.ts";
import type { KspaceFile } from "../../io/types.ts";
import { EXAMPLE_MASK, openExample } from "../../recon/example.ts";
import { readKspace } from "../../recon/open.ts";
import { type Plan, planReconstruction } from "../../recon/plan.ts";
import { reconstruct } from "../../recon/reconstruct.ts";
import { type ReconReport, reconReport } from "../../recon/report.ts";
import { simulatedKspace } from "../../recon/simulated.ts";
import { dicomTags } from "../../io/dicom/tags.ts";
import { readYaml } from "../options/config.ts";
import type { CommandContext } from "../entry.ts";
import { EXAMPLE_NAME, outputPaths, writeImages } from "./recon_output.ts";
import { ProgressLine } from "../render/progress.ts";
import { methodRequest, type ReconRequest } from "../options/recon.ts";
import { inFreshFolder, writeJson } from "./output.ts";
import type { Progress, Reconstruction, ReconstructOptions } from "../../recon/types.ts";

/** One input and where its results go. */
export interface Job {
  /** Path; absent for the built-in example. */
  readonly input?: string;
  /** Folder of the results. */
  readonly folder: string;
}

/**
 * Plans a job.
 * @throws as `planReconstruction`
 */
export async function planJob(request: ReconRequest, { input }: Job): Promise<Plan> {
  await using runtime = await Runtime.open(request.device);
  using file = await openInput(runtime, request, input);
  return await planReconstruction(runtime, file, reconstructOptions(request, file, input));
}

/**
 * Reconstructs and writes; the folder of the results appears when it is complete.
 * @throws as `reconstruct`, and InputError when the folder cannot be written
 */
export async function runJob(
  request: ReconRequest,
  job: Job,
  context: CommandContext,
): Promise<ReconReport> {
  const start = performance.now();
  const { dicomTags: path } = request;
  const tags = path === undefined ? {} : dicomTags(await readYaml(path, "DICOM attributes"), path);
  await using runtime = await Runtime.open(request.device);
  using file = await openInput(runtime, request, job.input);
  return await inFreshFolder(job.folder, async (partial) => {
    const sha256 = job.input === undefined
      ? null
      : await sha256File(dataFile(file.path, file.format), context.signal);
    const images = await jobImages(runtime, file, { request, job, context });
    context.signal.throwIfAborted();
    const writeStart = performance.now();
    const sampled = images.result.drawn > 1;
    const source = sha256 ?? `${EXAMPLE_NAME} ${request.seed}`;
    await writeImages(partial, images.result, { ...request, ...images, source, tags, sampled });
    const now = performance.now();
    const report = reconReport(file, images.result, {
      sha256,
      seed: request.seed,
      outputs: outputPaths(job.folder, { ...request, sampled }),
      totalSeconds: (now - start) / 1000,
      writeSeconds: (now - writeStart) / 1000,
    });
    await writeJson(join(partial, "recon.json"), report);
    return report;
  });
}

interface JobImages {
  readonly result: Reconstruction;
  /** Of the built-in example, whose preview shows what a method is for. */
  readonly zeroFilled?: Reconstruction["magnitude"];
}

async function jobImages(
  runtime: Runtime,
  file: KspaceFile,
  { request, job: { input }, context: { console, signal } }: {
    request: ReconRequest;
    job: Job;
    context: CommandContext;
  },
): Promise<JobImages> {
  const { quiet } = request;
  if (!quiet) {
    for (const warning of file.warnings ?? []) {
      console.err(`${file.path}: ${warning}\n`);
    }
  }
  using progress = new ProgressLine(console, basename(input ?? EXAMPLE_NAME), { quiet });
  const options = { ...reconstructOptions(request, file, input), device: runtime, signal };
  const onProgress = (state: Progress) => progress.update(state);
  const result = await reconstruct(file, { ...options, onProgress });
  if (input !== undefined) return { result };
  const { model: _model, samples: _samples, ...plain } = options;
  const zeroFilled = { ...plain, method: "zero-filled", audit: "none" } as const;
  const { magnitude } = await reconstruct(file, zeroFilled);
  return { result, zeroFilled: magnitude };
}

/** The part of a request that says what an input is. */
export type InputRequest = Pick<ReconRequest, "simulate" | "domain" | "group" | "encoding">;

/**
 * Opens an input, or the built-in example; the caller disposes of it.
 * @throws {InputError} when it cannot be read
 */
export async function openInput(
  runtime: Runtime,
  { simulate, domain, group, encoding }: InputRequest,
  input: string | undefined,
): Promise<KspaceFile> {
  if (input === undefined) return await openExample(runtime, simulate);
  if (simulate === undefined) {
    return await readKspace(input, { runtime, domain, group, encoding });
  }
  const image = await openImage(input);
  try {
    return await simulatedKspace(runtime, image, simulate);
  } catch (error) {
    image[Symbol.dispose]();
    throw error;
  }
}

function reconstructOptions(
  request: ReconRequest,
  file: KspaceFile,
  input: string | undefined,
): ReconstructOptions {
  const { slices, audit } = request;
  return {
    ...methodRequest(request),
    audit: audit ? "prediction" : "consistency",
    mask: request.mask ?? (input === undefined ? EXAMPLE_MASK : undefined),
    slices: slices && [slices[0] ?? 0, slices[1] ?? file.slices],
  };
}
