/** `deno task import-weights`: weights of other projects as model folders. @module */
import { UsageError } from "../../errors.ts";
import { checkedParameters, decodeSafetensors } from "../../nn/mod.ts";
import { fastmriVarNet, varnetSpecs } from "../../unrolled/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { type CommandHelp, readCommandLine } from "../options/help.ts";
import { COMMON } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { path } from "../options/values.ts";
import { jsonLine, readInput } from "../files.ts";
import { writeModel } from "../../train/model_files.ts";

const FORMAT = "fastmri-varnet";

const OPTIONS = {
  output: option("DIR", "model folder to write, e.g. models/varnet-fastmri", path),
  ...COMMON,
};

const IMPORT: CommandHelp<typeof OPTIONS> = {
  usage: `deno task import-weights ${FORMAT} FILE.safetensors --output DIR`,
  about: "Turns the state dict of fastMRI's VarNet into a model folder. Save it in Python with " +
    "safetensors.torch.save_file(model.state_dict(), FILE).",
  options: OPTIONS,
  examples: [
    `deno task import-weights ${FORMAT} brain.safetensors --output models/varnet-fastmri`,
  ],
};

export async function importWeightsCommand(
  args: readonly string[],
  { console }: CommandContext,
): Promise<number> {
  const request = await readCommandLine(IMPORT, args, console);
  if (request === undefined) return 0;
  const { inputs: [format, file, ...rest], output, json } = request;
  if (format !== FORMAT || file === undefined || rest.length > 0 || output === undefined) {
    throw new UsageError(`Cannot import weights: ${FORMAT}, a file and --output are required`, {
      hint: `Usage: ${IMPORT.usage}`,
    });
  }
  const bytes = await readInput(file, "the weights");
  const { config, parameters } = fastmriVarNet(decodeSafetensors(bytes, file).tensors, file);
  await writeModel(output, {
    kind: "varnet",
    network: checkedParameters(varnetSpecs(config), parameters, file),
    content: { architecture: config, training: { source: file } },
  });
  console.out(json ? jsonLine({ output }) : `${output}\n`);
  return 0;
}

if (import.meta.main) await runCommand(importWeightsCommand);
