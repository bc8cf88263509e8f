/** Derivatives of pooling and resizing. @module */
import { sizeOf } from "../../ndarray.ts";
import { apply } from "../apply.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { PoolAttributes } from "./attributes.ts";
import { add, equal, mul, where } from "./elementwise.ts";
import { asTensor, constantOf, typedData } from "./leaf.ts";
import { pad, reshape, slice, spread, swapLastAxes } from "./movement.ts";
import { multiplyAxis } from "./movement_vjp.ts";
import { reduceSum } from "./reduce.ts";
import { resizeMatrix } from "./resize.ts";
import { tapsOf } from "./conv_vjp.ts";

/** Each pixel's share of the windows it lies in: a transposed convolution with ones. */
export function averagePoolVjp(ct: Tensor, node: Tensor<"AveragePool">): [Tensor] {
  const [x] = node.inputs;
  const { kernel, strides, pads } = node.attributes;
  const weighted = kernel.reduce((sum, _, i) => mul(sum, windowShares(node, i)), ct);
  const [batch, channels, ...space] = x.shape;
  const planes = reshape(weighted, [batch * channels, 1, ...ct.shape.slice(2)]);
  const ones = constantOf(typedData(ct.dtype, new Array(sizeOf(kernel)).fill(1)), [
    1,
    1,
    ...kernel,
  ]);
  const spreadOut = apply("ConvTranspose", [planes, ones], {
    strides,
    pads,
    dilations: kernel.map(() => 1),
    group: 1,
    outputPadding: remainders(space, node.attributes),
  });
  return [reshape(spreadOut, x.shape)];
}

/** Rows at the end of each axis that no window reaches. */
function remainders(space: Shape, { kernel, strides, pads }: PoolAttributes): number[] {
  return space.map((size, i) => (size + pads[i] + pads[i + space.length] - kernel[i]) % strides[i]);
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
  const space = kernel.length;
  const padded = pad(x, [0, 0, ...pads.slice(0, space), 0, 0, ...pads.slice(space)], {
    value: -Infinity,
  });
  const none = asTensor(0, ct);
  let left = ct;
  const parts = tapsOf(kernel).map((tap) => {
    const view = tap.reduce((part, t, i) => {
      const end = t + (node.shape[i + 2] - 1) * strides[i] + 1;
      return slice(part, i + 2, t, end, strides[i]);
    }, padded);
    const hit = equal(view, node);
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
  const after = tap.map((t, i) => image[i + 2] - t - spaced.shape[i + 2]);
  return pad(spaced, [0, 0, ...tap, 0, 0, ...after]);
}

/** The transposed interpolation matrix of each axis; a sum over blocks where pixels were repeated. */
export function resizeVjp(ct: Tensor, node: Tensor<"Resize">): [Tensor] {
  const [x] = node.inputs;
  const { attributes } = node;
  return [
    x.shape.reduce((image, size, axis) => {
      const to = node.shape[axis];
      const plain = attributes.scales === undefined;
      if (to === size && plain) return image;
      const matrix = resizeMatrix(attributes, axis, size);
      const factor = repeats(matrix, size, to);
      return factor === undefined
        ? multiplyAxis(
          image,
          axis,
          swapLastAxes(constantOf(typedData(ct.dtype, matrix), [to, size])),
        )
        : blockSum(image, axis, size, factor);
    }, ct),
  ];
}

/** How often each pixel was repeated, when that is all the matrix does. */
function repeats(matrix: Float64Array, size: number, to: number): number | undefined {
  const factor = to / size;
  if (!Number.isInteger(factor)) return undefined;
  const repeated = Array.from(
    { length: to },
    (_, i) => matrix[i * size + Math.floor(i / factor)] === 1,
  );
  return repeated.every(Boolean) ? factor : undefined;
}

function blockSum(ct: Tensor, axis: number, size: number, factor: number): Tensor {
  const blocks = [...ct.shape.slice(0, axis), size, factor, ...ct.shape.slice(axis + 1)];
  return reduceSum(reshape(ct, blocks), [axis + 1]);
}
