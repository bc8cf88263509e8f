/** Reference kernels of operators that move elements. @module */
import { sizeOf } from "../../ndarray.ts";
import { paddedIndex, sliceBounds } from "../ops/movement.ts";
import { broadcastTo, offsetsOf, pick, range, type SomeKernels, stridesOf } from "./array.ts";

/** Kernels of operators that move elements. */
export const movementKernels = {
  Reshape: ([x]) => x.data,
  Transpose: ([x], { shape, attributes: { perm } }) => {
    const strides = stridesOf(x.shape);
    const offsets = offsetsOf(shape.map(range), perm.map((axis) => strides[axis]));
    return Float64Array.from(offsets, (offset) => x.data[offset]);
  },
  Slice: ([x], { shape, attributes: { starts, ends, axes, steps } }) => {
    const indices = shape.map(range);
    axes.forEach((axis, i) => {
      const [start] = sliceBounds(x.shape[axis], starts[i], ends[i], steps[i]);
      indices[axis] = indices[axis].map((at) => start + at * steps[i]);
    });
    return pick(x, indices);
  },
  Concat: (inputs, { shape, attributes: { axis } }) => {
    const data = new Float64Array(sizeOf(shape));
    let start = 0;
    for (const x of inputs) {
      const places = x.shape.map(range);
      places[axis] = places[axis].map((at) => at + start);
      offsetsOf(places, stridesOf(shape)).forEach((to, i) => data[to] = x.data[i]);
      start += x.shape[axis];
    }
    return data;
  },
  Pad: ([x], { shape, attributes: { pads, mode, value } }) => {
    const shown = shape.map((size, axis) =>
      range(size).map((i) => paddedIndex(i - pads[axis], x.shape[axis], mode))
    );
    return pick(x, shown, value);
  },
  Expand: ([x], { shape }) => broadcastTo(x, shape),
  Tile: ([x], { shape }) =>
    pick(x, shape.map((size, axis) => range(size).map((i) => i % x.shape[axis]))),
  Gather: ([x, { data }], { attributes: { axis } }) => {
    const size = x.shape[axis];
    const outside = data.find((index) => index < -size || index >= size);
    if (outside !== undefined) {
      throw new RangeError(`Cannot gather element ${outside} of an axis of size ${size}`);
    }
    const places = Array.from(data, (index) => index < 0 ? index + size : index);
    return pick(x, x.shape.map(range).with(axis, places));
  },
} satisfies SomeKernels;
