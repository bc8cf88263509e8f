/** Convolutions, pooling and resizing over trailing spatial axes: `[batch, channels, ...space]`. @module */
import { apply } from "../apply.ts";
import type { SomeRules } from "../rule.ts";
import { commonType, formatShape, int64Vector, requireInputs } from "../shapes.ts";
import type { Shape, Tensor, TensorType } from "../tensor.ts";
import type {
  ConvAttributes,
  ConvTransposeAttributes,
  OpName,
  PoolAttributes,
} from "./attributes.ts";
import { convTransposeVjp, convVjp } from "./conv_vjp.ts";
import { averagePoolVjp, maxPoolVjp, resizeVjp } from "./pool_vjp.ts";

/** Rules of the windowed operators. */
export const convRules = {
  Conv: {
    infer: convType(([out, perGroup], group) => [perGroup * group, out], windowCount),
    encode: (attributes) => ({ attributes: { ...attributes } }),
    vjp: convVjp,
  },
  ConvTranspose: {
    infer: convType<ConvTransposeAttributes>(
      ([from, perGroup], group) => [from, perGroup * group],
      (size, reach, axis, { strides, pads, outputPadding }) =>
        (size - 1) * strides[axis] + reach + outputPadding[axis] - bothPads(pads, axis),
    ),
    encode: ({ outputPadding, ...attributes }) => ({
      attributes: { ...attributes, output_padding: outputPadding },
    }),
    vjp: convTransposeVjp,
  },
  AveragePool: {
    infer: poolType,
    encode: ({ kernel, strides, pads, countIncludePad }) => ({
      attributes: { kernel_shape: kernel, strides, pads, count_include_pad: countIncludePad },
    }),
    vjp: averagePoolVjp,
  },
  MaxPool: {
    infer: poolType,
    encode: ({ kernel, strides, pads }) => ({
      attributes: { kernel_shape: kernel, strides, pads },
    }),
    vjp: maxPoolVjp,
  },
  Resize: {
    infer([x], { sizes }) {
      if (sizes.length !== x.rank || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
        throw new RangeError(`Cannot resize ${formatShape(x.shape)} to ${formatShape(sizes)}`);
      }
      return { dtype: x.dtype, shape: sizes };
    },
    encode: ({ mode, sizes, scales, coordinates, rounding }) => ({
      attributes: { mode, coordinate_transformation_mode: coordinates, nearest_mode: rounding },
      constants: scales // roi, scales, sizes
        ? [null, { data: Float32Array.from(scales), shape: [scales.length] }]
        : [null, null, int64Vector(sizes)],
    }),
    vjp: resizeVjp,
  },
} satisfies SomeRules;

/**
 * Type of a convolution.
 * @param channels those that the image must have, and those of the result
 * @param size of the result along an axis, from that of the image and the reach of the kernel
 */
function convType<A extends ConvAttributes>(
  channels: (weight: Shape, group: number) => readonly [number, number],
  size: (image: number, reach: number, axis: number, attributes: A) => number,
) {
  return (inputs: readonly Tensor[], attributes: A, op: OpName): TensorType => {
    requireInputs(op, inputs, 2, 3);
    const [x, weight, bias] = inputs;
    const { dilations, group } = attributes;
    requireWindow(op, x.rank - 2, attributes);
    const [from, to] = channels(weight.shape, group);
    const fits = x.shape[1] === from && weight.shape[0] % group === 0;
    if (x.rank < 3 || weight.rank !== x.rank || !fits) {
      throw new RangeError(
        `Cannot apply ${op} with weights ${formatShape(weight.shape)} to ${
          formatShape(x.shape)
        }: ` +
          `ranks and channels must agree`,
      );
    }
    if (bias !== undefined && (bias.rank !== 1 || bias.shape[0] !== to)) {
      throw new RangeError(`Cannot add bias ${formatShape(bias.shape)} to ${to} channels`);
    }
    const sizes = weight.shape.slice(2).map((taps, axis) =>
      size(x.shape[2 + axis], dilations[axis] * (taps - 1) + 1, axis, attributes)
    );
    requirePositive(op, x, sizes);
    return { dtype: commonType(op, inputs), shape: [x.shape[0], to, ...sizes] };
  };
}

/** Windows of a reach that fit in a padded axis. */
function windowCount(
  size: number,
  reach: number,
  axis: number,
  { strides, pads }: Pick<ConvAttributes, "strides" | "pads">,
): number {
  return Math.floor((size + bothPads(pads, axis) - reach) / strides[axis]) + 1;
}

