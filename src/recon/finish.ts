/** The last step of every method: undo the scale, crop, and turn the image as the file has it. @module */
import {
  mul,
  type Program,
  reshape,
  type Runtime,
  slice,
  swapLastAxes,
  type Tensor,
} from "../graph/mod.ts";
import { magnitude } from "../mri/complex.ts";
import type { NdArray } from "../ndarray.ts";

/** How images leave: cropped about the centre to `size` (H, W), and turned where the file is. */
export interface FinishOptions {
  /** H and W of the reconstruction. */
  readonly from: readonly [number, number];
  /** H and W that are kept. */
  readonly size: readonly [number, number];
  /** Whether rows and columns are exchanged on the way out. */
  readonly transposed: boolean;
}

/** Rows and columns of an image that has left. */
export function finishedSize({ size, transposed }: FinishOptions): [number, number] {
  return transposed ? [size[1], size[0]] : [size[0], size[1]];
}

function orient(x: Tensor, { size, transposed }: FinishOptions): Tensor {
  let image = x;
  size.forEach((wanted, i) => {
    const axis = x.rank - 2 + i;
    const start = Math.floor(x.shape[axis] / 2) - Math.floor(wanted / 2);
    image = slice(image, axis, start, start + wanted);
  });
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

/** Compiles: reference magnitude `[H, W]` to `[rows, columns]`. */
export function compileReference(
  runtime: Runtime,
  options: FinishOptions,
): Promise<Program<"reference", "turned">> {
  return runtime.build(
    { reference: [...options.from] },
    ({ reference }) => ({ turned: orient(reference, options) }),
  );
}

/** A scalar as the graphs above take it. */
export const scaleArray = (scale: number): NdArray => ({
  data: Float32Array.of(scale),
  shape: [1, 1, 1],
});
