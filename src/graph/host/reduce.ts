/** Reference kernels of reductions and matrix products. @module */
import { sizeOf } from "../../ndarray.ts";
import type { Shape } from "../tensor.ts";
import {
  broadcastStrides,
  broadcastTo,
  type HostArray,
  offsetsOf,
  type SomeKernels,
  stridesOf,
} from "./array.ts";

/** Kernels of reductions and matrix products. */
export const reduceKernels = {
  ReduceSum: ([x], { attributes: { axes } }) => fold(x, axes, 0, (sum, v) => sum + v),
  ReduceMean: ([x], { attributes: { axes } }) => {
    const sum = fold(x, axes, 0, (total, v) => total + v);
    return sum.map((v) => v * sum.length / x.data.length);
  },
  ReduceMax: ([x], { attributes: { axes } }) => fold(x, axes, -Infinity, Math.max),
  ReduceMin: ([x], { attributes: { axes } }) => fold(x, axes, Infinity, Math.min),
  ReduceL2: ([x], { attributes: { axes } }) =>
    fold(x, axes, 0, (sum, v) => sum + v * v).map(Math.sqrt),
  ArgMax: ([x], { attributes: { axis } }) => {
    const best = fold(x, [axis], -Infinity, Math.max);
    const at = new Float64Array(best.length).fill(-1);
    const inner = sizeOf(x.shape.slice(axis + 1));
    resultOffsets(x.shape, [axis]).forEach((to, i) => {
      if (at[to] < 0 && x.data[i] === best[to]) at[to] = Math.floor(i / inner) % x.shape[axis];
    });
    return at;
  },
  Softmax: ([x], { attributes: { axis } }) => {
    const to = resultOffsets(x.shape, [axis]);
    const largest = fold(x, [axis], -Infinity, Math.max);
    const weights = x.data.map((v, i) => Math.exp(v - largest[to[i]]));
    const sums = fold({ data: weights, shape: x.shape }, [axis], 0, (sum, v) => sum + v);
    return weights.map((v, i) => v / sums[to[i]]);
  },
  MatMul: ([a, b], { shape }) => matMul(a, b, shape),
  Gemm: ([a, b, c], { shape, attributes: { alpha, beta, transA, transB } }) => {
    const product = matMul(transA ? transposed(a) : a, transB ? transposed(b) : b, shape);
    const added = c === undefined ? new Float64Array(product.length) : broadcastTo(c, shape);
    return product.map((v, i) => alpha * v + beta * added[i]);
  },
} satisfies SomeKernels;

/** The place of each element in the reduced array. */
function resultOffsets(shape: Shape, axes: readonly number[]): Int32Array {
  const kept = shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  return offsetsOf(shape, broadcastStrides(kept, shape.length));
}

function fold(
  x: HostArray,
  axes: readonly number[],
  start: number,
  join: (a: number, b: number) => number,
): Float64Array {
  const kept = sizeOf(x.shape.filter((_, axis) => !axes.includes(axis)));
  const result = new Float64Array(kept).fill(start);
  resultOffsets(x.shape, axes).forEach((to, i) => result[to] = join(result[to], x.data[i]));
  return result;
}

function transposed({ data, shape: [rows, columns] }: HostArray): HostArray {
  const offsets = offsetsOf([columns, rows], [1, columns]);
  return { data: Float64Array.from(offsets, (offset) => data[offset]), shape: [columns, rows] };
}

function matMul(a: HostArray, b: HostArray, shape: Shape): Float64Array {
  const [m, n] = shape.slice(-2);
  const inner = a.shape.at(-1)!;
  const batch = shape.slice(0, -2);
  const starts = (x: HostArray) => {
    const strides = stridesOf(x.shape).slice(0, -2);
    const stepping = strides.map((stride, axis) => x.shape[axis] === 1 ? 0 : stride);
    const missing = new Array<number>(batch.length - stepping.length).fill(0);
    return offsetsOf(batch, [...missing, ...stepping]);
  };
  const startsA = starts(a);
  const startsB = starts(b);
  const data = new Float64Array(sizeOf(shape));
  for (let at = 0; at < data.length; at++) {
    const item = Math.floor(at / (m * n));
    const row = startsA[item] + Math.floor(at / n) % m * inner;
    const column = startsB[item] + at % n;
    for (let k = 0; k < inner; k++) data[at] += a.data[row + k] * b.data[column + k * n];
  }
  return data;
}
