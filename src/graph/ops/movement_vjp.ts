/** Derivatives of operators that move elements: the elements are moved back. @module */
import { sizeOf } from "../../ndarray.ts";
import type { Tensor } from "../tensor.ts";
import { add, cast, equal, less, where } from "./elementwise.ts";
import { constantOf, typedData } from "./leaf.ts";
import { matMul } from "./linear.ts";
import {
  pad,
  paddedIndex,
  reshape,
  reverse,
  slice,
  sliceBounds,
  spread,
  swapLastAxes,
} from "./movement.ts";
import { reduceSum } from "./reduce.ts";

/** Puts the cotangent of a slice back where the slice was taken, zeros elsewhere. */
export function sliceVjp(ct: Tensor, node: Tensor<"Slice">): [Tensor] {
  const { starts, ends, axes, steps } = node.attributes;
  const [x] = node.inputs;
  const before: number[] = new Array(x.rank).fill(0);
  const after: number[] = new Array(x.rank).fill(0);
  let placed = ct;
  axes.forEach((axis, i) => {
    const [start] = sliceBounds(x.shape[axis], starts[i], ends[i], steps[i]);
    const count = node.shape[axis];
    const low = steps[i] > 0 ? start : start + steps[i] * (count - 1);
    if (steps[i] < 0) placed = reverse(placed, axis);
    if (Math.abs(steps[i]) > 1) placed = spread(placed, axis, Math.abs(steps[i]));
    before[axis] = low;
    after[axis] = x.shape[axis] - low - placed.shape[axis];
  });
  return [pad(placed, [...before, ...after])];
}

/** Cotangent of a padding, axis by axis: the sum over all places that show an element. */
export function padVjp(ct: Tensor, node: Tensor<"Pad">): [Tensor] {
  const { pads, mode } = node.attributes;
  const [x] = node.inputs;
  const unpadded = x.shape.reduce((image, size, axis) => {
    const [before, after] = [pads[axis], pads[axis + x.rank]];
    if (mode === "constant") return recentre(image, axis, before, after);
    if (before === 0 && after === 0) return image;
    const count = image.shape[axis];
    const matrix = new Float64Array(size * count);
    for (let i = 0; i < count; i++) matrix[paddedIndex(i - before, size, mode) * count + i] = 1;
    return multiplyAxis(image, axis, constantOf(typedData(ct.dtype, matrix), [size, count]));
  }, ct);
  return [unpadded];
}

/** Cuts the widths off one axis, or adds zeros where they are negative. */
function recentre(ct: Tensor, axis: number, before: number, after: number): Tensor {
  const cut = slice(ct, axis, Math.max(0, before), ct.shape[axis] - Math.max(0, after));
  const widths: number[] = new Array(2 * ct.rank).fill(0);
  widths[axis] = Math.max(0, -before);
  widths[axis + ct.rank] = Math.max(0, -after);
  return pad(cut, widths);
}

/** Multiplies one axis by a matrix `[to, from]`. */
export function multiplyAxis(x: Tensor, axis: number, matrix: Tensor): Tensor {
  if (axis === x.rank - 1) return matMul(x, swapLastAxes(matrix));
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const flat = reshape(x, [sizeOf(before), x.shape[axis], sizeOf(after)]);
  return reshape(matMul(matrix, flat), [...before, matrix.shape[0], ...after]);
}

/** Sum over the copies. */
export function tileVjp(ct: Tensor, node: Tensor<"Tile">): [Tensor] {
  const [x] = node.inputs;
  const split = x.shape.flatMap((size, axis) => [node.attributes.repeats[axis], size]);
  return [reduceSum(reshape(ct, split), x.shape.map((_, axis) => 2 * axis))];
}

/** Sum over all places that show an element: a product with a matrix of ones and zeros. */
export function gatherVjp(ct: Tensor, node: Tensor<"Gather">): [Tensor, null] {
  const [x, indices] = node.inputs;
  const { axis } = node.attributes;
  const size = x.shape[axis];
  const count = sizeOf(indices.shape);
  const [before, after] = [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis + 1))];
  const flat = reshape(indices, [1, count]);
  const positive = where(less(flat, 0), add(flat, size), flat);
  const places = typedData(indices.dtype, Array.from({ length: size }, (_, i) => i));
  const shows = cast(equal(constantOf(places, [size, 1]), positive), x.dtype);
  return [reshape(matMul(shows, reshape(ct, [before, count, after])), x.shape), null];
}
