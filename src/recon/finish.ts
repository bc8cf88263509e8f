/** The last step of every method: undo the scale, crop, and orient the image as the file has it. @module */
import {
  add,
  cast,
  div,
  lessOrEqual,
  mul,
  reduceMean,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  swapLastAxes,
  type Tensor,
} from "../graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { joinParts, magnitude } from "../mri/physics/complex.ts";
import { limitToSupport } from "../mri/sampling/padding.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
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
  /** Sampling whose padding stays zero in k-space of complex images. Default: none. */
  readonly padded?: SamplingMask;
}

export function outputSize({ size, output = size, transposed }: OutputGeometry): [number, number] {
  return transposed ? [output[1], output[0]] : [output[0], output[1]];
}

/** Complex `[..., 2, H, W]` as the file has it. */
function orient(x: Tensor, { size, output = size, transposed, padded }: OutputGeometry): Tensor {
  const limited = padded === undefined ? x : limitToSupport(x, padded);
  const kept = centred(centred(limited, x.rank - 2, size[0]), x.rank - 1, size[1]);
  const image = resampleW(resampleH(kept, output[0]), output[1]);
  return transposed ? swapLastAxes(image) : image;
}

/** Smallest magnitude that is divided by, relative to that of the image. */
const TINY = 1e-12;

/**
 * Images of the S sets of coil maps `[..., 2 S, H, W]` as the file has them, and as one: the root of the
 * sum of their squares, with the phase of the first, `[..., 2, rows, columns]`. An image counts as much as
 * its maps do, so that the result is the root sum of squares of the coil images. One set is its own image.
 * @param maps `[S, C, 2, H, W]`, of several sets
 */
function shown(x: Tensor, geometry: OutputGeometry, maps?: Tensor): Tensor {
  if (maps === undefined) return orient(x, geometry);
  const [sets, , , height, width] = maps.shape;
  const batch = x.shape.slice(0, -3);
  const norms = sqrt(reduceSum(mul(maps, maps), [1, 2], { keepDims: true }));
  const apart = reshape(x, [...batch, sets, 2, height, width]);
  const images = orient(mul(apart, reshape(norms, [sets, 1, height, width])), geometry);
  const axis = images.rank - 4;
  const size = sqrt(reduceSum(mul(images, images), [axis, axis + 1], { keepDims: true }));
  const first = slice(images, axis, 0, 1);
  const own = magnitude(first);
  // Where the first image is zero, the sum is taken for real.
  const isZero = cast(lessOrEqual(own, mul(size, TINY)), "float32");
  const phase = div(add(first, joinParts(isZero, mul(isZero, 0))), add(own, isZero));
  return reshape(mul(phase, size), [...batch, 2, ...images.shape.slice(-2)]);
}

/** Inputs of what makes one image of those of several sets. */
const setInputs = ({ from }: OutputGeometry, { sets, coils }: SetsOfMaps) => ({
  scale: [2 * sets, ...from],
  ...(sets > 1 && { maps: [sets, coils, 2, ...from] }),
});

/** How many images a reconstruction is made of, one for each set of coil maps. */
export interface SetsOfMaps {
  readonly sets: number;
  readonly coils: number;
}

const ONE_SET: SetsOfMaps = { sets: 1, coils: 1 };

/**
 * Compiles: complex `[2 S, H, W]` and its scale to complex `[2, rows, columns]` and magnitude. Of several
 * sets it takes the maps `[S, C, 2, H, W]` too.
 */
export function compileFinish(runtime: Runtime, geometry: OutputGeometry, of = ONE_SET) {
  return runtime.build<string, "complex" | "magnitude">(
    { image: [2 * of.sets, ...geometry.from], ...setInputs(geometry, of) },
    ({ image, scale, maps }) => {
      const complex = shown(mul(image, scale), geometry, maps);
      return { complex, magnitude: reshape(magnitude(complex), outputSize(geometry)) };
    },
  );
}

/**
 * Compiles: S >= 2 posterior samples `[S, 2 sets, H, W]` and their scale to magnitudes `[S, rows, columns]`
 * and their standard deviation `[rows, columns]`, with S - 1 in the denominator.
 */
export function compileSpread(
  runtime: Runtime,
  geometry: OutputGeometry,
  count: number,
  of = ONE_SET,
) {
  return runtime.build<string, "magnitudes" | "std">(
    { samples: [count, 2 * of.sets, ...geometry.from], ...setInputs(geometry, of) },
    ({ samples, scale, maps }) => {
      const oriented = magnitude(shown(mul(samples, scale), geometry, maps));
      const magnitudes = reshape(oriented, [count, ...outputSize(geometry)]);
      const deviation = sub(magnitudes, reduceMean(magnitudes, [0], { keepDims: true }));
      const variance = mul(reduceSum(mul(deviation, deviation), [0]), 1 / (count - 1));
      return { magnitudes, std: sqrt(variance) };
    },
  );
}

/**
 * The standard deviation of the magnitudes of posterior samples, and these, where there are two or more.
 * @param finishing the inputs of {@link compileSpread} beside the samples
 */
export async function spreadOf(
  runtime: Runtime,
  samples: NdArray | undefined,
  finishing: Readonly<Record<string, NdArray>>,
  geometry: OutputGeometry,
): Promise<{ readonly std?: NdArray; readonly magnitudes?: NdArray }> {
  if (samples === undefined || samples.shape[0] < 2) return {};
  const { maps } = finishing;
  const of = maps && { sets: maps.shape[0], coils: maps.shape[1] };
  const spread = await compileSpread(runtime, geometry, samples.shape[0], of);
  return await spread.run({ samples, ...finishing });
}

/** The factor for the images that a method gave: one for each set of maps, or one only. */
export function factorFor({ shape }: NdArray, { factor }: { readonly factor: NdArray }): NdArray {
  return ndarray(factor.data.subarray(0, sizeOf(shape)), shape);
}

/** Compiles: reference magnitude `[H, W]` to `[rows, columns]`. */
export function compileReference(runtime: Runtime, geometry: OutputGeometry) {
  return runtime.build({ reference: [...geometry.from] }, ({ reference }) => ({
    oriented: orientedMagnitude(reference, geometry),
  }));
}

/** A magnitude `[H, W]` as the file has it, `[rows, columns]`. */
export function orientedMagnitude(x: Tensor, geometry: OutputGeometry): Tensor {
  const real = reshape(x, [1, ...geometry.from]);
  const complex = orient(joinParts(real, mul(real, 0)), { ...geometry, padded: undefined });
  return reshape(magnitude(complex), outputSize(geometry));
}
