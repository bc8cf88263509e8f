/** `deno task adapt`: a reconstruction network is fitted to a user's own undersampled scan. @module */
import { basename, join } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { modelPath, readModelFolder } from "../../nn/mod.ts";
import { currentCommit } from "../../provenance.ts";
import { CLEAR_LINE } from "../../quoted.ts";
import { FileSlices, type SliceSupply } from "../../recon/slice_supply.ts";
import { sliceRange } from "../../recon/volume.ts";
import {
  type Adaptation,
  adaptNetwork,
  type AdaptProgress,
  type AdaptScan,
} from "../../train/adapt.ts";
import { ADAPTABLE, type AdaptedNetwork, adaptedNetwork } from "../../train/adapt_objective.ts";
import { modelName, writeModel } from "../../train/model_files.ts";
import { inFreshFolder, jsonLine, textOf } from "../files.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE, INPUT, MASK, NETWORK, SEED } from "../options/shared.ts";
import { option, type RequestOf } from "../options/table.ts";
import { count, path, positive } from "../options/values.ts";
import type { Console } from "../render/console.ts";
import { openInput } from "./recon.ts";

const OPTIONS = {
  ...INPUT,
  mask: MASK.mask,
  model: {
    ...NETWORK,
    summary: `${NETWORK.summary}; of kind ${ADAPTABLE.join(", ")}`,
    fallback: "modl-brain",
  },
  steps: option("N", "training steps, one slice each", count, "60"),
  rate: option("R", "peak learning rate", positive, "0.0001"),
  every: option("N", "steps between two looks at lines held back, to choose the stop", count, "10"),
  output: option("DIR", "model folder to write. Default: models/<model>-<name of FILE>", path),
  ...SEED,
  ...DEVICE,
  ...COMMON,
};

type AdaptRequest = RequestOf<typeof OPTIONS>;

export const adapt = command({
  usage: "deno task adapt FILE [options]",
  about:
    "Fits a reconstruction network to your own undersampled scan, without a reference: it is " +
    "given a part of the acquired lines and learns to predict the others (SSDU, Yaman et al. 2020). A " +
    "fifth of the lines outside the calibration region is held back: half of these choose when to " +
    "stop, the other half decide whether it helped. If it did, a model folder is written, for " +
    "recon --model; else the model is kept, and the command says so.",
  options: OPTIONS,
  examples: [
    "deno task adapt scan.h5 --model modl-brain --output models/my-scanner",
    "deno task adapt full.h5 --mask equispaced:R=4,acs=24 --model varnet-brain --steps 100",
  ],
}, async (request, { console, signal }) => {
  const { inputs, inputs: [input], model, quiet, output } = request;
  if (inputs.length !== 1) {
    throw new UsageError(`Cannot adapt to ${inputs.length} files: one is required`);
  }
  const network = await adaptedNetwork(model);
  await using runtime = await Runtime.open(request.device, request);
  using file = await openInput(runtime, request, input);
  const supply = new FileSlices(runtime, file, { mask: request.mask, mapSets: 1 });
  const [first = 0, end = file.slices] = request.slices ?? [];
  const scan = await readScan(supply, sliceRange(file, [first, end]));
  const onProgress = (event: AdaptProgress) => quiet || report(console, event, request.steps);
  const { steps, rate, seed, every } = request;
  const options = { steps, rate, seed, every, onProgress, signal };
  const found = await adaptNetwork(runtime, network, scan, options);
  if (!quiet && console.isTerminal) console.err("\n");
  const name = basename(input).replace(/(\.nii)?\.[^.]+$/, "");
  const folder = output ?? join("models", `${basename(model)}-${name}`);
  if (found.helped) await write(folder, network, found, request);
  const { weights: _, ...result } = found;
  const written = found.helped ? folder : null;
  console.out(
    request.json ? jsonLine({ ...result, output: written }) : text(found, model, written),
  );
  return 0;
});

/** @throws {InputError} when the slices were not sampled alike */
async function readScan(
  supply: SliceSupply,
  [first, end]: readonly [number, number],
): Promise<AdaptScan> {
  const problems: AdaptScan["problems"][number][] = [];
  let common: { key: string; geometry: AdaptScan["geometry"] } | undefined;
  for (let index = first; index < end; index++) {
    const { key, geometry, prepare } = await supply.read(index, true);
    common ??= { key, geometry };
    if (key !== common.key) {
      throw new InputError(
        `Cannot adapt to ${supply.file.path}: slices that are sampled alike are required, slice ` +
          `${index} differs from slice ${first}`,
        { hint: "Choose slices with --slices" },
      );
    }
    problems.push((await prepare()).problem);
  }
  return { geometry: common!.geometry, problems };
}

function report(console: Console, { step, loss, stop }: AdaptProgress, steps: number): void {
  const parts = [
    `step ${step}/${steps}`,
    loss === undefined ? "" : `loss ${loss.toFixed(4)}`,
    stop === undefined ? "" : `error on lines held back ${stop.toFixed(4)}`,
  ];
  const line = parts.filter(Boolean).join("  ");
  if (console.isTerminal) console.err(`${CLEAR_LINE}${line}${stop === undefined ? "" : "\n"}`);
  else if (stop !== undefined) console.err(`${line}\n`);
}

const percent = (share: number) => `${(100 * share).toFixed(2)} %`;

/** What the lines held back say. */
const verdict = ({ before, after, gain, gainError, lines, step }: Adaptation) =>
  `error on ${lines} lines that no step saw ${before.toFixed(4)} before, ${
    after.toFixed(4)
  } after ` +
  `${step} steps: energy ${percent(gain)} lower (standard error ${percent(gainError)})`;

function text(found: Adaptation, model: string, written: string | null): string {
  if (written === null) return textOf([`${model} is kept: ${verdict(found)}`]);
  return textOf([verdict(found), `  ${written}`]);
}

async function write(
  folder: string,
  { kind, architecture }: AdaptedNetwork,
  found: Adaptation,
  { inputs: [input], model, mask, steps, rate, seed }: AdaptRequest,
): Promise<void> {
  const { description } = await readModelFolder(await modelPath(model));
  const training = {
    ...{ command: "adapt", from: description.name, fromSha256: description.sha256 },
    ...{ scan: basename(input), mask: mask?.text ?? "as acquired", steps: found.step, rate, seed },
  };
  const table = Object.entries({
    ...training,
    "steps of the run": steps,
    commit: await currentCommit() ?? "unknown",
  }).map(([key, value]) => `| ${key} | ${value} |`);
  const card = textOf([
    `# ${modelName(folder)}`,
    "",
    `\`${description.name}\`, adapted to one scan without a reference (SSDU, Yaman et al. 2020). Made by ` +
    "`deno task adapt`.",
    "",
    "| | |",
    "|---|---|",
    ...table,
    "",
    `Evidence: ${verdict(found)}.`,
    "",
    "Limits: it was judged on this scan alone. For others of the same scanner, coils and protocol compare it " +
    "with the model that it began with. Licence and data of that model apply; the scan is yours.",
  ]);
  await inFreshFolder(folder, (partial) =>
    writeModel(partial, {
      ...{ kind, network: found.weights, card: { text: card } },
      content: { ...(architecture === undefined ? {} : { architecture }), training },
    }, modelName(folder)));
}
