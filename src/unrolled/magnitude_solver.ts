/** A network from acquired samples to a magnitude, as the solver of a method. @module */
import type { Runtime, Tensor } from "../graph/mod.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import type { SamplingGeometry, Solver } from "../method/problem.ts";
import { type NdArray, ndarray } from "../ndarray.ts";
import type { ModelReference } from "../nn/mod.ts";

/** What {@link magnitudeSolver} runs. */
export interface MagnitudeNetwork {
  /** Evaluations of a network in it. */
  readonly nfe: number;
  /** Cascades, or 1. */
  readonly steps: number;
  /** Where its weights come from. */
  readonly model?: ModelReference;
  /**
   * The network: k-space with zeros where nothing was acquired, `[1, C, 2, H, W]` (hybrid (ky, x)
   * space for a mask of lines), to a magnitude `[1, 1, H, W]`.
   */
  apply(kspace: Tensor): Tensor;
}

/** Compiles a network for a geometry. Its images are real: the networks leave the phase out. */
export async function magnitudeSolver(
  runtime: Runtime,
  { coils, height, width, mask }: SamplingGeometry,
  { nfe, steps, model, apply }: MagnitudeNetwork,
): Promise<Solver> {
  const program = await runtime.build({ y: mask.yShape(coils) }, ({ y }) => ({
    magnitude: apply(onAllLines(y, mask)),
  }));
  return {
    nfe,
    steps,
    model,
    async solve({ y }, control): Promise<NdArray> {
      control?.signal?.throwIfAborted();
      const { magnitude } = await program.run({ y });
      control?.onProgress?.(1);
      const image = new Float32Array(2 * magnitude.data.length);
      image.set(magnitude.data);
      return ndarray(image, [2, height, width]);
    },
  };
}
