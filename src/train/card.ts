/** The card of a trained model: how it was trained, how good it is, and its limits. @module */
import { readFile } from "node:fs/promises";
import type { DenoiserQuality } from "./denoiser_quality.ts";
import type { RunResult } from "./run.ts";
import type { ReconstructionKind, TrainingSettings } from "./options.ts";
import type { TrainedPrior } from "./prior.ts";
import type { TrainedReconstruction } from "./reconstruction.ts";
import { modelName } from "./model_files.ts";

const PICTURE = "![Loss and validation PSNR against the step](training.svg)";

/** What the card of a prior is written from. */
export interface PriorCardContent {
  readonly options: TrainingSettings;
  readonly run: TrainedPrior;
  /** Quality on validation images, if there were any. */
  readonly quality: readonly DenoiserQuality[];
  /** Pixels of each side of the validation images, and how many there were. */
  readonly validation: { readonly size: number; readonly count: number };
}

/** The card of a prior. */
export async function priorCard(content: PriorCardContent): Promise<string> {
  const { options, run } = content;
  const { sigmaData, volumes } = run;
  return sections(
    `# ${modelName(options.output)}`,
    "A denoiser of complex MR images, the prior of the samplers. Made by `deno task train`.",
    await trainingTable("prior", options, run, {
      sizes: `${options.crop} x ${options.crop}`,
      rows: [["sigma_data", sigmaData.toFixed(4)]],
    }),
    qualitySection(content),
    PICTURE,
    options.notes?.trim(),
    `## Volumes\n${volumes.map((volume) => `- ${volume}`).join("\n")}`,
  );
}

const ABOUT: Readonly<Record<ReconstructionKind, string>> = {
  varnet: "An end-to-end variational network (Sriram et al. 2020)",
  modl:
    "An unrolled denoiser with conjugate gradients (MoDL, Aggarwal et al. 2019), its weights shared",
  unet: "A U-Net on zero-filled magnitudes, the baseline of fastMRI (Zbontar et al. 2018)",
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
    await trainingTable(kind, options, run, { sizes: `${sizes.join(", ")}, in turn` }),
    rows.length > 0 ? `${RECON_QUALITY}\n\n| | PSNR |\n|---|---|\n${rows.join("\n")}` : undefined,
    PICTURE,
    options.notes?.trim(),
  );
}

function sections(...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join("\n\n") + "\n";
}

type Row = readonly [string, string];

/** How a network was trained, as a table. */
async function trainingTable(
  kind: string,
  options: TrainingSettings,
  { state, seconds, complete }: RunResult,
  { sizes, rows = [] }: { readonly sizes: string; readonly rows?: readonly Row[] },
): Promise<string> {
  const { batch, procedural } = options;
  const commit = await currentCommit();
  const all: readonly Row[] = [
    ["command", `\`${commandLine(kind, options)}\``],
    ["steps", `${state.step} of ${batch} images of ${sizes}`],
    ["drawn brains", procedural > 0 ? `${procedural} of the images` : "none"],
    ["time", `${clock(seconds)} (h:mm:ss)${complete ? "" : ", stopped early"}`],
    ["parameters", `${state.weights.length}`],
    ...rows,
    ...(commit === undefined ? [] : [["commit", commit] as const]),
  ];
  const lines = all.map((row) => `| ${row.join(" | ")} |`);
  return `## Training\n\n| | |\n|---|---|\n${lines.join("\n")}`;
}

/** The command that repeats the run. */
function commandLine(kind: string, options: TrainingSettings): string {
  const { data, output, batch, crop, seed, rate, hours, steps, from, procedural } = options;
  const flags = {
    data,
    output,
    ...(hours === undefined ? { steps } : { hours }),
    batch,
    crop,
    rate,
    seed,
    ...options.architecture,
    from,
    procedural: procedural > 0 ? procedural : undefined,
  };
  const words = Object.entries(flags).flatMap(([name, value]) =>
    value === undefined ? [] : value === true ? [`--${name}`] : [`--${name} ${value}`]
  );
  return `deno task train ${kind} ${words.join(" ")}`;
}

function qualitySection({ quality, validation }: PriorCardContent): string | undefined {
  if (quality.length === 0) return undefined;
  const rows = quality.map(({ sigma, noisy, denoised, actualError, predictedError }) =>
    `| ${sigma} | ${noisy.toFixed(2)} | ${denoised.toFixed(2)} | ${actualError.toPrecision(3)} | ${
      predictedError.toPrecision(3)
    } |`
  );
  return [
    "## Quality on validation volumes",
    `${validation.count} views of ${validation.size} x ${validation.size} of volumes that were not trained on ` +
    "(random pixel size, contrast and phase; the same for every model). PSNR in dB of complex images, peak 1 " +
    "(bright tissue). Errors are roots of the mean squared error of real and imaginary parts: actual, and as the " +
    "denoiser predicts it (sigma times the root of the mean diagonal of its Jacobian).",
    "| sigma | noisy | denoised | actual error | predicted error |\n|---|---|---|---|---|\n" +
    rows.join("\n"),
  ].join("\n\n");
}

/** The commit of the repository this file lies in; undefined where there is none. */
async function currentCommit(): Promise<string | undefined> {
  const git = new URL("../../.git/", import.meta.url);
  try {
    const head = (await readFile(new URL("HEAD", git), "utf8")).trim();
    if (!head.startsWith("ref: ")) return head;
    return (await readFile(new URL(head.slice(5), git), "utf8")).trim();
  } catch {
    return undefined;
  }
}

/** Seconds as h:mm:ss. */
export function clock(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
}
