/** The last step of every method: undo the scale, crop, and orient the image as the file has it. @module */
import {
  mul,
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

/** From the image of a reconstruction to that of the file: cropped, interpolated, and transposed. */
export interface OutputGeometry {
  /** H and W of the reconstruction. */
  readonly from: readonly [number, number];
  /** H and W that are kept about the centre. */
  readonly size: readonly [number, number];
  /** H and W that these are interpolated to. Default: none. */
  readonly output?: readonly [number, number];
  readonly transposed: boolean;
}

export function outputSize({ size, output = size, transposed }: OutputGeometry): [number, number] {
  return transposed ? [output[1], output[0]] : [output[0], output[1]];
}

/** Complex `[..., 2, H, W]` as the file has it. */
function orient(x: Tensor, { size, output = size, transposed }: OutputGeometry): Tensor {
  const kept = centred(centred(x, x.rank - 2, size[0]), x.rank - 1, size[1]);
  const image = resampleW(resampleH(kept, output[0]), output[1]);
  return transposed ? swapLastAxes(image) : image;
}

/** Compiles: complex `[2, H, W]` and its scale to complex `[2, rows, columns]` and magnitude. */
export function compileFinish(runtime: Runtime, geometry: OutputGeometry) {
  return runtime.build(
    { image: [2, ...geometry.from], scale: [1, 1, 1] },
    ({ image, scale }) => {
      const complex = orient(mul(image, scale), geometry);
      return { complex, magnitude: reshape(magnitude(complex), outputSize(geometry)) };
    },
  );
}

/**
 * Compiles: S >= 2 posterior samples `[S, 2, H, W]` and their scale to magnitudes `[S, rows, columns]`
 * and their standard deviation `[rows, columns]`, with S - 1 in the denominator.
 */
export function compileSpread(runtime: Runtime, geometry: OutputGeometry, count: number) {
  return runtime.build(
    { samples: [count, 2, ...geometry.from], scale: [1, 1, 1] },
    ({ samples, scale }) => {
      const oriented = magnitude(orient(mul(samples, scale), geometry));
      const magnitudes = reshape(oriented, [count, ...outputSize(geometry)]);
      const deviation = sub(magnitudes, reduceMean(magnitudes, [0], { keepDims: true }));
      const variance = mul(reduceSum(mul(deviation, deviation), [0]), 1 / (count - 1));
      return { magnitudes, std: sqrt(variance) };
    },
  );
}

/** Compiles: reference magnitude `[H, W]` to `[rows, columns]`. */
export function compileReference(runtime: Runtime, geometry: OutputGeometry) {
  return runtime.build({ reference: [...geometry.from] }, ({ reference }) => {
    const real = reshape(reference, [1, ...geometry.from]);
    const complex = orient(joinParts(real, mul(real, 0)), geometry);
    return { oriented: reshape(magnitude(complex), outputSize(geometry)) };
  });
}
