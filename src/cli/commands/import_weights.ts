/** `deno task import-weights`: weights of other projects as model folders. @module */
import { InputError, UsageError } from "../../errors.ts";
import { checkedParameters, decodeSafetensors } from "../../nn/mod.ts";
import { fastmriVarNet, varnetSpecs } from "../../unrolled/mod.ts";
import { type CommandContext, runCommand } from "../entry.ts";
import { helpText } from "../options/help.ts";
import { type OptionTable, parseOptions } from "../options/table.ts";
import { writeWeights } from "../../train/weights_folder.ts";

/** The options. */
export const IMPORT_OPTIONS = {
  output: { value: "FOLDER", summary: "the model's folder, e.g. models/varnet-fastmri" },
  help: { summary: "this text" },
} as const satisfies OptionTable;

const FORMAT = "fastmri-varnet";
const USAGE = `deno task import-weights ${FORMAT} FILE.safetensors --output FOLDER`;
const HELP = helpText({
  usage: USAGE,
  about: "Turns the state dict of fastMRI's VarNet into a model folder. Save it in Python with\n" +
    "safetensors.torch.save_file(model.state_dict(), FILE).",
  options: IMPORT_OPTIONS,
  examples: [
    `deno task import-weights ${FORMAT} brain_leaderboard.safetensors --output models/varnet-fastmri`,
  ],
});
/** The command. */
export async function importWeightsCommand(
  args: readonly string[],
  { console }: CommandContext,
): Promise<number> {
  const { values, inputs: [format, file, ...rest] } = parseOptions(IMPORT_OPTIONS, args);
  if (values.help) {
    console.out(HELP);
    return 0;
  }
  if (format !== FORMAT || file === undefined || rest.length > 0 || values.output === undefined) {
    throw new UsageError(`Cannot import weights: ${FORMAT}, a file and --output are required`, {
      hint: `Usage: ${USAGE}`,
    });
  }
  const bytes = await Deno.readFile(file).catch((cause) => {
    throw new InputError(`Cannot read ${file}: ${cause.message}`, { cause });
  });
  const { config, parameters } = fastmriVarNet(decodeSafetensors(bytes, file).tensors, file);
  const complete = checkedParameters(varnetSpecs(config), parameters, file);
  const architecture = { ...config };
  const training = { source: file };
  await writeWeights(values.output, {
    kind: "varnet",
    architecture,
    parameters: complete,
    training,
  });
  console.out(`${values.output}\n`);
  return 0;
}

if (import.meta.main) await runCommand(importWeightsCommand);
