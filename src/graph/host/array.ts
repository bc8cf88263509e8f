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
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/**
 * Offsets of a grid in C order, one list of indices per axis: the sum of indices x strides, or -1 where
 * an index is -1.
 */
export function offsetsOf(
  indices: readonly (readonly number[])[],
  strides: readonly number[],
): Int32Array {
  return indices.reduce((offsets, list, axis) => {
    const next = new Int32Array(offsets.length * list.length);
    let at = 0;
    for (const offset of offsets) {
      for (const i of list) next[at++] = offset < 0 || i < 0 ? -1 : offset + i * strides[axis];
    }
    return next;
  }, Int32Array.of(0));
}

/** Elements picked by a list of indices per axis; `fill` where an index is -1. */
export function pick(
  { data, shape }: HostArray,
  indices: readonly (readonly number[])[],
  fill = 0,
): Float64Array {
  return Float64Array.from(
    offsetsOf(indices, stridesOf(shape)),
    (offset) => offset < 0 ? fill : data[offset],
  );
}

/** The place of each element of an array of shape `to` in one that is broadcast to it. */
export function broadcastOffsets(from: Shape, to: Shape): Int32Array {
  const strides = stridesOf(from).map((stride, axis) => from[axis] === 1 ? 0 : stride);
  const missing = new Array<number>(to.length - from.length).fill(0);
  return offsetsOf(to.map(range), [...missing, ...strides]);
}

/** An array repeated to a larger shape, by NumPy's rules. */
export function broadcastTo({ data, shape }: HostArray, to: Shape): Float64Array {
  if (data.length === sizeOf(to)) return data;
  return Float64Array.from(broadcastOffsets(shape, to), (offset) => data[offset]);
}

/** 0, 1, ... count - 1 */
export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
