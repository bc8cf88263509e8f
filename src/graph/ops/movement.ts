/** Operators that move elements without changing them. @module */
import { apply } from "../apply.ts";
import type { SomeRules } from "../rule.ts";
import {
  commonType,
  formatShape,
  int64Vector,
  normalizeAxis,
  requireBroadcast,
  requireInputs,
  sameShape,
} from "../shapes.ts";
import { sizeOf } from "../../ndarray.ts";
import type { Shape, Tensor } from "../tensor.ts";
import type { OpAttributes } from "./attributes.ts";
import { typedData } from "./leaf.ts";
import { gatherVjp, padVjp, sliceVjp, tileVjp } from "./movement_vjp.ts";

/** Rules of the movements. */
export const movementRules = {
  Reshape: {
    infer([x], { shape }) {
      if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every(Number.isInteger)) {
        throw new RangeError(
          `Cannot reshape ${formatShape(x.shape)} to ${formatShape(shape)}: ` +
            `${sizeOf(x.shape)} elements are required, found ${sizeOf(shape)}`,
        );
      }
      return { dtype: x.dtype, shape };
    },
    encode: ({ shape }) => ({ constants: [int64Vector(shape)] }),
    vjp: (ct, { inputs: [x] }) => [reshape(ct, x.shape)],
  },
  Transpose: {
    infer([x], { perm }) {
      if (!sameShape(perm.toSorted((a, b) => a - b), x.shape.map((_, axis) => axis))) {
        throw new RangeError(
          `Cannot transpose ${formatShape(x.shape)} by ${formatShape(perm)}: ` +
            `each axis once required`,
        );
      }
      return { dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]) };
    },
    encode: (attributes) => ({ attributes }),
    vjp: (ct, { attributes: { perm } }) => [
      transpose(ct, perm.map((_, axis) => perm.indexOf(axis))),
    ],
  },
  Slice: {
    infer([x], attributes) {
      return { dtype: x.dtype, shape: slicedShape(x.shape, attributes) };
    },
    encode: ({ starts, ends, axes, steps }) => ({
      constants: [starts, ends, axes, steps].map(int64Vector),
    }),
    vjp: sliceVjp,
  },
  Concat: {
    infer(inputs, { axis }) {
      const [first] = inputs;
      if (first === undefined) throw new TypeError("Cannot join 0 tensors: at least one required");
      const fits = inputs.every(({ shape }) =>
        shape.length === first.rank && sameShape(shape.with(axis, first.shape[axis]), first.shape)
      );
      if (!fits) {
        throw new RangeError(
          `Cannot join ${inputs.map((x) => formatShape(x.shape)).join(", ")} on axis ${axis}: ` +
            `all other sizes must agree`,
        );
      }
      const size = inputs.reduce((sum, { shape }) => sum + shape[axis], 0);
      return { dtype: commonType("join", inputs), shape: first.shape.with(axis, size) };
    },
    encode: (attributes) => ({ attributes }),
    vjp: (ct, { inputs, attributes: { axis } }, wanted) => {
      let start = 0;
      return inputs.map(({ shape }, i) => {
        const end = start + shape[axis];
        const part = wanted[i] ? slice(ct, axis, start, end) : null;
        start = end;
        return part;
      });
    },
  },
  Pad: {
    infer([x], { pads, mode }) {
      if (pads.length !== 2 * x.rank) {
        throw new RangeError(
          `Cannot pad ${formatShape(x.shape)}: ${2 * x.rank} widths required, found ${pads.length}`,
        );
      }
      const shape = x.shape.map((size, axis) => size + pads[axis] + pads[axis + x.rank]);
      const tooWide = mode === "reflect" &&
        pads.some((width, i) => width >= x.shape[i % x.rank] && width > 0);
      if (tooWide || shape.some((size) => size < 1)) {
        throw new RangeError(
          `Cannot pad ${formatShape(x.shape)} by ${formatShape(pads)} (${mode}): ` +
            `at least one row must be left, and more than are reflected`,
        );
      }
      return { dtype: x.dtype, shape };
    },
    encode: ({ pads, mode, value }, { inputs: [x] }) => ({
      attributes: { mode },
      constants: [
        int64Vector(pads),
        mode === "constant" && value !== 0
          ? { data: typedData(x.dtype, [value]), shape: [] }
          : null,
      ],
    }),
    vjp: padVjp,
  },
  Expand: {
    infer([x], { shape }) {
      requireBroadcast("expand", x, shape);
      return { dtype: x.dtype, shape };
    },
    encode: ({ shape }) => ({ constants: [int64Vector(shape)] }),
    vjp: (ct) => [ct], // a broadcast: the walk sums it back
  },
  Tile: {
    infer([x], { repeats }) {
      if (
        repeats.length !== x.rank ||
        !repeats.every((count) => Number.isSafeInteger(count) && count > 0)
      ) {
        throw new RangeError(`Cannot tile ${formatShape(x.shape)} by ${formatShape(repeats)}`);
      }
      return { dtype: x.dtype, shape: x.shape.map((size, axis) => size * repeats[axis]) };
    },
    encode: ({ repeats }) => ({ constants: [int64Vector(repeats)] }),
    vjp: tileVjp,
  },
  Gather: {
    infer(inputs, { axis }) {
      requireInputs("Gather", inputs, 2);
      const [x, indices] = inputs;
      if (indices.dtype !== "int64" && indices.dtype !== "int32") {
        throw new TypeError(
          `Cannot gather by index: int64 or int32 is required, found ${indices.dtype}`,
        );
      }
      const at = normalizeAxis("gather along", axis, x.rank);
      return { dtype: x.dtype, shape: x.shape.toSpliced(at, 1, ...indices.shape) };
    },
    encode: (attributes) => ({ attributes }),
    vjp: gatherVjp,
  },
} satisfies SomeRules;

