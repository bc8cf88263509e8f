/** Reference kernels of operators that move elements. @module */
import { sizeOf } from "../../ndarray.ts";
import { paddedIndex, sliceBounds } from "../ops/movement.ts";
import {
  broadcastTo,
  type HostArray,
  offsetsOf,
  pickAlong,
  range,
  type SomeKernels,
  stridesOf,
} from "./array.ts";

/** Kernels of operators that move elements. */
export const movementKernels = {
  Reshape: ([x]) => x.data,
  Transpose: ([x], { shape, attributes: { perm } }) => {
    const strides = stridesOf(x.shape);
    const offsets = offsetsOf(shape, perm.map((axis) => strides[axis]));
    return Float64Array.from(offsets, (offset) => x.data[offset]);
  },
  Slice: ([x], { shape, attributes: { starts, ends, axes, steps } }) => {
    let part = x;
    axes.forEach((axis, i) => {
      const [start] = sliceBounds(x.shape[axis], starts[i], ends[i], steps[i]);
      part = pickAlong(part, axis, range(shape[axis]).map((j) => start + j * steps[i]));
    });
    return part.data;
  },
  Concat: (inputs, { shape, attributes: { axis } }) => {
    const data = new Float64Array(sizeOf(shape));
    const strides = stridesOf(shape);
    let start = 0;
    for (const x of inputs) {
      offsetsOf(x.shape, strides, start * strides[axis]).forEach((to, i) => data[to] = x.data[i]);
      start += x.shape[axis];
    }
    return data;
  },
  Pad: ([x], { shape, attributes: { pads, mode, value } }) => {
    let padded = x;
    shape.forEach((size, axis) => {
      const index = (i: number) => paddedIndex(i - pads[axis], x.shape[axis], mode);
      padded = pickAlong(padded, axis, range(size).map(index), value);
    });
    return padded.data;
  },
  Expand: ([x], { shape }) => broadcastTo(x, shape),
  Tile: ([x], { attributes: { repeats } }) => {
    let tiled = x;
    repeats.forEach((count, axis) => {
      const size = x.shape[axis];
      tiled = pickAlong(tiled, axis, range(count * size).map((i) => i % size));
    });
    return tiled.data;
  },
  Gather: ([x, indices], { attributes: { axis } }) =>
    pickAlong(x, axis, picked(indices, x.shape[axis])).data,
} satisfies SomeKernels;

function picked(indices: HostArray, size: number): number[] {
  return Array.from(indices.data, (index) => {
    if (index < -size || index >= size) {
      throw new RangeError(`Cannot gather element ${index} of an axis of size ${size}`);
    }
    return index < 0 ? index + size : index;
  });
}
