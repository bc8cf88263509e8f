/** Foreign operators that move elements, and those that compute shapes. @module */
import { sizeOf } from "../../ndarray.ts";
import { apply } from "../apply.ts";
import { cast } from "../ops/elementwise.ts";
import { constantOf, typedData } from "../ops/leaf.ts";
import * as g from "../ops/movement.ts";
import { broadcastShapes, formatShape, normalizeAxis } from "../shapes.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { type ForeignNode, type ForeignRules, numbersOf } from "./node.ts";

/** Longest `Range` that is written out; a shape or a coordinate axis is far shorter. */
const MAX_RANGE = 1 << 24;

/** Foreign operators that move elements, by name. */
export const movementRules: ForeignRules = {
  Constant: constantRule,
  ConstantOfShape: (node) => {
    const shape = numbersOf(node.input(0), "the shape");
    const value = node.tensor("value") ?? constantOf(new Float32Array(1), [1]);
    if (sizeOf(shape) === 0) return constantOf(typedData(value.dtype, []), shape, value.dtype);
    return g.expand(g.reshape(value, []), shape);
  },
  Shape: (node) => {
    const { shape } = node.input(0);
    return int64s(shape.slice(node.int("start", 0), node.int("end", shape.length)));
  },
  Size: (node) => constantOf(BigInt64Array.of(BigInt(sizeOf(node.input(0).shape))), []),
  Range: rangeRule,
  Reshape: (node) => g.reshape(node.input(0), reshapedTo(node)),
  Flatten: (node) => {
    const x = node.input(0);
    const axis = node.int("axis", 1);
    return g.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
  },
  Squeeze: (node) => {
    const x = node.input(0);
    const given = node.intsOf("axes", 1)?.map((axis) => normalizeAxis("squeeze", axis, x.rank));
    const axes = given ?? x.shape.flatMap((size, axis) => size === 1 ? [axis] : []);
    return g.reshape(x, x.shape.filter((_, axis) => !axes.includes(axis)));
  },
  Unsqueeze: (node) => {
    const x = node.input(0);
    const axes = node.intsOf("axes", 1) ?? [];
    const rank = x.rank + axes.length;
    const added = axes.map((axis) => normalizeAxis("add", axis, rank));
    const sizes = [...x.shape];
    const shape = Array.from({ length: rank }, (_, i) => added.includes(i) ? 1 : sizes.shift()!);
    return g.reshape(x, shape);
  },
  Transpose: (node) => {
    const x = node.input(0);
    return g.transpose(x, node.ints("perm") ?? x.shape.map((_, axis) => x.rank - 1 - axis));
  },
  Concat: (node) => g.concat(node.all().filter((x) => sizeOf(x.shape) > 0), node.int("axis", 1)),
  Split: splitRule,
  Slice: sliceRule,
  Gather: (node) => g.gather(node.input(0), cast(node.input(1), "int64"), node.int("axis", 0)),
  Expand: (node) => {
    const x = node.input(0);
    return g.expand(x, broadcastShapes("expand", [x.shape, numbersOf(node.input(1), "the shape")]));
  },
  Tile: (node) => g.tile(node.input(0), numbersOf(node.input(1), "the number of repeats")),
  Pad: padRule,
  DepthToSpace: (node) => {
    const [n, c, h, w] = node.input(0).shape;
    const b = node.int("blocksize");
    const inner = c / (b * b);
    const columnsFirst = node.text("mode", "DCR") === "CRD";
    const split = columnsFirst ? [n, inner, b, b, h, w] : [n, b, b, inner, h, w];
    const perm = columnsFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2];
    const moved = g.transpose(g.reshape(node.input(0), split), perm);
    return g.reshape(moved, [n, inner, h * b, w * b]);
  },
  SpaceToDepth: (node) => {
    const [n, c, h, w] = node.input(0).shape;
    const b = node.int("blocksize");
    const split = g.reshape(node.input(0), [n, c, h / b, b, w / b, b]);
    return g.reshape(g.transpose(split, [0, 3, 5, 1, 2, 4]), [n, c * b * b, h / b, w / b]);
  },
};

const int64s = (values: readonly number[]) =>
  constantOf(typedData("int64", values), [values.length]);

