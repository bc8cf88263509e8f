/** Weights of fastMRI's VarNet: sizes from the shapes, kernels turned to Larmor's axes. @module */
import { InputError } from "../errors.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import type { Parameters } from "../nn/mod.ts";
import type { NetworkWeights } from "./network_method.ts";
import { unetSizes } from "./networks/unet.ts";
import type { AnyVarNetConfig } from "./varnet_method.ts";

/** Names under which wrappers (PyTorch Lightning, DataParallel) put the network. */
const PREFIX = /^(?:(?:module|model|varnet)\.)*(?=(?:sens_net|cascades)\.)/;

/**
 * Reads a state dict of `fastmri.models.VarNet`.
 *
 * fastMRI's images are `[readout, phase]`, Larmor's `[phase, readout]`: every kernel is transposed,
 * and all else in the network treats both axes alike.
 * @param name of the file, for messages
 * @throws {InputError} when it is none
 */
export function fastmriVarNet(
  state: Readonly<Record<string, NdArray>>,
  name: string,
): NetworkWeights<AnyVarNetConfig> {
  const parameters: Record<string, NdArray> = {};
  for (const [key, array] of Object.entries(state)) {
    const own = key.replace(PREFIX, "");
    if (!/^(sens_net|cascades)\./.test(own) || own.endsWith(".zero")) continue; // a buffer
    parameters[own] = transposedKernel(array);
  }
  return { config: varnetConfig(parameters, name), parameters };
}

/** The last two axes exchanged, of a kernel with four. */
export function transposedKernel({ data, shape }: NdArray): NdArray {
  if (shape.length !== 4) return { data, shape };
  const [rows, columns] = shape.slice(2);
  const out = new Float32Array(data.length);
  const plane = rows * columns;
  for (let i = 0; i < sizeOf(shape); i++) {
    const base = Math.floor(i / plane) * plane;
    const [row, column] = [Math.floor((i - base) / columns), i % columns];
    out[base + column * rows + row] = data[i];
  }
  return ndarray(out, [shape[0], shape[1], columns, rows]);
}

/**
 * Sizes of a network from its weights.
 * @throws {InputError} when they are not those of a variational network
 */
export function varnetConfig(parameters: Parameters, name: string): AnyVarNetConfig {
  const count = (pattern: RegExp): number => {
    const indices = Object.keys(parameters).map((key) => pattern.exec(key)?.[1]);
    return Math.max(-1, ...indices.filter((index) => index !== undefined).map(Number)) + 1;
  };
  const cascades = count(/^cascades\.(\d+)\./);
  const own = unetSizes(parameters, "cascades.0.model.unet.");
  if (own !== undefined && "cascades.0.log_weight" in parameters) return { cascades, ...own };
  const sensitivity = unetSizes(parameters, "sens_net.norm_unet.unet.");
  if (own === undefined || sensitivity === undefined) {
    throw new InputError(
      `Cannot import ${name}: the state dict of fastMRI's VarNet is required, with sens_net and ` +
        `cascades; found ${Object.keys(parameters).slice(0, 3).join(", ") || "none of its names"}`,
    );
  }
  return {
    cascades,
    ...own,
    sensitivityChannels: sensitivity.channels,
    sensitivityPools: sensitivity.pools,
  };
}
