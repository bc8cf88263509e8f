/** Derivatives of pooling and resizing. @module */
import { sizeOf } from "../../ndarray.ts";
import { apply } from "../apply.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { add, equal, mul, where } from "./elementwise.ts";
import { asTensor, constantOf, typedData } from "./leaf.ts";
import { reshape, slice, spread, swapLastAxes } from "./movement.ts";
import { multiplyAxis } from "./movement_vjp.ts";
import { reduceSum } from "./reduce.ts";
import { resizeMatrix } from "./resize.ts";
import { padSpace, tapsOf, tapView } from "./conv_vjp.ts";

/** Each pixel's share of the windows it lies in: a transposed convolution with ones. */
export function averagePoolVjp(ct: Tensor, node: Tensor<"AveragePool">): [Tensor] {
  const [x] = node.inputs;
  const { kernel, strides, pads } = node.attributes;
  const weighted = kernel.reduce((sum, _, i) => mul(sum, windowShares(node, i)), ct);
  const [batch, channels, ...space] = x.shape;
  const planes = reshape(weighted, [batch * channels, 1, ...ct.shape.slice(2)]);
  const shape = [1, 1, ...kernel];
  const ones = constantOf(typedData(ct.dtype, new Array(sizeOf(shape)).fill(1)), shape);
  const spreadOut = apply("ConvTranspose", [planes, ones], {
    strides,
    pads,
    dilations: kernel.map(() => 1),
    group: 1,
    // The rows at the end of each axis that no window reaches.
    outputPadding: space.map((size, i) =>
      (size + pads[i] + pads[i + space.length] - kernel[i]) % strides[i]
    ),
  });
  return [reshape(spreadOut, x.shape)];
}

/** One over the number of pixels each window counts along one axis, shaped to broadcast. */
function windowShares(node: Tensor<"AveragePool">, i: number): Tensor {
  const { kernel, strides, pads, countIncludePad } = node.attributes;
  const size = node.inputs[0].shape[i + 2];
  const shares = Array.from({ length: node.shape[i + 2] }, (_, o) => {
    const start = o * strides[i] - pads[i];
    const inside = Math.min(size, start + kernel[i]) - Math.max(0, start);
    return 1 / (countIncludePad ? kernel[i] : inside);
  });
  return constantOf(
    typedData(node.dtype, shares),
    node.shape.map((_, axis) => axis === i + 2 ? shares.length : 1),
  );
}

/** To the first pixel of each window that equals its maximum, as PyTorch does. */
export function maxPoolVjp(ct: Tensor, node: Tensor<"MaxPool">): [Tensor] {
  const [x] = node.inputs;
  const { kernel, strides, pads } = node.attributes;
  const padded = padSpace(x, pads, -Infinity);
  const none = asTensor(0, ct);
  let left = ct;
  const parts = tapsOf(kernel).map((tap) => {
    const hit = equal(tapView(padded, tap, node.shape, strides), node);
    const part = where(hit, left, none);
    left = where(hit, none, left); // each window gives its cotangent to one pixel, also in a tie
    return putBack(part, tap, padded.shape, strides);
  });
  const total = parts.reduce((sum, part) => add(sum, part));
  const cut = x.shape.slice(2).reduce(
    (image, size, i) => slice(image, i + 2, pads[i], pads[i] + size),
    total,
  );
  return [cut];
}

/** Puts values back to the strided places they were taken from, zeros elsewhere. */
function putBack(values: Tensor, tap: readonly number[], image: Shape, strides: Shape): Tensor {
  const spaced = tap.reduce((part, _, i) => spread(part, i + 2, strides[i]), values);
  return padSpace(spaced, [...tap, ...tap.map((t, i) => image[i + 2] - t - spaced.shape[i + 2])]);
}

/** The transposed interpolation matrix of each axis; a sum over blocks where pixels were repeated. */
export function resizeVjp(ct: Tensor, node: Tensor<"Resize">): [Tensor] {
  const [x] = node.inputs;
  const image = x.shape.reduce((image, size, axis) => {
    const to = node.shape[axis];
    if (to === size && node.attributes.scales === undefined) return image;
    const matrix = resizeMatrix(node.attributes, axis, size);
    const factor = to / size;
    if (repeats(matrix, size, factor)) {
      const blocks = reshape(image, image.shape.toSpliced(axis, 1, size, factor));
      return reduceSum(blocks, [axis + 1]);
    }
    const rows = constantOf(typedData(ct.dtype, matrix), [to, size]);
    return multiplyAxis(image, axis, swapLastAxes(rows));
  }, ct);
  return [image];
}

/** Whether all that the matrix does is to repeat each pixel. */
function repeats(matrix: Float64Array, size: number, factor: number): boolean {
  const places = Array.from({ length: size * factor }, (_, i) => i * size + Math.floor(i / factor));
  return Number.isInteger(factor) && places.every((place) => matrix[place] === 1);
}
