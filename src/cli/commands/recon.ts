/** `deno task recon`: k-space in, images out. @module */
import { basename, join } from "node:path";
import { InputError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { dataFile, sha256File } from "../../io/checksum.ts";
import { dicomTags } from "../../io/dicom/tags.ts";
import { openImage } from "../../io/open.ts";
import type { KspaceFile } from "../../io/types.ts";
import { EXAMPLE_MASK, openExample } from "../../recon/example.ts";
import { readKspace } from "../../recon/open.ts";
import { reconstruct } from "../../recon/reconstruct.ts";
import { type Provenance, reconReport, REPORT_SCHEMA } from "../../recon/report.ts";
import { simulatedKspace } from "../../recon/simulated.ts";
import type { Reconstruction, ReconstructOptions } from "../../recon/types.ts";
import { findMethod, methodOfModel } from "../../recon/methods.ts";
import { cores } from "../../host.ts";
import { software } from "../../provenance.ts";
import process from "node:process";
import type { Warning } from "../../warning.ts";
import {
  combinedCode,
  type CommandContext,
  describeFailure,
  type Failure,
  isFatal,
  reportFailure,
} from "../entry.ts";
import { inFreshFolder, jsonLine, writeJson } from "../files.ts";
import { readYaml } from "../options/config.ts";
import { againWarnings, NOT_REPEATED, readRun } from "../options/again.ts";
import { command, type CommandLine } from "../options/help.ts";
import { setText } from "../options/values.ts";
import {
  checkRecon,
  methodRequest,
  RECON,
  type ReconRequest,
  requireMaps,
} from "../options/recon.ts";
import { warn } from "../render/console.ts";
import { planText, reportText } from "../render/console_format.ts";
import { ProgressLine } from "../render/progress.ts";
import { EXAMPLE_NAME, outputFolders, outputPaths, writeImages } from "./recon_output.ts";
import { checkPipe, runPipe } from "./recon_pipe.ts";
import { planCommand } from "./recon_plan.ts";

/** One input (absent: the built-in example) and the folder of its results. */
interface Job {
  readonly input?: string;
  readonly folder: string;
}

/** Reconstructs every input; one that fails does not stop the rest. */
export const recon = command(RECON, async (asked, context, line) => {
  const request = checkRecon(asked);
  const { console } = context;
  if (request.stdin || request.stdout) {
    checkPipe(request);
    return await runPipe(request, context);
  }
  const failures: Failure[] = [];
  let begun = context.begun ?? performance.now();
  for (const [i, folder] of outputFolders(request).entries()) {
    const input: string | undefined = request.inputs[i];
    const job = { folder, input };
    try {
      requireMaps(await methodOfModel(request), request);
      console.out(
        request.dryRun
          ? await plan(request, job, begun)
          : await runJob(request, job, context, line),
      );
    } catch (error) {
      const { message: said, ...failure } = describeFailure(error);
      const message = said.includes(input ?? "") ? said : `${input}: ${said}`;
      failures.push({ ...failure, message });
      if (request.json) {
        const { code, hint = null } = failure;
        const found = { path: input ?? null };
        const line = { schema: REPORT_SCHEMA, input: found, error: { code, message, hint } };
        console.out(jsonLine(line));
      }
      reportFailure(console, { ...failure, message }, error, request.verbose);
      if (isFatal(error)) break;
    }
    begun = performance.now();
  }
  return combinedCode(failures.map(({ code }) => code));
});

/** @param begun when the work for this input began, as `performance.now()` */
async function plan(request: ReconRequest, { input, folder }: Job, begun: number): Promise<string> {
  await using runtime = await Runtime.open(request.device, request);
  using file = await openInput(runtime, request, input);
  const options = { ...reconstructOptions(request, file, input), device: runtime };
  const plan = await planCommand(file, options, {
    spent: (performance.now() - begun) / 1000,
    hashed: input !== undefined,
    outputs: ({ samples, errorBars }) =>
      outputPaths(folder, { ...request, errorBars, sampled: samples > 1 }),
    shown: input === undefined ? { ...options, ...ZERO_FILLED } : undefined,
  });
  return request.json ? jsonLine(plan) : planText(plan, plan.outputs);
}

/** The plainest method, which takes none of the options of the others. */
const ZERO_FILLED = {
  method: "zero-filled",
  steps: undefined,
  weight: undefined,
  model: undefined,
  samples: undefined,
  settings: undefined,
  audit: "none",
  errorBars: false,
} as const;

/** Reconstructs and writes; the folder of the results appears when it is complete. */
async function runJob(
  request: ReconRequest,
  { input, folder }: Job,
  { console, signal }: CommandContext,
  line: CommandLine,
): Promise<string> {
  const start = performance.now();
  const { seed, quiet, strict, dicomTags: path } = request;
  const tags = path === undefined ? {} : dicomTags(await readYaml(path, "DICOM attributes"), path);
  const before = request.again === undefined ? undefined : await readRun(request.again);
  await using runtime = await Runtime.open(request.device, request);
  using file = await openInput(runtime, request, input);
  if (strict) requireNoWarning(file.warnings);
  return await inFreshFolder(folder, async (partial) => {
    const sha256 = input === undefined
      ? null
      : await sha256File(dataFile(file.path, file.format), signal);
    if (before !== undefined && before.input.sha256 !== sha256) {
      throw new InputError(
        `Cannot repeat ${request.again}: the same data are required, found others in ${file.path}`,
        { hint: "The file has changed, or is another one: its SHA-256 differs" },
      );
    }
    const options = { ...reconstructOptions(request, file, input), device: runtime, signal };
    let result: Reconstruction;
    {
      using progress = new ProgressLine(console, basename(input ?? EXAMPLE_NAME), { quiet });
      result = await reconstruct(file, {
        ...options,
        onProgress: (state) => progress.update(state),
      });
    }
    if (strict) requireNoWarning(result.warnings);
    if (!quiet) result.warnings.forEach((warning) => warn(console, file.path, warning));
    if (!quiet && !result.geometry?.known && input !== undefined) {
      console.err(
        `${file.path}: says nothing of the orientation; recon.nii.gz has none (--orientation CODE ` +
          "sets it)\n",
      );
    }
    // The preview of the built-in example shows what a method is for.
    const zeroFilled = input === undefined
      ? (await reconstruct(file, { ...options, ...ZERO_FILLED })).magnitude
      : undefined;
    signal.throwIfAborted();
    const writeStart = performance.now();
    const output = {
      ...request,
      sampled: result.drawn > 1,
      errorBars: result.error90 !== undefined,
      added: result.added !== undefined,
    };
    const source = sha256 ?? `${EXAMPLE_NAME} ${seed}`;
    const remade = await provenance(request, line, result);
    const described = { source, tags, provenance: remade };
    await writeImages(partial, result, { ...output, ...described, zeroFilled });
    const now = performance.now();
    const made = reconReport(file, result, {
      provenance: remade,
      sha256,
      seed,
      outputs: outputPaths(folder, output),
      totalSeconds: (now - start) / 1000,
      writeSeconds: (now - writeStart) / 1000,
    });
    const changes = before === undefined ? [] : againWarnings(before, made);
    if (!quiet) changes.forEach((warning) => warn(console, file.path, warning));
    const report = { ...made, warnings: [...made.warnings, ...changes] };
    await writeJson(join(partial, "recon.json"), report);
    return request.json ? jsonLine(report) : reportText(report);
  });
}

/** What remakes a result: the options that were given or have defaults, and what the method chose. */
async function provenance(
  { threads = cores() }: ReconRequest,
  { args, inForce }: CommandLine,
  { method, steps, drawn, settings }: Reconstruction,
): Promise<Provenance> {
  const found = findMethod(method);
  const chosen = {
    ...(found.fixedSteps ? {} : { steps: String(steps) }),
    ...(found.samples ? { samples: String(drawn) } : {}),
    ...(settings === undefined ? {} : { set: setText(settings) }),
  };
  const options = Object.entries({ ...inForce, ...chosen })
    .filter(([name]) => !NOT_REPEATED.some((other) => other === name));
  return {
    ...await software(),
    command: ["recon", ...args],
    options: Object.fromEntries(options),
    folder: process.cwd(),
    threads,
  };
}

/** @throws {InputError} when there is a warning, which is an error with `--strict` */
function requireNoWarning(warnings: readonly Warning[] = []): void {
  if (warnings.length === 0) return;
  const messages = warnings.map(({ message }) => message).join("; ");
  throw new InputError(`Cannot reconstruct with --strict: ${messages}`, {
    hint: warnings.find(({ hint }) => hint)?.hint ?? "Without --strict this is a warning",
  });
}

/** Opens an input, or the built-in example; the caller disposes of it. */
export async function openInput(
  runtime: Runtime,
  { simulate, whiten, orientation, ...read }:
    & Pick<ReconRequest, "simulate" | "domain" | "axes" | "dc" | "origin">
    & Pick<ReconRequest, "group" | "encoding" | "fourierSign" | "measurement">
    & Partial<Pick<ReconRequest, "orientation" | "whiten">>,
  input: string | undefined,
): Promise<KspaceFile> {
  if (input === undefined) return await openExample(runtime, simulate);
  if (simulate === undefined) {
    const { domain, axes, dc, origin, group, encoding, fourierSign, measurement } = read;
    const options = { domain, axes, dc, origin, group, encoding, fourierSign, measurement };
    // Another noise scan than the file's holds for coils as they were measured.
    const noiseScans = whiten === undefined || whiten === "auto";
    return await readKspace(input, { runtime, ...options, noiseScans, orientation });
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
    errorBars: request.errorBars,
    audit: audit ? "prediction" : "consistency",
    mask: request.mask ?? (input === undefined ? EXAMPLE_MASK : undefined),
    slices: slices && [slices[0] ?? 0, slices[1] ?? file.slices],
  };
}
