/** The U-Net baseline as a reconstruction method, and its model folder. @module */
import { InputError } from "../errors.ts";
import { reshape, type Runtime } from "../graph/mod.ts";
import { dftW } from "../mri/dft.ts";
import type { Acquisition, Method, Solver } from "../mri/problem.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import { constantScope, decodeSafetensors, type Parameters, readModelFolder } from "../nn/mod.ts";
import { imageUNet, type ImageUNetConfig, zeroFilledMagnitude } from "./training.ts";
import { zeroFilled } from "./varnet_method.ts";

/** A baseline with its weights. */
export interface ImageUNetWeights {
  /** Sizes, as the shapes of the weights tell them. */
  readonly config: ImageUNetConfig;
  /** Weights. */
  readonly parameters: Parameters;
}

/**
 * Loads a baseline.
 * @throws {InputError} when the folder holds none
 */
export async function loadImageUNet(path: string): Promise<ImageUNetWeights> {
  const { description, bytes, path: folder } = await readModelFolder(path);
  const { tensors } = description.kind === "unet"
    ? decodeSafetensors(bytes, `${folder}/${description.file}`)
    : { tensors: {} as Parameters };
  const channels = tensors["down_sample_layers.0.layers.0.weight"]?.shape[0];
  if (channels === undefined) {
    throw new InputError(
      `Cannot use the model ${path}: kind unet with its weights is required, ` +
        `found ${description.kind}`,
    );
  }
  const levels = Object.keys(tensors).map((key) => /^up_transpose_conv\.(\d+)\./.exec(key)?.[1]);
  const pools = 1 + Math.max(...levels.filter((level) => level !== undefined).map(Number));
  return { config: { channels, pools }, parameters: tensors };
}

/** The method that a baseline is. */
export function unetMethod({ config, parameters }: ImageUNetWeights): Method {
  return {
    name: "unet",
    summary: "U-Net on the zero-filled magnitude, the baseline",
    citation: "Zbontar et al., fastMRI: an open dataset and benchmarks for accelerated MRI, " +
      "arXiv:1811.08839",
    needsMaps: false,
    prepare: (runtime, geometry) => prepareUNet(runtime, geometry, { config, parameters }),
  };
}

async function prepareUNet(
  runtime: Runtime,
  { coils, height, width, mask }: Acquisition,
  { config, parameters }: ImageUNetWeights,
): Promise<Solver> {
  const rows = mask.kind === "lines" ? mask.values.filter((value) => value !== 0).length : height;
  const program = await runtime.build({ samples: [coils, 2, rows, width] }, ({ samples }) => {
    const kspace = reshape(zeroFilled(samples, mask), [1, coils, 2, height, width]);
    const hybrid = mask.kind === "lines" ? kspace : dftW(kspace, "inverse");
    return { image: imageUNet(constantScope(parameters), zeroFilledMagnitude(hybrid), config) };
  });
  return {
    nfe: 1,
    steps: 1,
    async solve({ samples }, control): Promise<NdArray> {
      control?.signal?.throwIfAborted();
      const { image } = await program.run({ samples });
      control?.onProgress?.(1);
      const out = new Float32Array(2 * image.data.length); // a magnitude: no imaginary part
      out.set(image.data);
      return ndarray(out, [2, height, width]);
    },
  };
}
