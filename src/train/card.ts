import { type DenoiserQuality } from "./denoiser_report.ts";
import { clock, type LoopResult } from "./loop.ts";
import type { TrainedPrior } from "./train_prior.ts";
import type { TrainRequest } from "../cli/options/train.ts";

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
  return trainingTable("prior", request, run, [
    ["sigma_data", run.settings.sigmaData.toFixed(4)],
    ...(commit === undefined ? [] : [["commit", commit] as const]),
  ]);
}

/** How a network was trained, as a table. */
export function trainingTable(
  kind: string,
  request: TrainRequest,
  { state, seconds, complete }: LoopResult,
  more: readonly (readonly [string, string])[],
  sizes = `${request.crop} x ${request.crop}`,
): string {
  const { data, batch, crop, seed, rate, hours, steps, procedural, architecture, from } = request;
  const length = hours === undefined ? `--steps ${steps}` : `--hours ${hours}`;
  const command = `deno task train ${kind} --data ${data} --output ${request.output} ${length} ` +
    `--batch ${batch} --crop ${crop} --rate ${rate} --seed ${seed}` +
    Object.entries(architecture).map(([name, size]) => ` --${name} ${size}`).join("") +
    (from === undefined ? "" : ` --from ${from}`) +
    (procedural > 0 ? ` --procedural ${procedural}` : "");
  const rows = [
    ["command", `\`${command}\``],
    ["steps", `${state.step} of ${batch} images of ${sizes}`],
    ["drawn brains", procedural > 0 ? `${procedural} of the images` : "none"],
    ["time", `${clock(seconds)} (h:mm:ss)${complete ? "" : ", stopped early"}`],
    ["parameters", `${state.weights.length}`],
    ...more,
  ];
  return `## Training\n\n| | |\n|---|---|\n${
    rows.map((row) => `| ${row.join(" | ")} |`).join("\n")
  }`;
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
