/** `deno task import-weights`: weights of other projects as model folders. @module */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { UsageError } from "../../errors.ts";
import { decodeSafetensors } from "../../nn/mod.ts";
import { requireKnown } from "../../suggest.ts";
import { type ImportedWeights, WEIGHT_FORMATS } from "../../unrolled/mod.ts";
import { command } from "../options/help.ts";
import { COMMON } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { path } from "../options/values.ts";
import { inFreshFolder, jsonLine, readInput, textOf } from "../files.ts";
import { modelName, writeModel } from "../../train/model_files.ts";

const FORMATS = Object.keys(WEIGHT_FORMATS);

const USAGE = "deno task import-weights FORMAT FILE.safetensors --output DIR";

export const importWeightsCommand = command({
  usage: USAGE,
  about: `Turns the state dict of a network of another project (${FORMATS.join(", ")}) ` +
    "into a model folder: fastMRI's " +
    "VarNet, HUMUS-Net, or SwinIR as a denoiser (1, 2 or 3 channels) or for --method swinir (2 channels). " +
    "Save it in Python with safetensors.torch.save_file(model.state_dict(), FILE).",
  options: {
    output: option("DIR", "model folder to write, e.g. models/varnet-fastmri", path),
    ...COMMON,
  },
  examples: [
    "deno task import-weights fastmri-varnet brain.safetensors --output models/varnet-fastmri",
    "deno task import-weights swinir-denoiser grey.safetensors --output models/swinir-grey",
  ],
}, async ({ inputs: [format, file, ...rest], output, json }, { console }) => {
  if (format === undefined || file === undefined || rest.length > 0 || output === undefined) {
    throw new UsageError("Cannot import weights: a format, a file and --output are required", {
      hint: `Usage: ${USAGE}`,
    });
  }
  requireKnown(format, FORMATS, `Cannot import weights of the format '${format}'`);
  const bytes = await readInput(file, "the weights");
  const found = WEIGHT_FORMATS[format](decodeSafetensors(bytes, file).tensors, file);
  const model = {
    kind: found.kind,
    network: found.parameters,
    content: { ...found.content, training: { source: file } },
    card: { text: cardText(modelName(output), basename(file), bytes, found) },
  } as const;
  await inFreshFolder(output, (partial) => writeModel(partial, model, modelName(output)));
  console.out(json ? jsonLine({ output }) : `${output}\n`);
  return 0;
});

/** The card of imported weights: what is known of them, and what their owner has to fill in. */
function cardText(
  name: string,
  file: string,
  bytes: Uint8Array,
  { about, sizes, advice }: ImportedWeights,
): string {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const rows = Object.entries(sizes).map(([key, value]) => `| ${key} | ${value} |`);
  return textOf([
    `# ${name}`,
    "",
    `${about}, imported by \`larmor import-weights\`.`,
    "",
    "| | |",
    "|---|---|",
    `| weights | \`${file}\`, sha256 ${sha256} |`,
    ...rows,
    "",
    ...(advice === undefined ? [] : [advice, ""]),
    "The file says neither on what data it was trained, nor under which licence, for how long and " +
    "with what result: state it here before you share the model. Check it on data of your own with " +
    "`larmor compare`.",
  ]);
}
