/** Derivatives of convolutions. @module */
import { sizeOf } from "../../ndarray.ts";
import { apply } from "../apply.ts";
import { positionsOf } from "../shapes.ts";
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
  const ctImage = () =>
    attributes.strides.every((stride) => stride === 1)
      ? imageCotangent(ct, weight, attributes)
      : stridedImageCotangent(ct, weight, x.shape, attributes);
  return [
    image ? ctImage() : null,
    kernel ? kernelCotangent(x, ct, weight.shape, attributes) : null,
    bias ? channelSum(ct) : null,
  ];
}

/** Cotangents of image, kernel and bias of a transposed convolution, which swaps both images' roles. */
export function convTransposeVjp(
  ct: Tensor,
  node: Tensor<"ConvTranspose">,
  [image, kernel, bias]: readonly boolean[],
) {
  const [x, weight] = node.inputs;
  const { outputPadding: _, ...attributes } = node.attributes;
  return [
    image ? apply("Conv", [ct, weight], attributes) : null,
    kernel ? kernelCotangent(ct, x, weight.shape, attributes) : null,
    bias ? channelSum(ct) : null,
  ];
}

function channelSum(ct: Tensor): Tensor {
  return reduceSum(ct, ct.shape.map((_, axis) => axis).filter((axis) => axis !== 1));
}

/** Stride 1: a convolution with the kernel flipped and its channels swapped within each group. */
function imageCotangent(ct: Tensor, weight: Tensor, attributes: ConvAttributes): Tensor {
  const { pads, dilations, group } = attributes;
  const kernel = weight.shape.slice(2);
  const flipped = kernel.reduce(
    (w, taps, i) => taps === 1 ? w : reverse(w, i + 2),
    swapChannels(weight, group),
  );
  const wanted = [...kernel, ...kernel].map((taps, i) =>
    dilations[i % kernel.length] * (taps - 1) - pads[i]
  );
  // Padding wider than the kernel's reach made outputs that no pixel touched: they are cut off.
  const cut = padSpace(ct, wanted.map((width) => Math.min(0, width)));
  const widths = wanted.map((width) => Math.max(0, width));
  return apply("Conv", [cut, flipped], { ...attributes, pads: widths });
}

/** `[K, C / group, ...]` to `[C, K / group, ...]`. */
function swapChannels(weight: Tensor, group: number): Tensor {
  const [channels, inner, ...kernel] = weight.shape;
  const outer = channels / group;
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
  const { group, strides } = attributes;
  const [out, perGroup, ...kernel] = weight;
  const batch = ct.shape[0];
  const { views, cotangent } = strides.every((stride) => stride === 1)
    ? contiguousViews(image, ct, kernel, attributes)
    : stridedViews(image, ct, kernel, attributes);
  const turned = swapLastAxes(reshape(cotangent, [batch, group, out / group, -1]));
  const products = views.map((view) => {
    const product = matMul(reshape(view, [batch, group, perGroup, -1]), turned);
    return reshape(reduceSum(product, [0]), [group, perGroup, out / group, 1]);
  });
  const stacked = transpose(concat(products, 3), [0, 2, 1, 3]); // group, out, in, tap
  return reshape(stacked, weight);
}

/** The image as each tap meets it, and the cotangent, pixel for pixel. */
type TapViews = { readonly views: readonly Tensor[]; readonly cotangent: Tensor };

/** By slices along each axis, in the shape of the output. */
function stridedViews(
  image: Tensor,
  ct: Tensor,
  kernel: Shape,
  { strides, dilations, pads }: ConvAttributes,
): TapViews {
  const padded = padSpace(image, pads);
  const views = tapsOf(kernel).map((tap) =>
    tapView(padded, tap.map((t, i) => t * dilations[i]), ct.shape, strides)
  );
  return { views, cotangent: ct };
}

/** The pixels `[N, C, ...]` of a padded image that one tap meets, by its place in the first window. */
export function tapView(
  padded: Tensor,
  tap: readonly number[],
  shape: Shape,
  strides: Shape,
): Tensor {
  return tap.reduce((view, start, i) => {
    const end = start + (shape[i + 2] - 1) * strides[i] + 1;
    return slice(view, i + 2, start, end, strides[i]);
  }, padded);
}

/** Pads the spatial axes; cuts where a width is negative. */
export function padSpace(image: Tensor, pads: readonly number[], value = 0): Tensor {
  const space = image.rank - 2;
  return pad(image, [0, 0, ...pads.slice(0, space), 0, 0, ...pads.slice(space)], { value });
}

/**
 * Stride 1: with the cotangent filled up with zeros to the padded image's extent in all axes but the
 * first, a tap is one shift of the flattened image, and its slice one block of memory per channel.
 */
function contiguousViews(
  image: Tensor,
  ct: Tensor,
  kernel: Shape,
  { dilations, pads }: ConvAttributes,
): TapViews {
  // One more row, so that the last tap's block ends within the image.
  const padded = padSpace(image, pads.with(kernel.length, pads[kernel.length] + 1));
  const [batch, channels, ...extent] = padded.shape;
  const [rows, ...rest] = ct.shape.slice(2);
  const missing = rest.map((size, i) => extent[i + 1] - size);
  const pitches = extent.map((_, i) => sizeOf(extent.slice(i + 1)));
  const flat = reshape(padded, [batch, channels, -1]);
  const views = tapsOf(kernel).map((tap) => {
    const start = tap.reduce((sum, t, i) => sum + t * dilations[i] * pitches[i], 0);
    return slice(flat, 2, start, start + rows * pitches[0]);
  });
  return { views, cotangent: padSpace(ct, [...kernel.map(() => 0), 0, ...missing]) };
}

/** Each tap becomes nodes of its own, so the size of a window must be limited. */
const MAX_TAPS = 1024;

/** All positions of a kernel, in the order of its data. */
export function tapsOf(kernel: Shape): number[][] {
  if (sizeOf(kernel) <= MAX_TAPS) return positionsOf(kernel);
  throw new RangeError(
    `Cannot differentiate a window of ${sizeOf(kernel)} taps: at most ${MAX_TAPS} are handled`,
  );
}
