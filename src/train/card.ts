/** The card of a trained model: how it was trained, how good it is, and its limits. @module */
import { currentCommit } from "../provenance.ts";
import type { DenoiserQuality } from "./validation.ts";
import type { RunResult } from "./run.ts";
import type { ReconstructionKind, TrainingSettings } from "./options.ts";
import type { TrainedPrior } from "./prior.ts";
import type { TrainedReconstruction } from "./reconstruction.ts";
import { modelName } from "./model_files.ts";

const PICTURE = "![Loss and validation PSNR against the step](training.svg)";

/** Quality of a denoiser on validation images, their number and the pixels of each side. */
export interface MeasuredQuality {
  readonly rows: readonly DenoiserQuality[];
  readonly count: number;
  readonly size: number;
}

/** The card of a prior. */
export async function priorCard(
  options: TrainingSettings,
  run: TrainedPrior,
  quality?: MeasuredQuality,
): Promise<string> {
  return sections(
    `# ${modelName(options.output)}`,
    "A denoiser of complex MR images, the prior of the samplers. Made by `deno task train`.",
    await trainingTable("prior", options, run, `${options.crop} x ${options.crop}`, {
      sigma_data: run.sigmaData.toFixed(4),
    }),
    quality && qualitySection(quality),
    PICTURE,
    options.notes?.trim(),
    `## Volumes\n${run.volumes.map((volume) => `- ${volume}`).join("\n")}`,
  );
}

const ABOUT: Readonly<Record<ReconstructionKind, string>> = {
  varnet: "An end-to-end variational network (Sriram et al. 2020)",
  modl:
    "An unrolled denoiser with conjugate gradients (MoDL, Aggarwal et al. 2019), its weights shared",
  neumann: "A Neumann network (Gilton, Ongie and Willett 2020), its regulariser a U-Net",
  swinir: "A Swin transformer on zero-filled complex images (SwinIR, Liang et al. 2021)",
  humus: "HUMUS-Net in a small size (Fabian et al. 2022)",
  unet:
    "A U-Net baseline, of zero-filled magnitudes (fastMRI; Zbontar et al. 2018) or of least-squares images (Jin et al. 2017)",
};

const RECON_QUALITY =
  "## Quality while training\n\nMean PSNR in dB over the head of views of validation volumes, against the root sum " +
  "of squares of all samples (random coils, equispaced lines, noise of 0.015 of bright tissue).";

/** The card of a reconstruction network. */
export async function reconCard(
  kind: ReconstructionKind,
  options: TrainingSettings,
  run: TrainedReconstruction,
): Promise<string> {
  const measured = run.history.findLast(({ psnr }) => psnr !== undefined)?.psnr ?? {};
  const rows = Object.entries(measured).map(([name, db]) => `| R=${name} | ${db.toFixed(2)} |`);
  const sizes = run.sizes.map(({ coils, height, width }) =>
    `${height} x ${width} (${coils} coils)`
  );
  return sections(
    `# ${modelName(options.output)}`,
    `${ABOUT[kind]}. Made by \`deno task train\`.`,
    await trainingTable(kind, options, run, `${sizes.join(", ")}, in turn`),
    rows.length > 0 ? `${RECON_QUALITY}\n\n| | PSNR |\n|---|---|\n${rows.join("\n")}` : undefined,
    PICTURE,
    options.notes?.trim(),
  );
}

function sections(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join("\n\n") + "\n";
}

/** How a network was trained, as a table. */
async function trainingTable(
  kind: string,
  options: TrainingSettings,
  { state, seconds, complete }: RunResult,
  sizes: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { batch, procedural } = options;
  const rows = {
    command: `\`${commandLine(kind, options)}\``,
    steps: `${state.step} of ${batch} images of ${sizes}`,
    "drawn brains": procedural > 0 ? `${procedural} of the images` : "none",
    time: `${clock(seconds)} (h:mm:ss)${complete ? "" : ", stopped early"}`,
    parameters: `${state.weights.length}`,
    ...more,
    commit: await currentCommit(),
  };
  const lines = Object.entries(rows).filter(([, value]) => value !== undefined)
    .map((row) => `| ${row.join(" | ")} |`);
  return `## Training\n\n| | |\n|---|---|\n${lines.join("\n")}`;
}

/** The command that repeats the run. */
function commandLine(kind: string, options: TrainingSettings): string {
  const { data, output, batch, crop, seed, rate, hours, from, procedural, architecture } = options;
  const steps = hours === undefined ? options.steps : undefined;
  const drawn = { procedural: procedural > 0 ? procedural : undefined };
  const sizes = { batch, crop, rate, seed, ...architecture };
  const flags = { data, output, steps, hours, ...sizes, from, ...drawn };
  const words = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name} ${value}`]
  );
  return `deno task train ${kind} ${words.join(" ")}`;
}

function qualitySection({ rows, count, size }: MeasuredQuality): string {
  const lines = rows.map(({ sigma, noisy, denoised, actualError, predictedError }) => {
    const errors = [actualError, predictedError].map((error) => error.toPrecision(3));
    const cells = [sigma, noisy.toFixed(2), denoised.toFixed(2), ...errors];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "## Quality on validation volumes",
    `${count} views of ${size} x ${size} of volumes that were not trained on ` +
    "(random pixel size, contrast and phase; the same for every model). PSNR in dB of complex images, peak 1 " +
    "(bright tissue). Errors are roots of the mean squared error of real and imaginary parts: actual, and as the " +
    "denoiser predicts it (sigma times the root of the mean diagonal of its Jacobian).",
    "| sigma | noisy | denoised | actual error | predicted error |\n|---|---|---|---|---|\n" +
    lines.join("\n"),
  ].join("\n\n");
}

/** Seconds as h:mm:ss. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}
