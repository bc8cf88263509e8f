/** The card of a trained prior: what was done and what was measured. @module */
import type { DenoiserQuality } from "../nn/mod.ts";
import { clock } from "./train_loop.ts";
import type { TrainedPrior } from "./train_prior.ts";
import type { TrainRequest } from "./train_options.ts";

/** What a card tells. */
export interface CardContent {
  /** Name of the model. */
  readonly name: string;
  /** What the run was told. */
  readonly request: TrainRequest;
  /** The run. */
  readonly run: TrainedPrior;
  /** Quality on validation images, if there were any. */
  readonly quality: readonly DenoiserQuality[];
  /** Pixels of each side of the validation images, and how many there were. */
  readonly validation: { readonly size: number; readonly count: number };
  /** Commit of the repository, if known. */
  readonly commit?: string;
  /** Licences and limits, written by hand. */
  readonly notes: string;
}

/** The text of card.md. */
export function priorCard(content: CardContent): string {
  const { name, run, notes } = content;
  return [
    `# ${name}`,
    "A denoiser of complex MR images, the prior of the samplers. Made by `deno task train`.",
    trainingSection(content),
    qualitySection(content),
    "![Loss and validation PSNR against the step](training.png)",
    notes.trim(),
    `## Volumes\n${run.settings.volumes.map((volume) => `- ${volume}`).join("\n")}`,
  ].filter((part) => part !== "").join("\n\n") + "\n";
}

function trainingSection({ request, run, commit }: CardContent): string {
  const { batch, crop, seed, sigmaData } = run.settings;
  const length = request.hours === undefined
    ? `--steps ${request.steps}`
    : `--hours ${request.hours}`;
  const rows = [
    [
      "command",
      `\`deno task train prior --data ${request.data} ${length} --batch ${batch} --crop ${crop} --rate ${request.rate} --seed ${seed}\``,
    ],
    ["steps", `${run.state.step} of ${batch} crops of ${crop} x ${crop}`],
    ["time", `${clock(run.seconds)} (h:mm:ss)${run.complete ? "" : ", stopped early"}`],
    ["parameters", `${run.state.weights.length}`],
    ["sigma_data", sigmaData.toFixed(4)],
    ...(commit === undefined ? [] : [["commit", commit]]),
  ];
  return `## Training\n| | |\n|---|---|\n${rows.map((row) => `| ${row.join(" | ")} |`).join("\n")}`;
}

function qualitySection({ quality, validation }: CardContent): string {
  if (quality.length === 0) return "";
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
