/** Weights of the authors' HUMUS-Net: sizes from the shapes, kernels turned to Larmor's axes. @module */
import { InputError } from "../errors.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import type { Parameters } from "../nn/mod.ts";
import { transposedKernel } from "./fastmri_weights.ts";
import type { HumusConfig, SolvedHumusConfig } from "./networks/humus.ts";

/** Names under which PyTorch Lightning and DataParallel put the network. */
const PREFIX = /^(?:(?:module|model)\.)*(?=(?:sens_net|cascades)\.)/;
/** Buffers, which follow from the sizes. */
const BUFFER = /\.(attn_mask|relative_position_index)$/;

/**
 * Reads a state dict of the authors' `HUMUSNet`: kernels and tables of relative positions are
 * transposed, as their images have the readout first; all else treats both axes alike, or takes them in
 * exchanged order in the graph.
 */
export function authorsHumus(state: Readonly<Record<string, NdArray>>): Parameters {
  const parameters: Record<string, NdArray> = {};
  for (const [key, array] of Object.entries(state)) {
    const own = key.replace(PREFIX, "");
    if (!/^(sens_net|cascades)\./.test(own) || BUFFER.test(own)) continue;
    parameters[own] = own.endsWith("relative_position_bias_table")
      ? transposedTable(array)
      : transposedKernel(array);
  }
  return parameters;
}

/** A table `[edge^2, heads]` of biases by row and column, with rows and columns exchanged. */
function transposedTable({ data, shape: [places, heads] }: NdArray): NdArray {
  const edge = Math.round(Math.sqrt(places));
  const out = new Float32Array(data.length);
  for (let i = 0; i < places; i++) {
    const other = (i % edge) * edge + Math.floor(i / edge);
    for (let head = 0; head < heads; head++) out[i * heads + head] = data[other * heads + head];
  }
  return ndarray(out, [places, heads]);
}

/**
 * Sizes of a network from its weights; whether it adds its result to the image cannot be seen.
 * @param name of the file, for messages
 * @throws {InputError} when they are not those of HUMUS-Net
 */
export function humusConfig(
  parameters: Parameters,
  name: string,
): Omit<HumusConfig, "residual"> | Omit<SolvedHumusConfig, "residual"> {
  const keys = Object.keys(parameters);
  const countOf = (pattern: string) => {
    const found = keys.flatMap((key) => new RegExp(`^${pattern}\\.`).exec(key)?.[1] ?? []);
    return new Set(found).size;
  };
  const shape = (key: string): readonly number[] => parameters[key]?.shape ?? [];
  const block = "cascades\\.0\\.model", first = "cascades.0.model";
  const depthOf = (group: string) => countOf(`${group}\\.residual_group\\.blocks\\.(\\d+)`);
  const table = (group: string) =>
    shape(`${group}.residual_group.blocks.0.attn.relative_position_bias_table`);
  const levels = Array.from({ length: countOf(`${block}\\.layers_down\\.(\\d+)`) }, (_, i) => i);
  const [features = 0] = shape(`${first}.norm_up.weight`);
  const [, channels = 0] = shape(`${first}.conv_first.weight`);
  const [places = 0] = table(`${first}.layer_bottleneck`);
  const sensitivity = "sens_net.norm_unet.unet";
  const [sensitivityChannels = 0] = shape(`${sensitivity}.down_sample_layers.0.layers.0.weight`);
  const isSolved = "cascades.0.log_weight" in parameters;
  const hasMaps = isSolved || sensitivityChannels > 0;
  if (levels.length === 0 || features === 0 || places === 0 || !hasMaps) {
    throw new InputError(
      `Cannot use ${name}: the state dict of HUMUS-Net is required, with sens_net and cascades of ` +
        `layers_down, found ${keys.slice(0, 3).join(", ") || "no weights"}`,
    );
  }
  const sizes = {
    cascades: countOf("cascades\\.(\\d+)"),
    adjacent: channels / 2,
    features,
    depths: levels.map((i) => depthOf(`${block}\\.layers_down\\.${i}`)),
    heads: levels.map((i) => table(`${first}.layers_down.${i}`)[1]),
    bottleneck: {
      depth: depthOf(`${block}\\.layer_bottleneck`),
      heads: table(`${first}.layer_bottleneck`)[1],
    },
    window: (Math.round(Math.sqrt(places)) + 1) / 2,
    mlpRatio: (shape(`${first}.layers_down.0.residual_group.blocks.0.mlp.fc1.weight`)[0] ?? 0) /
      features,
    halved: shape(`${first}.conv_down_block.layers.0.weight`).length > 0,
    threeConvolutions: shape(`${first}.conv_after_body.0.weight`).length > 0,
  };
  if (isSolved) return { ...sizes, solved: true };
  return {
    ...sizes,
    sensitivityChannels,
    sensitivityPools: countOf(
      `${sensitivity.replaceAll(".", "\\.")}\\.down_sample_layers\\.(\\d+)`,
    ),
  };
}
