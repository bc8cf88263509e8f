/**
 * Coil maps that are brought nearer to the data while the image is held fixed, one half of joint
 * estimation (JSENSE: Ying and Sheng 2007, Magn Reson Med 57:1196-1202), with the smooth coils of
 * nonlinear inversion in place of polynomials.
 * @module
 */
import {
  add,
  concat,
  div,
  max,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { type NdArray, SCALAR, scalar } from "../../ndarray.ts";
import { conjugateGradients } from "../physics/cg.ts";
import { combineFactor, conjugate, factorOf, mulFactor } from "../physics/complex.ts";
import { mriOperator, sampledFourier } from "../physics/operator.ts";
import type { SamplingMask } from "../sampling/masks.ts";
import { smoothCoils } from "./smooth_coils.ts";

/**
 * Standard deviation of a coefficient of the error of maps, as a part of the root of the number of
 * pixels: about that of maps that err by some per cent.
 */
const ERROR_SIZE = 1e-3;
/** Conjugate gradient steps. */
const STEPS = 10;
/** Smallest norm that is divided by. */
const TINY = 1e-12;

/** Maps nearer to the data: of samples, maps `[S, C, 2, H, W]`, image `[2 S, H, W]` and noise. */
export type UpdateMaps = (
  problem: { readonly y: NdArray; readonly maps: NdArray; readonly sigma: number },
  image: NdArray,
) => Promise<NdArray>;

/**
 * Compiles, for S sets of maps and an image x:
 * ```
 * d = argmin |A(S + d) x - y|^2 + (sigma / error)^2 |W d|^2
 * ```
 * with the Sobolev weights W of `smoothCoils`. Norm and support of the maps stay as they were.
 */
export async function compileMapUpdate(
  runtime: Runtime,
  { coils, sets = 1, height, width, mask }: {
    readonly coils: number;
    readonly sets?: number;
    readonly height: number;
    readonly width: number;
    readonly mask: SamplingMask;
  },
): Promise<UpdateMaps> {
  const smooth = smoothCoils([height, width]);
  const [rows, columns] = smooth.size;
  const sampled = sampledFourier([coils, 1, 2, height, width], mask);
  const program = await runtime.build(
    {
      y: mask.yShape(coils),
      maps: [sets, coils, 2, height, width],
      image: [2 * sets, height, width],
      ridge: SCALAR,
    },
    ({ y, maps, image, ridge }) => {
      const operator = mriOperator(maps, mask);
      const residual = sub(y, operator.forward(reshape(image, operator.domain)));
      // One coil is one element of the batch: each has conjugate gradients of its own.
      const images = Array.from(
        { length: sets },
        (_, set) => reshape(slice(image, 0, 2 * set, 2 * set + 2), [1, 1, 2, height, width]),
      );
      const ofSet = (d: Tensor, set: number) =>
        reshape(slice(d, 1, 2 * set, 2 * set + 2), [coils, 1, 2, rows, columns]);
      const forward = (d: Tensor) =>
        images.map((x, set) => mulFactor(factorOf(x), smooth.synthesised(ofSet(d, set))))
          .reduce(add);
      const adjoint = (z: Tensor) =>
        concat(
          images.map((x) =>
            reshape(smooth.analysed(mulFactor(factorOf(conjugate(x)), z)), [
              coils,
              2,
              rows,
              columns,
            ])
          ),
          1,
        );
      const apply = (d: Tensor) => add(adjoint(sampled.normal(forward(d))), mul(d, ridge));
      const b = adjoint(sampled.adjoint(reshape(residual, sampled.range)));
      const found = conjugateGradients(apply, b, STEPS);
      const norm = (x: Tensor) => sqrt(reduceSum(mul(x, x), [1, 2], { keepDims: true }));
      const updated: Tensor[] = [];
      for (let set = 0; set < sets; set++) {
        const before = slice(maps, 0, set, set + 1);
        const change = reshape(smooth.synthesised(ofSet(found, set)), before.shape);
        let after = add(before, change);
        for (const other of updated) {
          const factor = factorOf(other);
          after = sub(after, mulFactor(factor, combineFactor(factor, after, 1)));
        }
        updated.push(mul(after, div(norm(before), max(norm(after), TINY))));
      }
      return { updated: updated.length === 1 ? updated[0] : concat(updated, 0) };
    },
  );
  const variance = ERROR_SIZE ** 2 * height * width;
  return async ({ y, maps, sigma }, image) =>
    (await program.run({ y, maps, image, ridge: scalar(sigma ** 2 / variance) })).updated;
}
