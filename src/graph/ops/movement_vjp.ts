/** Derivatives of operators that move elements: the elements are moved back. @module */
import { sizeOf } from "../../ndarray.ts";
import type { Tensor } from "../tensor.ts";
import { add, cast, equal, less, where } from "./elementwise.ts";
import { constantOf, typedData } from "./leaf.ts";
import { matMul } from "./linear.ts";
import { pad, reshape, reverse, slice, sliceBounds, spread } from "./movement.ts";
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

/** Cotangent of a padding, axis by axis: what was there before, plus what its border shows of it. */
export function padVjp(ct: Tensor, node: Tensor<"Pad">): [Tensor] {
  const { pads, mode } = node.attributes;
  const [x] = node.inputs;
  const unpadded = x.shape.reduce((image, size, axis) => {
    const [before, after] = [pads[axis], pads[axis + x.rank]];
    const centre = recentre(image, axis, before, after);
    if (mode === "constant") return centre;
    const borders = [
      ...(before > 0 ? [startBorder(image, axis, size, before, mode)] : []),
      ...(after > 0 ? [endBorder(image, axis, size, before, after, mode)] : []),
    ];
    return borders.reduce((sum, border) => add(sum, border), centre);
  }, ct);
  return [unpadded];
}

/** Cuts the widths off one axis, or adds zeros where they are negative. */
function recentre(ct: Tensor, axis: number, before: number, after: number): Tensor {
  const cut = slice(ct, axis, Math.max(0, before), ct.shape[axis] - Math.max(0, after));
  return padAxis(cut, axis, Math.max(0, -before), Math.max(0, -after));
}

function padAxis(x: Tensor, axis: number, before: number, after: number): Tensor {
  const widths: number[] = new Array(2 * x.rank).fill(0);
  widths[axis] = before;
  widths[axis + x.rank] = after;
  return pad(x, widths);
}

/** The border at the start, added up (edge) or turned over (reflect), where its elements are. */
function startBorder(
  ct: Tensor,
  axis: number,
  size: number,
  width: number,
  mode: "reflect" | "edge",
) {
  const border = slice(ct, axis, 0, width);
  return mode === "edge"
    ? padAxis(reduceSum(border, [axis], { keepDims: true }), axis, 0, size - 1)
    : padAxis(reverse(border, axis), axis, 1, size - 1 - width);
}

function endBorder(
  ct: Tensor,
  axis: number,
  size: number,
  before: number,
  width: number,
  mode: "reflect" | "edge",
): Tensor {
  const start = before + size;
  const border = slice(ct, axis, start, start + width);
  return mode === "edge"
    ? padAxis(reduceSum(border, [axis], { keepDims: true }), axis, size - 1, 0)
    : padAxis(reverse(border, axis), axis, size - 1 - width, 1);
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
