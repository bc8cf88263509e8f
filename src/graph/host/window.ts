/** Reference kernels of convolutions, pooling and resizing. @module */
import { sizeOf } from "../../ndarray.ts";
import type { PoolAttributes } from "../ops/attributes.ts";
import { resizeMatrix } from "../ops/resize.ts";
import type { Shape } from "../tensor.ts";
import {
  type HostArray,
  offsetsOf,
  pickAlong,
  range,
  type SomeKernels,
  stridesOf,
} from "./array.ts";

/** Kernels of the windowed operators. */
export const windowKernels = {
  Conv: ([x, weight, bias], { shape, attributes: { strides, pads, dilations, group } }) => {
    const padded = padSpace(x, pads, 0);
    const out = startWith(bias, shape);
    const [outChannels, perGroup, ...kernel] = weight.shape;
    const area = sizeOf(shape.slice(2));
    for (const { tap, index } of taps(kernel)) {
      const from = windowOffsets(
        padded.shape,
        shape.slice(2),
        strides,
        tap.map((t, i) => t * dilations[i]),
      );
      for (let at = 0; at < shape[0] * outChannels; at++) {
        const [n, k] = [Math.floor(at / outChannels), at % outChannels];
        const first = Math.floor(k * group / outChannels) * perGroup;
        for (let c = 0; c < perGroup; c++) {
          const w = weight.data[(k * perGroup + c) * sizeOf(kernel) + index];
          const plane = planeOf(padded, n, first + c);
          for (let o = 0; o < area; o++) out[at * area + o] += w * plane[from[o]];
        }
      }
    }
    return out;
  },
  ConvTranspose: ([x, weight, bias], { shape, attributes }) => {
    const { strides, pads, dilations, group } = attributes;
    const [inChannels, perGroup, ...kernel] = weight.shape;
    const space = kernel.length;
    // Computed with the border, which is then cut off.
    const full = [
      ...shape.slice(0, 2),
      ...shape.slice(2).map((n, i) => n + pads[i] + pads[i + space]),
    ];
    const out = { data: startWith(bias, full), shape: full };
    for (const { tap, index } of taps(kernel)) {
      const to = windowOffsets(
        full,
        x.shape.slice(2),
        strides,
        tap.map((t, i) => t * dilations[i]),
      );
      for (let at = 0; at < shape[0] * inChannels; at++) {
        const [n, c] = [Math.floor(at / inChannels), at % inChannels];
        const first = Math.floor(c * group / inChannels) * perGroup;
        const image = planeOf(x, n, c);
        for (let k = 0; k < perGroup; k++) {
          const w = weight.data[(c * perGroup + k) * sizeOf(kernel) + index];
          const plane = planeOf(out, n, first + k);
          image.forEach((v, i) => plane[to[i]] += w * v);
        }
      }
    }
    return padSpace(out, pads.map((width) => -width), 0).data;
  },
  AveragePool: ([x], { shape, attributes }) => {
    const { pads, countIncludePad } = attributes;
    const ones = { data: new Float64Array(x.data.length).fill(1), shape: x.shape };
    const sum = pool(padSpace(x, pads, 0), shape, attributes, 0, (a, b) => a + b);
    const count = pool(
      padSpace(ones, pads, countIncludePad ? 1 : 0),
      shape,
      attributes,
      0,
      (a, b) => a + b,
    );
    return sum.map((v, i) => v / count[i]);
  },
  MaxPool: ([x], { shape, attributes }) =>
    pool(padSpace(x, attributes.pads, -Infinity), shape, attributes, -Infinity, Math.max),
  Resize: ([x], { shape, attributes }) => {
    let image = x;
    shape.forEach((size, axis) => {
      if (size === x.shape[axis] && attributes.scales === undefined) return;
      image = multiplyAlong(image, axis, resizeMatrix(attributes, axis, x.shape[axis]), size);
    });
    return image.data;
  },
} satisfies SomeKernels;

/** All taps of a kernel with their position in its data. */
function taps(kernel: Shape): { tap: number[]; index: number }[] {
  const strides = stridesOf(kernel);
  return range(sizeOf(kernel)).map((index) => ({
    index,
    tap: kernel.map((size, axis) => Math.floor(index / strides[axis]) % size),
  }));
}

/** Positions in one plane that one tap touches, for each position of the window. */
function windowOffsets(image: Shape, windows: Shape, strides: Shape, start: Shape): Int32Array {
  const steps = stridesOf(image.slice(2));
  const first = start.reduce((sum, t, i) => sum + t * steps[i], 0);
  return offsetsOf(windows, steps.map((step, i) => step * strides[i]), first);
}

function planeOf({ data, shape }: HostArray, n: number, channel: number): Float64Array {
  const area = sizeOf(shape.slice(2));
  const start = (n * shape[1] + channel) * area;
  return data.subarray(start, start + area);
}

function startWith(bias: HostArray | undefined, shape: Shape): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const area = sizeOf(shape.slice(2));
  return bias ? out.map((_, i) => bias.data[Math.floor(i / area) % shape[1]]) : out;
}

/** Pads (or, where negative, crops) the spatial axes. */
function padSpace(x: HostArray, pads: readonly number[], fill: number): HostArray {
  const space = x.shape.length - 2;
  let padded = x;
  for (let i = 0; i < space; i++) {
    const size = x.shape[i + 2];
    const positions = range(size + pads[i] + pads[i + space]).map((at) => at - pads[i]);
    const indices = positions.map((at) => at >= 0 && at < size ? at : -1);
    padded = pickAlong(padded, i + 2, indices, fill);
  }
  return padded;
}

function pool(
  x: HostArray,
  shape: Shape,
  { kernel, strides }: PoolAttributes,
  start: number,
  join: (a: number, b: number) => number,
): Float64Array {
  const out = new Float64Array(sizeOf(shape)).fill(start);
  const area = sizeOf(shape.slice(2));
  for (const { tap } of taps(kernel)) {
    const from = windowOffsets(x.shape, shape.slice(2), strides, tap);
    for (let i = 0; i < out.length; i++) {
      const item = Math.floor(i / area);
      const plane = planeOf(x, Math.floor(item / shape[1]), item % shape[1]);
      out[i] = join(out[i], plane[from[i % area]]);
    }
  }
  return out;
}

/** Multiplies one axis by a matrix of `size` rows. */
function multiplyAlong(x: HostArray, axis: number, matrix: Float64Array, size: number): HostArray {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const from = x.shape[axis];
  const shape = x.shape.with(axis, size);
  const data = new Float64Array(sizeOf(shape)).map((_, at) => {
    const row = Math.floor(at / inner) % size;
    const start = Math.floor(at / (inner * size)) * inner * from + at % inner;
    let sum = 0;
    for (let k = 0; k < from; k++) sum += matrix[row * from + k] * x.data[start + k * inner];
    return sum;
  });
  return { data, shape };
}
