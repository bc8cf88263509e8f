/** `deno task recon`: k-space in, images out. @module */
import {
  combinedCode,
  type CommandContext,
  describeFailure,
  type Failure,
  isFatal,
  reportFailure,
  runCommand,
} from "../entry.ts";
import { command } from "../options/help.ts";
import { type Job, planJob, runJob } from "./recon_job.ts";
import { jsonLine } from "../files.ts";
import { outputFolders, outputPaths } from "./recon_output.ts";
import { checkPipe, runPipe } from "./recon_pipe.ts";
import { checkRecon, RECON, type ReconRequest } from "../options/recon.ts";
import { planText, reportText } from "../render/console_format.ts";
import { REPORT_SCHEMA } from "../../recon/report.ts";

/** Reconstructs every input; one that fails does not stop the rest. */
export const recon = command(RECON, async (line, context) => {
  const request = checkRecon(line);
  if (request.stdin || request.stdout) {
    checkPipe(request);
    return await runPipe(request, context);
  }
  const folders = outputFolders(request);
  const jobs = folders.map((folder, i): Job => ({ folder, input: request.inputs[i] }));
  const failures: Failure[] = [];
  for (const job of jobs) {
    try {
      context.console.out(await jobOutput(request, job, context));
    } catch (error) {
      const failure = failureOf(error, job);
      failures.push(failure);
      if (request.json) {
        const { code, message, hint = null } = failure;
        const input = { path: job.input ?? null };
        const line = { schema: REPORT_SCHEMA, input, error: { code, message, hint } };
        context.console.out(jsonLine(line));
      }
      reportFailure(context.console, failure, error, request.verbose);
      if (isFatal(error)) break;
    }
  }
  return combinedCode(failures.map(({ code }) => code));
});

async function jobOutput(
  request: ReconRequest,
  job: Job,
  context: CommandContext,
): Promise<string> {
  if (request.dryRun) {
    const plan = await planJob(request, job);
    const outputs = outputPaths(job.folder, { ...request, sampled: plan.samples > 1 });
    return request.json ? jsonLine({ ...plan, outputs }) : planText(plan, outputs);
  }
  const report = await runJob(request, job, context);
  return request.json ? jsonLine(report) : reportText(report);
}

function failureOf(error: unknown, { input }: Job): Failure {
  const failure = describeFailure(error);
  if (input === undefined || failure.message.includes(input)) return failure;
  return { ...failure, message: `${input}: ${failure.message}` };
}

if (import.meta.main) await runCommand(recon);
