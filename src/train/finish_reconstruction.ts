/** The end of training a reconstruction network: its model folder. @module */
import { readFile } from "node:fs/promises";
import { writeFileWhole } from "../io/atomic.ts";
import { currentCommit } from "./finish_prior.ts";
import { trainingTable } from "./card.ts";
import type { TrainRequest } from "../cli/options/train.ts";
import { plotHistory } from "./curve_picture.ts";
import type { ReconKind, TrainedRecon } from "./train_reconstruction.ts";
import { modelName, writeWeights } from "./weights_folder.ts";

const ABOUT: Readonly<Record<ReconKind, string>> = {
  varnet: "An end-to-end variational network (Sriram et al. 2020)",
  modl:
    "An unrolled denoiser with conjugate gradients (MoDL, Aggarwal et al. 2019), its weights shared",
  unet: "A U-Net on zero-filled magnitudes, the baseline of fastMRI (Zbontar et al. 2018)",
};

const JUDGEMENT =
  "## Quality while training\n\nMean PSNR in dB over the head of views of validation volumes, against the root sum " +
  "of squares of all samples (random coils, equispaced lines, noise of 0.015 of bright tissue).";

/** Writes model.safetensors, model.yaml, card.md and training.png. */
export async function finishRecon(
  kind: ReconKind,
  request: TrainRequest,
  run: TrainedRecon,
): Promise<void> {
  const { output, notes } = request;
  const { parameters, history, state } = run;
  const { shared: _, ...architecture } = run.architecture; // what is written has each cascade's weights
  const training = { steps: state.step, ...run.settings };
  await writeWeights(output, { kind, architecture, parameters, training });
  const measured = history.findLast(({ psnr }) => psnr !== undefined)?.psnr ?? {};
  const rows = Object.entries(measured).map(([name, db]) => `| R=${name} | ${db.toFixed(2)} |`);
  const commit = await currentCommit();
  const more = commit === undefined ? [] : [["commit", commit] as const];
  const sizes = run.sizes.map(({ coils, height, width }) =>
    `${height} x ${width} (${coils} coils)`
  );
  const card = [
    `# ${modelName(output)}`,
    `${ABOUT[kind]}. Made by \`deno task train\`.`,
    trainingTable(kind, request, run, more, `${sizes.join(", ")}, in turn`),
    rows.length === 0 ? "" : `${JUDGEMENT}\n\n| | PSNR |\n|---|---|\n${rows.join("\n")}`,
    "![Loss and validation PSNR against the step](training.png)",
    notes === undefined ? "" : (await readFile(notes, "utf8")).trim(),
  ].filter((part) => part !== "").join("\n\n") + "\n";
  await writeFileWhole(`${output}/card.md`, new TextEncoder().encode(card));
  await writeFileWhole(`${output}/training.png`, plotHistory(history));
}
