/**
 * Level sets of strokes: distances of all pixels to straight pieces with a radius, in the graph.
 * @module
 */
import {
  add,
  clip,
  concat,
  constant,
  div,
  exp,
  log,
  matMul,
  max,
  min,
  mul,
  reduceMin,
  reduceSum,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { Stroke } from "./anatomy.ts";

/** Numbers per stroke in the graph's inputs; see `strokeRow`. */
export const STROKE_COLUMNS = 11;

/** Strokes handled at once, so that arrays stay in the processor's cache. */
const CHUNK = 32;
/**
 * Row of the inputs for a stroke from a to b: the projection of p on it (0 at a, 1 at b) and the
 * squared distance from a, both as products with `[x, y, 1, x^2 + y^2]`; the squared length; the
 * radius at a and its growth.
 */
export function strokeRow([[ax, ay], [bx, by], ra, rb]: Stroke): number[] {
  const [dx, dy] = [bx - ax, by - ay];
  const squaredLength = Math.max(dx * dx + dy * dy, 1e-6); // a dot has no direction
  const [ux, uy] = [dx / squaredLength, dy / squaredLength];
  const projection = [ux, uy, -(ax * ux + ay * uy), 0];
  const offset = [-2 * ax, -2 * ay, ax * ax + ay * ay, 1];
  return [...projection, ...offset, squaredLength, ra, rb - ra];
}

/** `[1, H W]` coordinates as rows `[x, y, 1, x^2 + y^2]` for products with strokes. */
export function monomials(x: Tensor, y: Tensor): Tensor {
  const ones = constant({ data: new Float32Array(x.shape[1]).fill(1), shape: x.shape });
  return concat([x, y, ones, add(mul(x, x), mul(y, y))], 0);
}

/** Distances to some strokes, less their radius: `[S, H W]`. */
function strokeDistances(strokes: Tensor, points: Tensor, withRadius: boolean): Tensor {
  const columns = (from: number, to: number) => slice(strokes, 1, from, to);
  const projection = matMul(columns(0, 4), points);
  const t = clip(projection, 0, 1);
  // |p - a - t (b - a)|^2 = |p - a|^2 + L^2 t (t - 2 t0) for the unclipped projection t0
  const nearer = mul(mul(columns(8, 9), t), sub(t, mul(projection, 2)));
  const squared = add(matMul(columns(4, 8), points), nearer);
  if (!withRadius) return squared;
  const radius = add(columns(9, 10), mul(columns(10, 11), t));
  return sub(sqrt(max(squared, 0)), radius);
}

/** Distance to the nearest of many thin strokes, `[1, H W]`. */
export function distanceToLines(strokes: Tensor, points: Tensor): Tensor {
  let nearest: Tensor | undefined;
  for (let start = 0; start < strokes.shape[0]; start += CHUNK) {
    const some = slice(strokes, 0, start, Math.min(start + CHUNK, strokes.shape[0]));
    const squared = reduceMin(strokeDistances(some, points, false), [0], { keepDims: true });
    nearest = nearest === undefined ? squared : min(nearest, squared);
  }
  return sqrt(max(nearest!, 0));
}

/**
 * Depth inside a blob of strokes, `[1, H W]`: positive inside.
 * @param blend mm over which strokes melt into each other
 */
export function depthInside(strokes: Tensor, points: Tensor, blend: number): Tensor {
  const distances = strokeDistances(strokes, points, true);
  const nearest = reduceMin(distances, [0], { keepDims: true });
  const weights = exp(div(sub(nearest, distances), blend));
  const total = reduceSum(weights, [0], { keepDims: true });
  return sub(mul(log(total), blend), nearest);
}