/** Length of one sliced axis, with ONNX's clamping of negative and far bounds. */
function slicedShape(shape: Shape, attributes: OpAttributes["Slice"]): Shape {
  const { starts, ends, axes, steps } = attributes;
  const out = [...shape];
  axes.forEach((axis, i) => {
    normalizeAxis("slice", axis, shape.length);
    const [start, end] = sliceBounds(shape[axis], starts[i], ends[i], steps[i]);
    out[axis] = Math.ceil((end - start) / steps[i]);
    if (!(out[axis] > 0 && Number.isFinite(out[axis]))) {
      throw new RangeError(
        `Cannot slice ${starts[i]}:${ends[i]}:${steps[i]} from axis ${axis} of ` +
          `${formatShape(shape)}: nothing would be left`,
      );
    }
  });
  return out;
}

/** First element of a slice and the one after its last, with ONNX's clamping. */
export function sliceBounds(size: number, start: number, end: number, step: number) {
  const clamp = (index: number, low: number, high: number) =>
    Math.min(high, Math.max(low, index < 0 ? index + size : index));
  return step > 0
    ? [clamp(start, 0, size), clamp(end, 0, size)]
    : [clamp(start, 0, size - 1), clamp(end, -1, size - 1)];
}

/** The element of an axis that a padded position shows; -1 for the constant. */
export function paddedIndex(i: number, size: number, mode: OpAttributes["Pad"]["mode"]): number {
  if (i >= 0 && i < size) return i;
  if (mode === "edge") return i < 0 ? 0 : size - 1;
  if (mode === "reflect") return i < 0 ? -i : 2 * (size - 1) - i;
  return -1;
}

/** Elements of one axis put `step` apart, with zeros between. */
export function spread(x: Tensor, axis: number, step: number): Tensor {
  const count = x.shape[axis];
  const split = x.shape.toSpliced(axis + 1, 0, 1);
  const pads: number[] = new Array(2 * split.length).fill(0);
  pads[split.length + axis + 1] = step - 1;
  const joined = reshape(pad(reshape(x, split), pads), x.shape.with(axis, count * step));
  return slice(joined, axis, 0, (count - 1) * step + 1);
}

/** The axis in reverse order. */
export function reverse(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis("reverse", axis, x.rank);
  const last = x.shape[at] - 1;
  return apply("Slice", [x], { starts: [last], ends: [-x.shape[at] - 1], axes: [at], steps: [-1] });
}

/** The same elements in another shape. One size may be -1: the remaining elements. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((product, size) => size === -1 ? product : product * size, 1);
  const full = shape.map((size) => size === -1 ? sizeOf(x.shape) / known : size);
  return sameShape(full, x.shape) ? x : apply("Reshape", [x], { shape: full });
}

/** Axes in another order: axis i of the result is axis perm[i] of x. */
export function transpose(x: Tensor, perm: readonly number[]): Tensor {
  const same = perm.length === x.rank && perm.every((axis, i) => axis === i);
  return same ? x : apply("Transpose", [x], { perm });
}

/** The last two axes swapped. */
export function swapLastAxes(x: Tensor): Tensor {
  const perm = x.shape.map((_, axis) => axis);
  return transpose(x, [...perm.slice(0, -2), x.rank - 1, x.rank - 2]);
}

/** Elements start to end (exclusive) of one axis. */
export function slice(x: Tensor, axis: number, start: number, end: number, step = 1): Tensor {
  const at = normalizeAxis("slice", axis, x.rank);
  if (start === 0 && end === x.shape[at] && step === 1) return x;
  return apply("Slice", [x], { starts: [start], ends: [end], axes: [at], steps: [step] });
}

/** Tensors joined along an axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 1) return tensors[0];
  const at = normalizeAxis("join along", axis, tensors[0]?.rank ?? 1);
  return apply("Concat", tensors, { axis: at });
}

/** Widths before each axis, then after each; zeros unless another mode is given. */
export function pad(
  x: Tensor,
  pads: readonly number[],
  { mode = "constant", value = 0 }: Partial<Omit<OpAttributes["Pad"], "pads">> = {},
): Tensor {
  return pads.length === 2 * x.rank && pads.every((width) => width === 0)
    ? x
    : apply("Pad", [x], { pads, mode, value });
}

/** Repeats axes of size 1 to a shape. */
export function expand(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply("Expand", [x], { shape });
}

/** The whole tensor repeated along each axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  return repeats.length === x.rank && repeats.every((n) => n === 1)
    ? x
    : apply("Tile", [x], { repeats });
}

/** Elements of one axis picked by index (int64). */
export function gather(x: Tensor, indices: Tensor, axis: number): Tensor {
  return apply("Gather", [x, indices], { axis: normalizeAxis("gather along", axis, x.rank) });
}
