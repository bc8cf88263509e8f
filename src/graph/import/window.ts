/** Foreign convolutions, pooling, resizing and matrix products. @module */
import { apply } from "../apply.ts";
import type { ConvAttributes, PoolAttributes } from "../ops/attributes.ts";
import { gemm, matMul } from "../ops/linear.ts";
import { reshape } from "../ops/movement.ts";
import { CUBIC_A } from "../ops/resize.ts";
import { reduceMax, reduceMean } from "../ops/reduce.ts";
import { formatShape, sameShape } from "../shapes.ts";
import type { Shape, Tensor } from "../tensor.ts";
import { einsum } from "./einsum.ts";
import type { ForeignNode, ForeignRules } from "./node.ts";

const spatialAxes = (x: Tensor) => x.shape.map((_, axis) => axis).slice(2);

/** Foreign windowed operators and matrix products, by name. */
export const windowRules: ForeignRules = {
  Conv: (node) => apply("Conv", givenInputs(node), convOf(node)),
  ConvTranspose: (node) => {
    node.require(!node.has("output_shape"), "output_shape");
    node.choice("auto_pad", ["NOTSET", "VALID"]);
    const outputPadding = node.ints("output_padding") ?? node.input(1).shape.slice(2).map(() => 0);
    return apply("ConvTranspose", givenInputs(node), { ...convOf(node), outputPadding });
  },
  AveragePool: (node) => {
    const { attributes, extended } = poolOf(node);
    node.require(!(extended && attributes.countIncludePad), "ceil_mode with count_include_pad");
    return apply("AveragePool", [node.input(0)], attributes);
  },
  MaxPool: (node) => {
    node.require(!node.outputs[1], "the index output");
    return apply("MaxPool", [node.input(0)], poolOf(node).attributes);
  },
  GlobalAveragePool: (node) =>
    reduceMean(node.input(0), spatialAxes(node.input(0)), { keepDims: true }),
  GlobalMaxPool: (node) => reduceMax(node.input(0), spatialAxes(node.input(0)), { keepDims: true }),
  Resize: (node) => {
    const scales = node.opset < 11 ? 1 : 2;
    return resized(node, node.numbers(scales, "the scales"), node.numbers(3, "the sizes"));
  },
  Upsample: (node) => resized(node, node.floats("scales") ?? node.numbers(1, "the scales")),
  MatMul: (node) => {
    const [a, b] = [node.input(0), node.input(1)];
    const [row, column] = [a.rank === 1, b.rank === 1];
    if (!row && !column) return matMul(a, b);
    const product = matMul(row ? reshape(a, [1, -1]) : a, column ? reshape(b, [-1, 1]) : b);
    const kept = [row ? product.rank - 2 : -1, column ? product.rank - 1 : -1];
    return reshape(product, product.shape.filter((_, axis) => !kept.includes(axis)));
  },
  Einsum: (node) => einsum(node.text("equation", ""), node.all()),
  Gemm: (node) =>
    gemm(node.input(0), node.input(1), node.inputs[2], {
      alpha: node.float("alpha", 1),
      beta: node.float("beta", 1),
      transA: node.int("transA", 0) === 1,
      transB: node.int("transB", 0) === 1,
    }),
};

function givenInputs(node: ForeignNode): Tensor[] {
  const inputs = [node.input(0), node.input(1)];
  return node.inputs[2] === undefined ? inputs : [...inputs, node.inputs[2]];
}

function convOf(node: ForeignNode): ConvAttributes {
  const [image, kernel] = [node.input(0), node.input(1)].map(({ shape }) => shape.slice(2));
  return { ...windowOf(node, image, kernel), group: node.int("group", 1) };
}

