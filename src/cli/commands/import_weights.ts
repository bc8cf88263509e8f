/** `deno task import-weights`: weights of other projects as model folders. @module */
import { createHash } from "node:crypto";
import { basename } from "node:path";
import { UsageError } from "../../errors.ts";
import { checkedParameters, decodeSafetensors } from "../../nn/mod.ts";
import { fastmriVarNet, varnetSpecs } from "../../unrolled/mod.ts";
import { command } from "../options/help.ts";
import { COMMON } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { path } from "../options/values.ts";
import { inFreshFolder, jsonLine, readInput, textOf } from "../files.ts";
import { modelName, writeModel } from "../../train/model_files.ts";

const FORMAT = "fastmri-varnet";

const USAGE = `deno task import-weights ${FORMAT} FILE.safetensors --output DIR`;

export const importWeightsCommand = command({
  usage: USAGE,
  about: "Turns the state dict of fastMRI's VarNet into a model folder. Save it in Python with " +
    "safetensors.torch.save_file(model.state_dict(), FILE).",
  options: {
    output: option("DIR", "model folder to write, e.g. models/varnet-fastmri", path),
    ...COMMON,
  },
  examples: [`deno task import-weights ${FORMAT} brain.safetensors --output models/varnet-fastmri`],
}, async ({ inputs: [format, file, ...rest], output, json }, { console }) => {
  if (format !== FORMAT || file === undefined || rest.length > 0 || output === undefined) {
    throw new UsageError(`Cannot import weights: ${FORMAT}, a file and --output are required`, {
      hint: `Usage: ${USAGE}`,
    });
  }
  const bytes = await readInput(file, "the weights");
  const { config, parameters } = fastmriVarNet(decodeSafetensors(bytes, file).tensors, file);
  const model = {
    kind: "varnet",
    network: checkedParameters(varnetSpecs(config), parameters, file),
    content: { architecture: config, training: { source: file } },
    card: { text: cardText(modelName(output), basename(file), bytes, config) },
  } as const;
  await inFreshFolder(output, (partial) => writeModel(partial, model, modelName(output)));
  console.out(json ? jsonLine({ output }) : `${output}\n`);
  return 0;
});

/** The card of imported weights: what is known of them, and what their owner has to fill in. */
function cardText(name: string, file: string, bytes: Uint8Array, config: object): string {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const sizes = Object.entries(config).map(([key, value]) => `| ${key} | ${value} |`);
  return textOf([
    `# ${name}`,
    "",
    "An end-to-end variational network (Sriram et al. 2020) with weights of fastMRI's VarNet, " +
    "imported by `larmor import-weights`.",
    "",
    "| | |",
    "|---|---|",
    `| weights | \`${file}\`, sha256 ${sha256} |`,
    ...sizes,
    "",
    "The file says neither on what data it was trained, nor under which licence, for how long and " +
    "with what result: state it here before you share the model. Check it on data of your own with " +
    "`larmor compare`.",
  ]);
}
