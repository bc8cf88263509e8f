/** The variational network as a reconstruction method, and its model folder. @module */
import { InputError } from "../errors.ts";
import {
  constantOf,
  gather,
  input,
  pad,
  reshape,
  type Runtime,
  type Tensor,
} from "../graph/mod.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import {
  constantScope,
  decodeSafetensors,
  type ParameterSpec,
  parameterSpecs,
  readModelFolder,
} from "../nn/mod.ts";
import { makeMask, type SamplingMask } from "../mri/masks.ts";
import { acquiredLines } from "../mri/operator.ts";
import type { Acquisition, Method, Solver } from "../mri/problem.ts";
import { varnetConfig, type VarNetWeights } from "./fastmri_weights.ts";
import { constantVarNetMask, varnet, type VarNetConfig } from "./varnet.ts";

/** Parameters of a network of these sizes. */
export function varnetSpecs(config: VarNetConfig): ParameterSpec[] {
  const side = 2 ** (Math.max(config.pools, config.sensitivityPools) + 1);
  const spec = { kind: "equispaced", text: "any", acceleration: 2, acs: 2 } as const;
  const kspace = input("kspace", [1, 1, 2, side, side]);
  return parameterSpecs((scope) =>
    varnet(scope, kspace, constantVarNetMask(makeMask(spec, side, side)), config)
  );
}

/**
 * Loads a variational network.
 * @throws {InputError} when the folder holds none
 */
export async function loadVarNet(path: string): Promise<VarNetWeights> {
  const { description, bytes, path: folder } = await readModelFolder(path);
  if (description.kind !== "varnet") {
    throw new InputError(
      `Cannot use the model ${path}: kind varnet is required, found ${description.kind}`,
    );
  }
  const { tensors } = decodeSafetensors(bytes, `${folder}/${description.file}`);
  return { config: varnetConfig(tensors, description.file), parameters: tensors };
}

/** The method that a variational network is. */
export function varnetMethod({ config, parameters }: VarNetWeights): Method {
  return {
    name: "varnet",
    summary: "end-to-end variational network",
    citation:
      "Sriram et al., End-to-end variational networks for accelerated MRI reconstruction, " +
      "MICCAI 2020",
    needsMaps: false,
    prepare: (runtime, geometry) => prepareVarNet(runtime, geometry, { config, parameters }),
  };
}

async function prepareVarNet(
  runtime: Runtime,
  { coils, height, width, mask }: Acquisition,
  { config, parameters }: VarNetWeights,
): Promise<Solver> {
  const rows = mask.kind === "lines" ? acquiredLines(mask).length : height;
  const program = await runtime.build({ samples: [coils, 2, rows, width] }, ({ samples }) => {
    const kspace = reshape(zeroFilled(samples, mask), [1, coils, 2, height, width]);
    return {
      magnitude:
        varnet(constantScope(parameters), kspace, constantVarNetMask(mask), config).magnitude,
    };
  });
  return {
    nfe: config.cascades + 1,
    steps: config.cascades,
    async solve({ samples }, control): Promise<NdArray> {
      control?.signal?.throwIfAborted();
      const { magnitude } = await program.run({ samples });
      control?.onProgress?.(1);
      // A magnitude: the network leaves the phase to whoever wants it.
      const image = new Float32Array(2 * magnitude.data.length);
      image.set(magnitude.data);
      return ndarray(image, [2, height, width]);
    },
  };
}

/** Acquired lines `[C, 2, K, W]` in their places among all, zeros elsewhere: `[C, 2, H, W]`. */
export function zeroFilled(samples: Tensor, mask: SamplingMask): Tensor {
  if (mask.kind === "plane") return samples;
  const lines = acquiredLines(mask);
  const empty = lines.length; // index of a line of zeros behind the acquired ones
  const padded = pad(samples, [0, 0, 0, 0, 0, 0, 1, 0]);
  const indices = Array.from({ length: mask.height }, (_, line) => {
    const at = lines.indexOf(line);
    return BigInt(at < 0 ? empty : at);
  });
  return gather(padded, constantOf(BigInt64Array.from(indices), [mask.height]), 2);
}
