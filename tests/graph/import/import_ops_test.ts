import ort from "onnxruntime-node";
import * as g from "../../../src/graph/mod.ts";
import { type Attribute, floats, ints, type Model, type Weight, writeModel } from "./foreign.ts";
import { assertClose, FLOAT32_TOLERANCE, randomArray } from "../random.ts";
import { runtime } from "../../runtime.ts";

const x = { x: [2, 4, 5, 6] };
const xy = { x: [2, 4, 5, 6], z: [4, 1, 6] };

/** A model of one operator on x and some weights. */
function one(
  op: string,
  attributes: Record<string, Attribute> = {},
  weights: Record<string, Weight> = {},
  opset = 17,
  inputs: Model["inputs"] = x,
): Model {
  return {
    opset,
    inputs,
    weights,
    nodes: [{ op, inputs: [...Object.keys(inputs), ...Object.keys(weights)], attributes }],
  };
}

const shapeOnly = (
  op: string,
  attributes: Record<string, Attribute> = {},
  weights: Record<string, Weight> = {},
): Model => ({
  inputs: x,
  weights,
  nodes: [
    { op, inputs: ["x", ...Object.keys(weights)], attributes, outputs: ["s"] },
    { op: "Cast", inputs: ["s"], attributes: { to: 1 } },
  ],
});

const weight = (...shape: number[]): Weight => ({ shape, data: [...randomArray(shape, 5).data] });
const positive = (n: number): Weight => floats(...randomArray([n], 7, 0.5, 2).data);
const channels = { scale: weight(4), bias: weight(4) };