const bothPads = (pads: readonly number[], axis: number) =>
  pads[axis] + pads[axis + pads.length / 2];

function requireWindow(
  op: string,
  space: number,
  { strides, pads, dilations = strides }:
    & Pick<ConvAttributes, "strides" | "pads">
    & Partial<ConvAttributes>,
): void {
  const fits = strides.length === space && dilations.length === space && pads.length === 2 * space;
  if (!fits || [...strides, ...dilations].some((n) => !Number.isInteger(n) || n < 1)) {
    throw new RangeError(
      `Cannot apply ${op}: ${space} strides and dilations from 1 and ${2 * space} pads are ` +
        `required, found ${formatShape(strides)}, ${formatShape(dilations)}, ${formatShape(pads)}`,
    );
  }
}

function requirePositive(op: string, x: Tensor, size: Shape): void {
  if (size.some((n) => n < 1)) {
    throw new RangeError(`Cannot apply ${op} to ${formatShape(x.shape)}: the image is too small`);
  }
}

function poolType([x]: readonly Tensor[], attributes: PoolAttributes): TensorType {
  const { kernel } = attributes;
  const space = x.rank - 2;
  if (kernel.length !== space) {
    throw new RangeError(`Cannot pool ${formatShape(x.shape)} by ${formatShape(kernel)}`);
  }
  requireWindow("pooling", space, attributes);
  const size = kernel.map((taps, axis) => windowCount(x.shape[2 + axis], taps, axis, attributes));
  requirePositive("pooling", x, size);
  return { dtype: x.dtype, shape: [x.shape[0], x.shape[1], ...size] };
}

/** Options of a convolution; one number serves all spatial axes. */
export interface ConvOptions {
  /** Step of the window. Default 1. */
  readonly stride?: number;
  /** Zeros around the image: one width, or those before each axis, then after each. Default 0. */
  readonly padding?: number | readonly number[];
  /** Spacing of the taps. Default 1. */
  readonly dilation?: number;
  /** Independent groups of channels. Default 1. */
  readonly group?: number;
}

function convAttributes(
  x: Tensor,
  { stride = 1, padding = 0, dilation = 1, group = 1 }: ConvOptions,
): ConvAttributes {
  const space = x.rank - 2;
  const each = (value: number, count: number) => new Array<number>(count).fill(value);
  return {
    strides: each(stride, space),
    pads: typeof padding === "number" ? each(padding, 2 * space) : padding,
    dilations: each(dilation, space),
    group,
  };
}

/** Convolution (cross-correlation) of `[N, C, ...]` with `[K, C / group, ...]`. */
export function conv(x: Tensor, weight: Tensor, bias?: Tensor, options: ConvOptions = {}): Tensor {
  return apply("Conv", bias ? [x, weight, bias] : [x, weight], convAttributes(x, options));
}

/** Transposed convolution of `[N, C, ...]` with `[C, K / group, ...]`. */
export function convTranspose(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  { outputPadding = 0, ...options }: ConvOptions & { outputPadding?: number } = {},
): Tensor {
  return apply("ConvTranspose", bias ? [x, weight, bias] : [x, weight], {
    ...convAttributes(x, options),
    outputPadding: new Array(x.rank - 2).fill(outputPadding),
  });
}

/** Mean over windows of `size` with step `size`. */
export function averagePool(x: Tensor, size: number): Tensor {
  return apply("AveragePool", [x], poolAttributes(x, size));
}

/** Maximum over windows of `size` with step `size`. */
export function maxPool(x: Tensor, size: number): Tensor {
  return apply("MaxPool", [x], poolAttributes(x, size));
}

function poolAttributes(x: Tensor, size: number): PoolAttributes {
  const { strides, pads } = convAttributes(x, { stride: size });
  return { kernel: strides, strides, pads, countIncludePad: false };
}

/** The trailing axes at other sizes, by nearest neighbour or linear interpolation (half-pixel centres). */
export function resize(x: Tensor, size: Shape, mode: "nearest" | "linear" = "linear"): Tensor {
  const sizes = [...x.shape.slice(0, x.rank - size.length), ...size];
  return apply("Resize", [x], {
    mode,
    sizes,
    coordinates: mode === "nearest" ? "asymmetric" : "half_pixel",
    rounding: "floor",
  });
}