/** Strides, padding and dilations, with `auto_pad` resolved. */
function windowOf(node: ForeignNode, image: Shape, kernel: Shape) {
  const strides = node.ints("strides") ?? kernel.map(() => 1);
  const dilations = node.ints("dilations") ?? kernel.map(() => 1);
  const given = node.ints("pads") ?? [...kernel, ...kernel].map(() => 0);
  const lengths = [strides.length, dilations.length, given.length / 2, kernel.length];
  if (image.length === 0 || lengths.some((n) => n !== image.length)) {
    throw new RangeError(`the window must have as many axes as the image ${formatShape(image)}`);
  }
  if ([...strides, ...dilations, ...kernel].some((n) => n < 1)) {
    throw new RangeError("window, strides and dilations must be at least 1");
  }
  const auto = node.choice("auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"]);
  if (auto === "NOTSET") return { strides, dilations, pads: given };
  if (auto === "VALID") return { strides, dilations, pads: given.map(() => 0) };
  const totals = image.map((size, i) => {
    const last = (Math.ceil(size / strides[i]) - 1) * strides[i]; // where the last window starts
    return Math.max(0, last + dilations[i] * (kernel[i] - 1) + 1 - size);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total) => Math.ceil(total / 2));
  const pads = auto === "SAME_UPPER" ? [...small, ...large] : [...large, ...small];
  return { strides, dilations, pads };
}

/** A pooling window; `ceil_mode` becomes padding at the end, which neither pooling counts. */
function poolOf(node: ForeignNode): { attributes: PoolAttributes; extended: boolean } {
  const x = node.input(0);
  const kernel = node.ints("kernel_shape") ?? [];
  const image = x.shape.slice(2);
  const { strides, dilations, pads } = windowOf(node, image, kernel);
  node.require(dilations.every((n) => n === 1), "a dilated pooling window");
  const extra = image.map((size, i) => {
    const room = size + pads[i] + pads[i + image.length] - kernel[i];
    const count = Math.ceil(room / strides[i]);
    const startsInside = count * strides[i] < size + pads[i]; // else PyTorch drops the window
    return node.int("ceil_mode", 0) === 1 && startsInside ? count * strides[i] - room : 0;
  });
  return {
    extended: extra.some((width) => width > 0),
    attributes: {
      kernel,
      strides,
      pads: pads.map((width, i) => i < image.length ? width : width + extra[i - image.length]),
      countIncludePad: node.int("count_include_pad", 0) === 1,
    },
  };
}

function resized(node: ForeignNode, scales?: number[], sizes?: number[]): Tensor {
  const x = node.input(0);
  const old = node.opset < 11; // then all modes are asymmetric and round down
  const attributes = {
    mode: node.choice("mode", ["nearest", "linear", "cubic"]),
    coordinates: node.choice(
      "coordinate_transformation_mode",
      ["half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"],
      old ? "asymmetric" : "half_pixel",
    ),
    rounding: node.choice(
      "nearest_mode",
      ["floor", "ceil", "round_prefer_floor", "round_prefer_ceil"],
      old ? "floor" : "round_prefer_floor",
    ),
  };
  node.require(node.float("cubic_coeff_a", CUBIC_A) === CUBIC_A, "another cubic_coeff_a");
  node.require(node.int("exclude_outside", 0) === 0, "exclude_outside");
  node.require(node.int("antialias", 0) === 0, "antialias");
  node.choice("keep_aspect_ratio_policy", ["stretch"]);
  const axes = node.ints("axes") ?? x.shape.map((_, axis) => axis);
  const all = (values: readonly number[], rest: readonly number[]) =>
    rest.map((value, axis) => axes.includes(axis) ? values[axes.indexOf(axis)] : value);
  if (sizes !== undefined && sizes.length > 0) {
    return apply("Resize", [x], { ...attributes, sizes: all(sizes, x.shape) });
  }
  if (scales?.length !== axes.length) {
    const found = scales?.length ?? 0;
    throw new RangeError(`scales for ${axes.length} axes are required, found ${found}`);
  }
  const factors = all(scales, x.shape.map(() => 1));
  const target = x.shape.map((size, axis) => Math.floor(size * factors[axis]));
  if (sameShape(target, x.shape)) return x; // as onnxruntime does, which ignores the factors then
  const exact = target.every((size, axis) => size === x.shape[axis] * factors[axis]);
  return apply("Resize", [x], {
    ...attributes,
    sizes: target,
    scales: exact ? undefined : factors,
  });
}