function constantRule(node: ForeignNode): Tensor {
  const tensor = node.tensor("value");
  if (tensor !== undefined) return tensor;
  if (node.has("value_float")) return constantOf(Float32Array.of(node.float("value_float")), []);
  if (node.has("value_int")) return constantOf(typedData("int64", [node.int("value_int")]), []);
  const floats = node.floats("value_floats");
  if (floats !== undefined) return constantOf(Float32Array.from(floats), [floats.length]);
  const ints = node.ints("value_ints");
  if (ints !== undefined) return int64s(ints);
  throw new TypeError("a constant of numbers is required");
}

function rangeRule(node: ForeignNode): Tensor {
  const [start, limit, delta] = [0, 1, 2].map((i) => numbersOf(node.input(i), "a bound")[0]);
  const count = Math.max(0, Math.ceil((limit - start) / delta));
  if (!(count <= MAX_RANGE)) {
    throw new RangeError(`a range of at most ${MAX_RANGE} numbers is required, found ${count}`);
  }
  const { dtype } = node.input(0);
  const values = Array.from({ length: count }, (_, i) => start + i * delta);
  return constantOf(typedData(dtype, values), [count], dtype);
}

/** ONNX's shape argument: 0 keeps the size of the input there. */
function reshapedTo(node: ForeignNode): Shape {
  const { shape } = node.input(0);
  const wanted = node.intsOf("shape", 1);
  if (wanted === undefined) throw new TypeError("the shape is missing");
  if (node.int("allowzero", 0) === 1) return wanted;
  return wanted.map((size, axis) => size === 0 ? shape[axis] : size);
}

/** Sizes are an attribute up to operator set 12, then an input; else equal parts, the last smaller. */
function splitRule(node: ForeignNode): Tensor[] {
  const x = node.input(0);
  const axis = normalizeAxis("split", node.int("axis", 0), x.rank);
  const count = node.outputs.length;
  const part = Math.ceil(x.shape[axis] / count);
  const sizes = node.intsOf("split", 1) ??
    node.outputs.map((_, i) => Math.min(part, x.shape[axis] - i * part));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (sizes.length !== count || total !== x.shape[axis] || sizes.some((size) => size < 1)) {
    throw new RangeError(`cannot split ${formatShape(x.shape)} into ${formatShape(sizes)}`);
  }
  let start = 0;
  return sizes.map((size) => g.slice(x, axis, start, start += size));
}

function sliceRule(node: ForeignNode): Tensor {
  const x = node.input(0);
  const starts = node.intsOf("starts", 1) ?? [];
  const ends = node.intsOf("ends", 2) ?? [];
  const axes = node.intsOf("axes", 3) ?? starts.map((_, axis) => axis);
  const steps = node.numbers(4, "the steps") ?? starts.map(() => 1);
  if ([ends, axes, steps].some((list) => list.length !== starts.length)) {
    throw new RangeError("starts, ends, axes and steps must have one length");
  }
  const positive = axes.map((axis) => normalizeAxis("slice", axis, x.rank));
  return apply("Slice", [x], { starts, ends, axes: positive, steps });
}

/** Widths are an attribute up to operator set 10, then an input, of some axes only since 18. */
function padRule(node: ForeignNode): Tensor {
  const x = node.input(0);
  const given = node.ints("pads") ?? node.intsOf("paddings", 1) ?? [];
  const axes = (node.numbers(3, "the axes") ?? x.shape.map((_, axis) => axis))
    .map((axis) => normalizeAxis("pad", axis, x.rank));
  if (given.length !== 2 * axes.length) {
    throw new RangeError(`${2 * axes.length} widths are required, found ${given.length}`);
  }
  const pads: number[] = new Array(2 * x.rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i];
    pads[axis + x.rank] = given[i + axes.length];
  });
  const mode = node.choice("mode", ["constant", "reflect", "edge", "wrap"]);
  if (mode === "wrap") return wrapped(x, pads);
  const value = node.numbers(2, "the value")?.[0] ?? node.float("value", 0);
  return g.pad(x, pads, { mode, value });
}

/** Periodic padding: the ends are copied to the other side. */
function wrapped(x: Tensor, pads: readonly number[]): Tensor {
  return x.shape.reduce((image, size, axis) => {
    const [before, after] = [pads[axis], pads[axis + x.rank]];
    if (before < 0 || after < 0 || before > size || after > size) {
      throw new RangeError(`cannot wrap ${size} elements by ${before} and ${after}`);
    }
    const parts = before > 0 ? [g.slice(image, axis, size - before, size), image] : [image];
    if (after > 0) parts.push(g.slice(image, axis, 0, after));
    return g.concat(parts, axis);
  }, x);
}
