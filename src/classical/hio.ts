/** Phase retrieval by alternating projections. @module */
import {
  constantOf,
  div,
  lessOrEqual,
  max,
  mul,
  pad,
  reduceSum,
  type Runtime,
  slice,
  sqrt,
  sub,
  type Tensor,
  where,
} from "../graph/mod.ts";
import { compileLoop, inputsOf, largestOf, runLoop } from "../method/loop.ts";
import type { RunControl } from "../method/problem.ts";
import { imagPart, joinParts, realPart, squaredMagnitude } from "../mri/physics/complex.ts";
import { dft2 } from "../mri/physics/dft.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import type { Rng } from "../rng.ts";

/** Feedback of the parts that break the constraints (Fienup 1982 takes 0.5 to 1). */
const BETA = 0.9;
/** Iterations with feedback, and those of error reduction at the end. */
const ITERATIONS = { feedback: 1200, reduction: 60 };
/** Iterations in one call of the graph. */
const TOGETHER = 10;
/** Smallest squared magnitude that is divided by. */
const TINY = 1e-12;

/** What is known of the image. */
export interface PhaseProblem {
  /** H and W of the image, which lies in the corner of the padded one. */
  readonly image: readonly [number, number];
  /** Whether it is real and not negative. */
  readonly positive: boolean;
  /** Trials from random phases. */
  readonly trials: number;
}

/**
 * Hybrid input-output (Fienup, Phase retrieval algorithms: a comparison, Applied Optics 21, 1982), of
 * several trials the one that explains the magnitudes best:
 * ```
 * g' = F^-1 (y F g / |F g|)
 * g  = g' where it meets the constraints (within the image, not negative), elsewhere g - 0.9 g'
 * ```
 * and at the end error reduction, which has 0 there.
 * @param y magnitudes `[1, 1, h, w]`, of sides from those of the image to any multiple
 * @returns the image `[1, 2, H, W]`
 */
export async function hybridInputOutput(
  runtime: Runtime,
  y: NdArray,
  { image, positive, trials }: PhaseProblem,
  rng: Rng,
  control: RunControl = {},
): Promise<NdArray> {
  const [, , h, w] = y.shape, [height, width] = image;
  const inputs = inputsOf({ y: y.shape, x: [1, 2, h, w] });
  const inside = pad(constantOf(new Float32Array(height * width).fill(1), [1, 1, height, width]), [
    ...[0, 0, 0, 0],
    ...[0, 0, h - height, w - width],
  ]);
  const projected = (g: Tensor) => {
    const spectrum = dft2(g, "forward");
    const size = sqrt(max(squaredMagnitude(spectrum), TINY));
    return dft2(mul(div(inputs.y, size), spectrum), "inverse");
  };
  const allowed = (g: Tensor) => {
    if (!positive) return mul(inside, g);
    const re = realPart(g);
    return mul(inside, joinParts(max(re, 0), mul(re, 0)));
  };
  const broken = (g: Tensor) => {
    const outside = lessOrEqual(inside, 0);
    return positive ? [outside, lessOrEqual(realPart(g), 0)] : [outside];
  };
  const feedback = (g: Tensor) => {
    const found = projected(g), kept = sub(g, mul(found, BETA));
    const parts = positive
      ? joinParts(realPart(found), sub(imagPart(g), mul(imagPart(found), BETA)))
      : found;
    return broken(found).reduce((x, is) => where(is, kept, x), parts);
  };
  const reduction = (g: Tensor) => allowed(projected(g));
  const times = (step: (g: Tensor) => Tensor) => {
    let x = inputs.x;
    for (let i = 0; i < TOGETHER; i++) x = step(x);
    return compileLoop(runtime, inputs, { x: inputs.x }, { x });
  };
  const [first, last] = [await times(feedback), await times(reduction)];
  const finish = await runtime.build({ x: inputs.x.shape, y: y.shape }, ({ x, y }) => {
    const error = sub(sqrt(max(squaredMagnitude(dft2(allowed(x), "forward")), TINY)), y);
    return {
      image: slice(slice(allowed(x), 2, 0, height), 3, 0, width),
      residual: reduceSum(mul(error, error)),
    };
  });
  const calls = [
    ...new Array<typeof first>(ITERATIONS.feedback / TOGETHER).fill(first),
    ...new Array<typeof first>(ITERATIONS.reduction / TOGETHER).fill(last),
  ].map((program, i) => ({ program, step: (i + 1) * TOGETHER, sigma: 0 }));
  const scale = largestOf(y);
  const found: { image: NdArray; residual: number }[] = [];
  for (let trial = 0; trial < trials; trial++) {
    const start = ndarray(rng.split(trial).normals(sizeOf(inputs.x.shape)), inputs.x.shape);
    const x = await runLoop({
      method: "hybrid input-output",
      steps: ITERATIONS.feedback + ITERATIONS.reduction,
      fixed: { y },
      state: { x: start },
      scale,
      calls,
    }, { ...control, onProgress: undefined });
    const { image, residual } = await finish.run({ x, y });
    found.push({ image, residual: residual.data[0] });
    control.onProgress?.((trial + 1) / trials);
  }
  return found.reduce((best, other) => other.residual < best.residual ? other : best).image;
}
