/** Reference kernels of reductions and matrix products. @module */
import { sizeOf } from "../../ndarray.ts";
import type { Shape } from "../tensor.ts";
import {
  broadcastOffsets,
  broadcastTo,
  type HostArray,
  offsetsOf,
  range,
  type SomeKernels,
} from "./array.ts";

/** Kernels of reductions and matrix products. */
export const reduceKernels = {
  ReduceSum: ([x], { attributes: { axes } }) => sumOver(x, axes),
  ReduceMean: ([x], { attributes: { axes } }) =>
    sumOver(x, axes).map((v, _, { length }) => v * length / x.data.length),
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
    const sums = sumOver({ data: weights, shape: x.shape }, [axis]);
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
  return broadcastOffsets(shape.map((size, axis) => axes.includes(axis) ? 1 : size), shape);
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

const sumOver = (x: HostArray, axes: readonly number[]) => fold(x, axes, 0, (sum, v) => sum + v);

function transposed({ data, shape: [rows, columns] }: HostArray): HostArray {
  const offsets = offsetsOf([range(columns), range(rows)], [1, columns]);
  return { data: Float64Array.from(offsets, (offset) => data[offset]), shape: [columns, rows] };
}

function matMul(a: HostArray, b: HostArray, shape: Shape): Float64Array {
  const [batch, [m, n], inner] = [shape.slice(0, -2), shape.slice(-2), a.shape.at(-1)!];
  const left = broadcastTo(a, [...batch, m, inner]);
  const right = broadcastTo(b, [...batch, inner, n]);
  return new Float64Array(sizeOf(shape)).map((_, at) => {
    const row = Math.floor(at / n);
    const start = Math.floor(row / m) * inner * n + at % n;
    let sum = 0;
    for (let k = 0; k < inner; k++) sum += left[row * inner + k] * right[start + k * n];
    return sum;
  });
}
