/** Derivatives of convolutions. @module */
import { sizeOf } from "../../ndarray.ts";
import { apply } from "../apply.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { ConvAttributes } from "./attributes.ts";
import { matMul } from "./linear.ts";
import { concat, pad, reshape, reverse, slice, swapLastAxes, transpose } from "./movement.ts";
import { reduceSum } from "./reduce.ts";

/** Cotangents of image, kernel and bias of a convolution. */
export function convVjp(
  ct: Tensor,
  node: Tensor<"Conv">,
  [image, kernel, bias]: readonly boolean[],
) {
  const [x, weight] = node.inputs;
  const { attributes } = node;
  const ctImage = !image
    ? null
    : attributes.strides.every((stride) => stride === 1)
    ? imageCotangent(ct, weight, attributes)
    : stridedImageCotangent(ct, weight, x.shape, attributes);
  return [
    ctImage,
    kernel ? kernelCotangent(x, ct, weight.shape, attributes) : null,
    ...(bias ? [channelSum(ct)] : []),
  ];
}

/** Cotangents of image, kernel and bias of a transposed convolution, which swaps both images' roles. */
export function convTransposeVjp(
  ct: Tensor,
  node: Tensor<"ConvTranspose">,
  [image, kernel, bias]: readonly boolean[],
) {
  const [x, weight] = node.inputs;
  const { strides, pads, dilations, group } = node.attributes;
  const attributes = { strides, pads, dilations, group };
  return [
    image ? apply("Conv", [ct, weight], attributes) : null,
    kernel ? kernelCotangent(ct, x, weight.shape, attributes) : null,
    ...(bias ? [channelSum(ct)] : []),
  ];
}

function channelSum(ct: Tensor): Tensor {
  return reduceSum(ct, ct.shape.map((_, axis) => axis).filter((axis) => axis !== 1));
}

/** Stride 1: a convolution with the kernel flipped and its channels swapped within each group. */
function imageCotangent(ct: Tensor, weight: Tensor, attributes: ConvAttributes): Tensor {
  const { pads, dilations, group, strides } = attributes;
  const [outChannels, perGroup, ...kernel] = weight.shape;
  const flipped = kernel.reduce(
    (w, taps, i) => taps === 1 ? w : reverse(w, i + 2),
    swapChannels(weight, group, outChannels / group, perGroup, kernel),
  );
  const reach = [...kernel, ...kernel].map((taps, i) => dilations[i % kernel.length] * (taps - 1));
  const wanted = reach.map((width, i) => width - pads[i]);
  // Padding wider than the kernel's reach made outputs that no pixel touched: they are cut off.
  const cut = pad(
    ct,
    [0, 0, ...wanted.slice(0, kernel.length), 0, 0, ...wanted.slice(kernel.length)].map((width) =>
      Math.min(0, width)
    ),
  );
  const widths = wanted.map((width) => Math.max(0, width));
  return apply("Conv", [cut, flipped], { strides, dilations, group, pads: widths });
}

/** `[K, C / group, ...]` to `[C, K / group, ...]`. */
function swapChannels(weight: Tensor, group: number, outer: number, inner: number, kernel: Shape) {
  const grouped = reshape(weight, [group, outer, inner, ...kernel]);
  const swapped = transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return reshape(swapped, [group * inner, outer, ...kernel]);
}

/** Other strides: a transposed convolution, padded to the rows the stride skipped at the end. */
function stridedImageCotangent(
  ct: Tensor,
  weight: Tensor,
  image: Shape,
  attributes: ConvAttributes,
) {
  const { strides, pads, dilations } = attributes;
  const kernel = weight.shape.slice(2);
  const outputPadding = kernel.map((taps, i) => {
    const reached = (ct.shape[i + 2] - 1) * strides[i] + dilations[i] * (taps - 1) + 1;
    return image[i + 2] + pads[i] + pads[i + kernel.length] - reached;
  });
  return apply("ConvTranspose", [ct, weight], { ...attributes, outputPadding });
}

/**
 * Cotangent of a kernel: for each tap, the product of the image shifted by that tap and the output's
 * cotangent, as one MatMul over all pixels. On onnxruntime's CPU provider three times as fast as the
 * same thing as a convolution with the image as kernel. The cotangent is turned once for all taps.
 */
function kernelCotangent(
  image: Tensor,
  ct: Tensor,
  weight: Shape,
  attributes: ConvAttributes,
): Tensor {
  const { pads, group } = attributes;
  const [out, perGroup, ...kernel] = weight;
  const [batch, , ...space] = ct.shape;
  const pixels = sizeOf(space);
  const before = pads.slice(0, kernel.length);
  const padded = pad(image, [0, 0, ...before, 0, 0, ...pads.slice(kernel.length)]);
  const turned = swapLastAxes(reshape(ct, [batch, group, out / group, pixels]));
  const products = tapsOf(kernel).map((tap) => {
    const view = reshape(shifted(padded, tap, space, attributes), [batch, group, perGroup, pixels]);
    return reshape(reduceSum(matMul(view, turned), [0]), [group, perGroup, out / group, 1]);
  });
  const stacked = transpose(concat(products, 3), [0, 2, 1, 3]); // group, out, in, tap
  return reshape(stacked, weight);
}

/** Each tap becomes nodes of its own, so a window as large as an image would never end. */
const MAX_TAPS = 1024;

/** All positions of a kernel, in the order of its data. */
export function tapsOf(kernel: Shape): number[][] {
  if (sizeOf(kernel) > MAX_TAPS) {
    throw new RangeError(
      `Cannot differentiate a window of ${sizeOf(kernel)} taps: at most ${MAX_TAPS} are handled`,
    );
  }
  return kernel.reduce<number[][]>(
    (taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, t) => [...tap, t])),
    [[]],
  );
}

/** The pixels of the padded image that one tap meets, in the shape of the output. */
function shifted(
  padded: Tensor,
  tap: readonly number[],
  space: Shape,
  { strides, dilations }: ConvAttributes,
): Tensor {
  return tap.reduce((view, t, i) => {
    const start = t * dilations[i];
    const end = start + (space[i] - 1) * strides[i] + 1;
    return slice(view, i + 2, start, end, strides[i]);
  }, padded);
}