const models: Readonly<Record<string, Model>> = {
  ...Object.fromEntries(
    [
      "Neg",
      "Abs",
      "Sin",
      "Tan",
      "Sinh",
      "Cosh",
      "Sigmoid",
      "Softplus",
      "Softsign",
      "HardSwish",
      "Round",
      "Identity",
      "Dropout",
      "Selu",
      "Celu",
      "Elu",
      "ThresholdedRelu",
      "HardSigmoid",
      "LeakyRelu",
    ]
      .map((op) => [op, one(op)]),
  ),
  ...Object.fromEntries(
    ["Sum", "Mean", "Max", "Min"].map((op) => [op, one(op, {}, { a: weight(6), b: weight(5, 1) })]),
  ),
  ...Object.fromEntries(["Sub", "Div", "PRelu"].map((op) => [op, one(op, {}, {}, 17, xy)])),
  "Gelu 20": one("Gelu", {}, {}, 20),
  "Gelu tanh 20": one("Gelu", { approximate: "tanh" }, {}, 20),
  "Mish 18": one("Mish", {}, {}, 18),
  "Pow of int64": one("Pow", {}, { e: { shape: [], data: [2], int64: true } }),
  "Mod": one("Mod", { fmod: 1 }, { d: floats(0.75) }),
  "Clip 6": one("Clip", { min: { float: -0.5 }, max: { float: 1 } }, {}, 6),
  "Clip 13": one("Clip", {}, { min: { shape: [], data: [-1] } }),
  "Softmax 11": one("Softmax", { axis: 2 }, {}, 11),
  "Softmax 13": one("Softmax", { axis: 1 }),
  "LogSoftmax": one("LogSoftmax", { axis: 2 }),
  "Flatten": one("Flatten", { axis: 2 }),
  "Flatten 0": one("Flatten", { axis: 0 }),
  "Squeeze 11": one("Squeeze", { axes: [1] }, {}, 11, { x: [3, 1, 2] }),
  "Squeeze 13": one("Squeeze", {}, { axes: ints(-2) }, 13, { x: [3, 1, 2] }),
  "Unsqueeze 11": one("Unsqueeze", { axes: [0, 2] }, {}, 11),
  "Unsqueeze 13": one("Unsqueeze", {}, { axes: ints(-1, 1) }),
  "Transpose reversed": one("Transpose"),
  "Reshape with 0 and -1": one("Reshape", {}, { shape: ints(0, -1, 3) }),
  "Slice 9": one("Slice", { starts: [1, -3], ends: [2 ** 40, -1], axes: [1, 3] }, {}, 9),
  "Slice 13": one("Slice", {}, {
    s: ints(-1, 0),
    e: ints(-100, 1000),
    a: ints(2, 3),
    t: ints(-2, 3),
  }),
  "Gather": one("Gather", { axis: 2 }, { i: { shape: [2, 2], data: [0, -1, 3, 3], int64: true } }),
  "Expand": one("Expand", {}, { s: ints(3, 1, 1, 1, 1) }),
  "Tile": one("Tile", {}, { r: ints(1, 2, 1, 2) }),
  "Pad 2": one("Pad", { pads: [0, 0, 1, 2, 0, 0, 2, 0], value: { float: 0.5 } }, {}, 2),
  "Pad 13": one("Pad", { mode: "reflect" }, { p: ints(0, 0, 1, 2, 0, 0, 2, 0) }),
  "Pad 18 axes": one("Pad", { mode: "edge" }, {
    p: ints(1, 2, 0, 3),
    v: { shape: [], data: [0] },
    a: ints(2, -1),
  }, 18),
  "Pad 19 wrap": one("Pad", { mode: "wrap" }, { p: ints(0, 0, 1, 2, 0, 0, 2, 0) }, 19),
  "DepthToSpace DCR": one("DepthToSpace", { blocksize: 2 }),
  "DepthToSpace CRD": one("DepthToSpace", { blocksize: 2, mode: "CRD" }),
  "SpaceToDepth": one("SpaceToDepth", { blocksize: 2 }, {}, 17, { x: [1, 3, 4, 6] }),
  "ReduceMean 11": one("ReduceMean", { axes: [-1, 1], keepdims: 0 }, {}, 11),
  "ReduceMean 18": one("ReduceMean", {}, { axes: ints(1, 3) }, 18),
  "ReduceSum of all": one("ReduceSum", { keepdims: 0 }),
  "ReduceSum of none": one("ReduceSum", { noop_with_empty_axes: 1 }),
  ...Object.fromEntries(
    ["ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp", "ReduceMax", "ReduceMin"].map((
      op,
    ) => [op, one(op, { axes: [1, 2] })]),
  ),
  "GlobalAveragePool": one("GlobalAveragePool"),
  "GlobalMaxPool": one("GlobalMaxPool"),
  "LpNormalization": one("LpNormalization", { axis: 1, p: 2 }),
  "BatchNormalization": one("BatchNormalization", { epsilon: { float: 0.01 } }, {
    ...channels,
    mean: weight(4),
    variance: positive(4),
  }),
  "InstanceNormalization": one("InstanceNormalization", {}, channels),
  "LayerNormalization": one("LayerNormalization", { axis: 2 }, {
    s: weight(5, 6),
    b: weight(5, 6),
  }),
  "GroupNormalization 21": one("GroupNormalization", { num_groups: 2 }, channels, 21),
  "AveragePool ceil": one("AveragePool", {
    kernel_shape: [2, 3],
    strides: [2, 2],
    ceil_mode: 1,
    pads: [0, 1, 0, 1],
  }),
  "MaxPool ceil": one("MaxPool", { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
  "MaxPool same": one("MaxPool", { kernel_shape: [2, 3], strides: [2, 2], auto_pad: "SAME_UPPER" }),
  "Conv same lower": one("Conv", { auto_pad: "SAME_LOWER", strides: [2, 1] }, {
    w: weight(3, 4, 3, 2),
  }),
  "Conv groups": one("Conv", { group: 2, pads: [1, 0, 0, 2], dilations: [2, 1] }, {
    w: weight(6, 2, 2, 3),
    b: weight(6),
  }),
  "Conv 1-D": one("Conv", { kernel_shape: [3], pads: [1, 1] }, { w: weight(2, 4, 3) }, 17, {
    x: [1, 4, 9],
  }),
  "ConvTranspose": one("ConvTranspose", {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 0],
  }, { w: weight(4, 3, 3, 3) }),
  "Upsample 7": one("Upsample", { scales: { floats: [1, 1, 2, 3] } }, {}, 7),
  "Upsample 9": one("Upsample", { mode: "linear" }, { s: floats(1, 1, 2, 2) }, 9),
  "Resize 10": one("Resize", {}, { s: floats(1, 1, 2, 1.5) }, 10),
  "Resize 11 sizes": one(
    "Resize",
    { mode: "linear", coordinate_transformation_mode: "align_corners" },
    { r: floats(), s: floats(), n: ints(2, 4, 7, 9) },
    11,
  ),
  "Resize 18 axes": {
    opset: 18,
    inputs: x,
    weights: { s: floats(1.5, 2.5) },
    nodes: [{ op: "Resize", inputs: ["x", "", "s"], attributes: { mode: "linear", axes: [2, 3] } }],
  },
  "Einsum of attention": one("Einsum", { equation: "abct,abcs->abts" }, {}, 17, {
    x: [2, 2, 3, 4],
    z: [2, 2, 3, 5],
  }),
  "Einsum with sums": one("Einsum", { equation: "ij, kl -> kj" }, {}, 17, { x: [2, 3], z: [4, 5] }),
  "Einsum of three": one("Einsum", { equation: "ij,jk,kl->li" }, { w: weight(4, 5) }, 17, {
    x: [2, 3],
    z: [3, 4],
  }),
  "Einsum implicit": one("Einsum", { equation: "bij,bjk" }, {}, 17, { x: [2, 3, 4], z: [2, 4, 5] }),
  "Einsum transposed": one("Einsum", { equation: "abcd->dbca" }),
  "Resize cubic": {
    opset: 13,
    inputs: x,
    weights: { s: floats(1, 1, 2, 1.5) },
    nodes: [{
      op: "Resize",
      inputs: ["x", "", "s"],
      attributes: { mode: "cubic", coordinate_transformation_mode: "pytorch_half_pixel" },
    }],
  },
  "MatMul by a vector": one("MatMul", {}, { v: weight(6) }),
  "MatMul of a vector": {
    inputs: { x: [4] },
    weights: { m: weight(3, 4, 5) },
    nodes: [{ op: "MatMul", inputs: ["x", "m"] }],
  },
  "Gemm": one("Gemm", { transB: 1, alpha: { float: 0.5 } }, { b: weight(3, 6), c: weight(3) }, 17, {
    x: [2, 6],
  }),
  "Shape": shapeOnly("Shape"),
  "Shape of the end": shapeOnly("Shape", { start: -2 }),
  "Size": shapeOnly("Size"),
  "ArgMax": shapeOnly("ArgMax", { axis: 1, keepdims: 0 }),
  "ArgMin": shapeOnly("ArgMin", { axis: -1 }),
  "Split 11": {
    opset: 11,
    inputs: x,
    nodes: [{
      op: "Split",
      inputs: ["x"],
      outputs: ["a", "y"],
      attributes: { axis: 2, split: [2, 3] },
    }],
  },
  "Split 13": {
    opset: 13,
    inputs: x,
    weights: { s: ints(1, 5) },
    nodes: [{ op: "Split", inputs: ["x", "s"], outputs: ["a", "y"], attributes: { axis: -1 } }],
  },
  "Split 18": {
    opset: 18,
    inputs: x,
    nodes: [{
      op: "Split",
      inputs: ["x"],
      outputs: ["a", "y"],
      attributes: { axis: 2, num_outputs: 2 },
    }],
  },
  "Constant, Range, ConstantOfShape": {
    inputs: { x: [2, 4] },
    weights: {
      zero: { shape: [], data: [0] },
      one: { shape: [], data: [1] },
      four: { shape: [], data: [4] },
    },
    nodes: [
      { op: "Range", inputs: ["zero", "four", "one"], outputs: ["r"] },
      { op: "Shape", inputs: ["x"], outputs: ["s"] },
      {
        op: "ConstantOfShape",
        inputs: ["s"],
        outputs: ["c"],
        attributes: { value: { tensor: floats(3) } },
      },
      { op: "Constant", inputs: [], outputs: ["f"], attributes: { value_float: { float: 2 } } },
      { op: "Sum", inputs: ["x", "r", "c", "f"] },
    ],
  },
};

for (const [name, model] of Object.entries(models)) {
  Deno.test(`an imported ${name} gives what onnxruntime gives`, async () => {
    const bytes = writeModel(model);
    const values = Object.entries(model.inputs).map(([key, shape], i) =>
      [key, {
        data: Float32Array.from(randomArray(shape as number[], i + 1).data),
        shape: shape as number[],
      }] as const
    );
    const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
    const feeds = values.map(([key, { data, shape }]) =>
      [key, new ort.Tensor("float32", data, shape)] as const
    );
    const expected = (await session.run(Object.fromEntries(feeds))).y;
    await session.release();

    const inputs = Object.fromEntries(values.map(([key, { shape }]) => [key, g.input(key, shape)]));
    const { y } = g.importOnnx(bytes).apply(inputs);
    const result = await (await runtime.compile(inputs, { y })).run(Object.fromEntries(values));
    if (`${result.y.shape}` !== `${expected.dims}`) {
      throw new Error(`shape ${expected.dims} expected, found ${result.y.shape}`);
    }
    assertClose(result.y.data, expected.data as Float32Array, FLOAT32_TOLERANCE);
  });
}
