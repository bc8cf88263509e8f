/** Reference kernels of convolutions, pooling and resizing. @module */
import { sizeOf } from "../../ndarray.ts";
import type { PoolAttributes } from "../ops/attributes.ts";
import { resizeMatrix } from "../ops/resize.ts";
import { positionsOf } from "../shapes.ts";
import type { Shape } from "../tensor.ts";
import { broadcastTo, type HostArray, pick, range, type SomeKernels } from "./array.ts";

/** Kernels of the windowed operators. */
export const windowKernels = {
  Conv: (inputs, { shape, attributes: { strides, pads, dilations, group } }) => {
    const perGroup = inputs[1].shape[1];
    return convolved(inputs, shape, group, {
      place: (axis, o, tap) => o * strides[axis] + tap * dilations[axis] - pads[axis],
      kernel: (to, from) => to * perGroup + from % perGroup,
    });
  },
  ConvTranspose: (inputs, { shape, attributes: { strides, pads, dilations, group } }) => {
    const perGroup = inputs[1].shape[1];
    return convolved(inputs, shape, group, {
      place: (axis, o, tap) => (o + pads[axis] - tap * dilations[axis]) / strides[axis],
      kernel: (to, from) => from * perGroup + to % perGroup,
    });
  },
  AveragePool: ([x], { shape, attributes }) => {
    const add = (a: number, b: number) => a + b;
    const sums = pooled(x, shape, attributes, 0, add);
    const taps = sizeOf(attributes.kernel);
    if (attributes.countIncludePad) return sums.map((sum) => sum / taps);
    const ones = { data: new Float64Array(x.data.length).fill(1), shape: x.shape };
    const counts = pooled(ones, shape, attributes, 0, add);
    return sums.map((sum, i) => sum / counts[i]);
  },
  MaxPool: ([x], { shape, attributes }) => pooled(x, shape, attributes, -Infinity, Math.max),
  Resize: ([x], { shape, attributes }) =>
    shape.reduce((image, size, axis) => {
      if (size === x.shape[axis] && attributes.scales === undefined) return image;
      return multiplyAlong(image, axis, resizeMatrix(attributes, axis, x.shape[axis]), size);
    }, x).data,
} satisfies SomeKernels;

/** The place of the image, whole or not, that a tap of the window meets at an output, along an axis. */
type Place = (axis: number, output: number, tap: number) => number;

/** The image as each tap meets it, `[N, C, ...outputs]`; `fill` where there is no pixel. */
function viewsOf(x: HostArray, shape: Shape, kernel: Shape, place: Place, fill: number) {
  const [batch, channels, ...space] = x.shape;
  return positionsOf(kernel).map((tap) => {
    const places = space.map((size, axis) =>
      range(shape[axis + 2]).map((o) => {
        const at = place(axis, o, tap[axis]);
        return Number.isInteger(at) && at >= 0 && at < size ? at : -1;
      })
    );
    return pick(x, [range(batch), range(channels), ...places], fill);
  });
}

/** @param kernel the place in the weights of the kernel between two channels */
function convolved(
  [x, weight, bias]: readonly HostArray[],
  shape: Shape,
  group: number,
  { place, kernel }: { place: Place; kernel: (to: number, from: number) => number },
): Float64Array {
  const [batch, channels, ...space] = shape;
  const window = weight.shape.slice(2);
  const [area, taps, perGroup] = [sizeOf(space), sizeOf(window), x.shape[1] / group];
  const out = new Float64Array(sizeOf(shape));
  if (bias) out.set(broadcastTo({ ...bias, shape: [channels, ...space.map(() => 1)] }, shape));
  viewsOf(x, shape, window, place, 0).forEach((view, tap) => {
    for (let at = 0; at < batch * channels; at++) {
      const [n, to] = [Math.floor(at / channels), at % channels];
      const first = Math.floor(to * group / channels) * perGroup;
      for (let from = first; from < first + perGroup; from++) {
        const w = weight.data[kernel(to, from) * taps + tap];
        const start = (n * x.shape[1] + from) * area;
        for (let o = 0; o < area; o++) out[at * area + o] += w * view[start + o];
      }
    }
  });
  return out;
}

function pooled(
  x: HostArray,
  shape: Shape,
  { kernel, strides, pads }: PoolAttributes,
  start: number,
  join: (a: number, b: number) => number,
): Float64Array {
  const place: Place = (axis, o, tap) => o * strides[axis] + tap - pads[axis];
  return viewsOf(x, shape, kernel, place, start)
    .reduce((out, view) => out.map((value, i) => join(value, view[i])));
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
