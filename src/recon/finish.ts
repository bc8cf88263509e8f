/** The last step of every method: undo the scale, crop, and turn the image as the file has it. @module */
import {
  mul,
  type Program,
  reduceMean,
  reduceSum,
  reshape,
  type Runtime,
  sqrt,
  sub,
  swapLastAxes,
  type Tensor,
} from "../graph/mod.ts";
import { joinParts, magnitude } from "../mri/physics/complex.ts";
import { centred, resampleH, resampleW } from "../mri/physics/resample.ts";
import type { NdArray } from "../ndarray.ts";

/** How images leave: cropped about the centre, interpolated, and turned where the file is. */
export interface FinishOptions {
  /** H and W of the reconstruction. */
  readonly from: readonly [number, number];
  /** H and W that are kept. */
  readonly size: readonly [number, number];
  /** H and W that these are interpolated to. Default: none. */
  readonly output?: readonly [number, number];
  /** Whether rows and columns are exchanged on the way out. */
  readonly transposed: boolean;
}

/** Rows and columns of an image that has left. */
export function finishedSize(
  { size, output = size, transposed }: FinishOptions,
): [number, number] {
  return transposed ? [output[1], output[0]] : [output[0], output[1]];
}

/** Complex `[..., 2, H, W]` as it leaves. */
function orient(x: Tensor, { size, output = size, transposed }: FinishOptions): Tensor {
  const kept = centred(centred(x, x.rank - 2, size[0]), x.rank - 1, size[1]);
  const image = resampleW(resampleH(kept, output[0]), output[1]);
  return transposed ? swapLastAxes(image) : image;
}

/** Compiles: complex `[2, H, W]` and its scale to complex `[2, rows, columns]` and magnitude. */
export function compileFinish(
  runtime: Runtime,
  options: FinishOptions,
): Promise<Program<"image" | "scale", "complex" | "magnitude">> {
  const [rows, columns] = finishedSize(options);
  return runtime.build(
    { image: [2, ...options.from], scale: [1, 1, 1] },
    ({ image, scale }) => {
      const complex = orient(mul(image, scale), options);
      return { complex, magnitude: reshape(magnitude(complex), [rows, columns]) };
    },
  );
}

/**
 * Compiles: posterior samples `[S, 2, H, W]` and their scale to magnitudes `[S, rows, columns]` and
 * their standard deviation `[rows, columns]`, with S - 1 in the denominator.
 * @param count S, at least 2
 */
export function compileSpread(
  runtime: Runtime,
  options: FinishOptions,
  count: number,
): Promise<Program<"samples" | "scale", "magnitudes" | "std">> {
  const [rows, columns] = finishedSize(options);
  return runtime.build(
    { samples: [count, 2, ...options.from], scale: [1, 1, 1] },
    ({ samples, scale }) => {
      const magnitudes = reshape(magnitude(orient(mul(samples, scale), options)), [
        count,
        rows,
        columns,
      ]);
      const deviation = sub(magnitudes, reduceMean(magnitudes, [0], { keepDims: true }));
      return {
        magnitudes,
        std: sqrt(mul(reduceSum(mul(deviation, deviation), [0]), 1 / (count - 1))),
      };
    },
  );
}

/** Compiles: reference magnitude `[H, W]` to `[rows, columns]`. */
export function compileReference(
  runtime: Runtime,
  options: FinishOptions,
): Promise<Program<"reference", "turned">> {
  const size = finishedSize(options);
  return runtime.build({ reference: [...options.from] }, ({ reference }) => {
    const real = reshape(reference, [1, ...options.from]);
    const complex = orient(joinParts(real, mul(real, 0)), options);
    return { turned: reshape(magnitude(complex), size) };
  });
}

/** A scalar as the graphs above take it. */
export const scaleArray = (scale: number): NdArray => ({
  data: Float32Array.of(scale),
  shape: [1, 1, 1],
});
