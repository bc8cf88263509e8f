/** Float64 arrays on the host and the index arithmetic all reference kernels share. @module */
import { sizeOf } from "../../ndarray.ts";
import type { OpName } from "../ops/attributes.ts";
import type { Shape, Tensor } from "../tensor.ts";

/** A dense float64 array in C order. Bool is 0 or 1; int64 is exact up to 2^53. */
export interface HostArray {
  /** Elements, the last axis fastest. */
  readonly data: Float64Array;
  /** Sizes of the axes. */
  readonly shape: Shape;
}

/** Computes the elements of one node, whose shape is known, from those of its inputs. */
export type HostKernel<K extends OpName> = (
  inputs: readonly HostArray[],
  node: Tensor<K>,
) => Float64Array;

/** Kernels of some operators: one file of `host/` has them. */
export type SomeKernels = { readonly [K in OpName]?: HostKernel<K> };

/** Steps between neighbours along each axis, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides: number[] = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  }
  return strides;
}

/** Offset `start` + coordinates x strides of each element of an array of this shape, in C order. */
export function offsetsOf(shape: Shape, strides: readonly number[], start = 0): Int32Array {
  let offsets = Int32Array.of(start);
  shape.forEach((size, axis) => {
    const next = new Int32Array(offsets.length * size);
    let at = 0;
    for (const offset of offsets) {
      for (let i = 0; i < size; i++) next[at++] = offset + i * strides[axis];
    }
    offsets = next;
  });
  return offsets;
}

/** Strides of `from` broadcast to `rank` axes: 0 where its size is 1. */
export function broadcastStrides(from: Shape, rank: number): number[] {
  const strides = stridesOf(from).map((stride, axis) => from[axis] === 1 ? 0 : stride);
  return [...new Array<number>(rank - from.length).fill(0), ...strides];
}

/** An array repeated to a larger shape, by NumPy's rules. */
export function broadcastTo({ data, shape }: HostArray, to: Shape): Float64Array {
  if (data.length === sizeOf(to)) return data;
  const offsets = offsetsOf(to, broadcastStrides(shape, to.length));
  return Float64Array.from(offsets, (offset) => data[offset]);
}

/** Elements of one axis picked by index; `fill` where the index is -1. */
export function pickAlong(
  x: HostArray,
  axis: number,
  indices: readonly number[],
  fill = 0,
): HostArray {
  const inner = sizeOf(x.shape.slice(axis + 1));
  const outer = sizeOf(x.shape.slice(0, axis));
  const size = x.shape[axis];
  const data = new Float64Array(outer * indices.length * inner);
  for (let i = 0; i < outer; i++) {
    indices.forEach((index, j) => {
      const to = (i * indices.length + j) * inner;
      if (index < 0) data.fill(fill, to, to + inner);
      else {
        const from = (i * size + index) * inner;
        data.set(x.data.subarray(from, from + inner), to);
      }
    });
  }
  return { data, shape: x.shape.with(axis, indices.length) };
}

/** 0, 1, ... count - 1 */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
