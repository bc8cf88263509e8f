import assert from "node:assert/strict";
import fc from "fast-check";
import { create, toBinary } from "@bufbuild/protobuf";
import { InputError } from "../../../src/errors.ts";
import * as g from "../../../src/graph/mod.ts";
import { decodeModel } from "../../../src/graph/proto.ts";
import { floats, ints, type Model, writeModel } from "./foreign.ts";
import { ModelProtoSchema } from "../onnx.ts";
import { assertClose } from "../random.ts";

const FIXTURES = new URL("../../fixtures/onnx/", import.meta.url);

/** A hostile model must be refused or accepted within this time; the honest ones take milliseconds. */
const TIME_LIMIT_MS = 10_000;

const relu: Model = { inputs: { x: [1, 2] }, nodes: [{ op: "Relu", inputs: ["x"] }] };

function importAndApply(bytes: Uint8Array): void {
  const model = g.importOnnx(bytes);
  model.apply(Object.fromEntries(model.inputs.map(({ name, dtype, shape }) => [
    name,
    g.input(
      name,
      shape?.map((size) => typeof size === "number" && size > 0 ? Math.min(size, 1e6) : 2) ?? [2],
      dtype,
    ),
  ])));
}

const refused: Readonly<Record<string, readonly [Uint8Array, RegExp]>> = {
  "no bytes": [new Uint8Array(), /graph with outputs/],
  "bytes of something else": [
    new TextEncoder().encode("PK\u0003\u0004 hello"),
    /Cannot read the ONNX model/,
  ],
  "an unknown operator": [
    writeModel({ inputs: { x: [2] }, nodes: [{ op: "Frobnicate", inputs: ["x"] }] }),
    /node the_Frobnicate \(Frobnicate\).*ai.onnx.Frobnicate.*not supported/,
  ],
  "a name of Object's prototype as operator": [
    writeModel({ inputs: { x: [2] }, nodes: [{ op: "constructor", inputs: ["x"] }] }),
    /constructor.*not supported/,
  ],
  "a name that nothing makes": [
    writeModel({ inputs: { x: [2] }, nodes: [{ op: "Add", inputs: ["x", "ghost"] }] }),
    /the_Add \(Add\): "ghost" is used/,
  ],
  "a cycle": [
    writeModel({
      inputs: { x: [2] },
      nodes: [
        { op: "Add", inputs: ["x", "y"], outputs: ["z"] },
        { op: "Relu", inputs: ["z"] },
      ],
    }),
    /"y" is used, but nothing before it makes it/,
  ],
  "sizes that do not fit": [
    writeModel({
      inputs: { x: [2, 3] },
      weights: { w: { shape: [4, 5], data: new Array(20).fill(0) } },
      nodes: [{ op: "MatMul", inputs: ["x", "w"] }],
    }),
    /the_MatMul.*equal inner sizes.*3 and 4/,
  ],
  "weights of another length than their shape": [
    writeModel({
      inputs: { x: [2] },
      weights: { w: { shape: [3], data: [1, 2] } },
      nodes: [{ op: "Add", inputs: ["x", "w"] }],
    }),
    /tensor w of shape \[3\]: 3 elements are required, found 2/,
  ],
  "an output that nothing makes": [writeModel({ ...relu, outputs: ["z"] }), /output z/],
  "a missing input of a node": [
    writeModel({ inputs: { x: [2] }, nodes: [{ op: "Add", inputs: ["x"] }] }),
    /the_Add \(Add\): Cannot apply Add to 1 inputs: 2 required/,
  ],
  "an attribute of another type": [
    writeModel({
      inputs: { x: [2] },
      nodes: [{ op: "Elu", inputs: ["x"], attributes: { alpha: 1 } }],
    }),
    /attribute alpha has type/,
  ],
  "a shape that depends on a value": [
    writeModel({
      inputs: { x: [2] },
      nodes: [{ op: "Cast", inputs: ["x"], outputs: ["s"], attributes: { to: 7 } }, {
        op: "Reshape",
        inputs: ["x", "s"],
      }],
    }),
    /Reshape\): shape must be known/,
  ],
  "a mode without a rule": [
    writeModel({
      inputs: { x: [1, 1, 4, 4] },
      weights: { s: floats(1, 1, 2, 2) },
      nodes: [{ op: "Resize", inputs: ["x", "", "s"], attributes: { mode: "sinc" } }],
    }),
    /Resize\): mode sinc is not supported/,
  ],
  "a range without end": [
    writeModel({
      inputs: { x: [1] },
      weights: {
        a: { shape: [], data: [0] },
        b: { shape: [], data: [1e9] },
        c: { shape: [], data: [1e-3] },
      },
      nodes: [{ op: "Range", inputs: ["a", "b", "c"] }],
    }),
    /Range\): a range of at most/,
  ],
};

for (const [name, [bytes, message]] of Object.entries(refused)) {
  Deno.test(`importOnnx() refuses ${name}`, () => {
    assert.throws(() => importAndApply(bytes), (error) => {
      assert(error instanceof InputError, String(error));
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("apply() refuses missing, unknown and misshapen inputs", () => {
  const model = g.importOnnx(
    writeModel({
      inputs: { x: ["n", 2], z: ["n", 2] },
      nodes: [{ op: "Add", inputs: ["x", "z"] }],
    }),
  );
  const of = (...shape: number[]) => g.input("i", shape);
  assert.deepEqual(model.inputs[0], { name: "x", dtype: "float32", shape: ["n", 2] });
  assert.throws(() => model.apply({ x: of(3, 2) }), /input z is missing/);
  assert.throws(() => model.apply({ x: of(3, 2), z: of(3, 2), w: of(1) }), /Cannot feed w/);
  assert.throws(
    () => model.apply({ x: of(3, 3), z: of(3, 2) }),
    /x must be float32 \[n, 2\], found float32 \[3, 3\]/,
  );
  assert.throws(
    () => model.apply({ x: of(3, 2), z: of(1, 2) }),
    /z must be float32 \[3, 2\], found float32 \[1, 2\]/,
  );
  assert.throws(
    () => model.apply({ x: of(3, 2), z: g.input("i", [3, 2], "int64") }),
    /found int64/,
  );
  assert.deepEqual(model.apply({ x: of(3, 2), z: of(3, 2) }).y.shape, [3, 2]);
});

for (const file of ["drunet.onnx", "unet.dynamo.onnx", "upsampler.onnx"]) {
  Deno.test(`mutations of ${file} are refused or accepted, never worse`, async () => {
    const valid = await Deno.readFile(new URL(file, FIXTURES));
    // Most bytes are weights, which any mutation leaves valid: aim at the first and last parts.
    const place = fc.oneof(
      fc.nat(2000),
      fc.nat(valid.length - 1),
      fc.nat(8000).map((n) => valid.length - 1 - n),
    );
    const mutation = fc.record({
      bytes: fc.array(fc.tuple(place, fc.nat(255)), { minLength: 0, maxLength: 4 }),
      length: fc.option(fc.nat(valid.length), { freq: 4 }),
    });
    fc.assert(
      fc.property(mutation, ({ bytes, length }) => {
        const mutant = valid.slice(0, length ?? valid.length);
        for (const [at, value] of bytes) if (at < mutant.length) mutant[at] = value;
        const start = performance.now();
        try {
          importAndApply(mutant);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
        }
        assert(performance.now() - start < TIME_LIMIT_MS);
      }),
      { numRuns: 150 },
    );
  });
}

Deno.test("functions of the model and branches on known conditions are inlined", () => {
  const type = { value: { case: "tensorType" as const, value: { elemType: 1 } } };
  const output = [{ name: "b", type }];
  const branch = (op: string) => ({ node: [{ opType: op, input: ["t"], output: ["b"] }], output });
  const bytes = toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: 17n }, { domain: "mine", version: 1n }],
      functions: [{
        name: "Leak",
        domain: "mine",
        input: ["a"],
        output: ["r"],
        attribute: ["slope"],
        opsetImport: [{ domain: "", version: 17n }],
        node: [{
          opType: "LeakyRelu",
          input: ["a"],
          output: ["r"],
          attribute: [{ name: "alpha", type: 1, refAttrName: "slope" }],
        }],
      }],
      graph: {
        input: [{ name: "x", type }],
        initializer: [{ name: "yes", dataType: 9, int32Data: [1] }],
        node: [
          {
            opType: "Leak",
            domain: "mine",
            input: ["x"],
            output: ["t"],
            attribute: [{ name: "slope", type: 1, f: 0.5 }],
          },
          {
            opType: "If",
            input: ["yes"],
            output: ["y"],
            attribute: [{ name: "then_branch", type: 5, g: branch("Neg") }, {
              name: "else_branch",
              type: 5,
              g: branch("Abs"),
            }],
          },
        ],
        output: [{ name: "y", type }],
      },
    }),
  );
  const x = g.input("x", [2]);
  const { y } = g.importOnnx(bytes).apply({ x });
  const [{ data }] = g.evaluate([y], new Map([[x, { data: Float64Array.of(2, -4), shape: [2] }]]));
  assert.deepEqual([...data], [-2, 2]);
});

Deno.test("functions that call themselves, or each other without measure, are refused", () => {
  const type = { value: { case: "tensorType" as const, value: { elemType: 1 } } };
  const call = (name: string, from: string, to: string) => ({
    opType: name,
    domain: "mine",
    input: [from],
    output: [to],
  });
  const model = (depth: number, next: (i: number) => string) =>
    toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: 8n,
        opsetImport: [{ domain: "", version: 17n }],
        functions: Array.from({ length: depth }, (_, i) => ({
          name: `F${i}`,
          domain: "mine",
          input: ["a"],
          output: ["c"],
          node: i === 29
            ? [{ opType: "Relu", input: ["a"], output: ["c"] }]
            : [call(next(i), "a", "b"), call(next(i), "b", "c")],
        })),
        graph: {
          input: [{ name: "x", type }],
          node: [call("F0", "x", "y")],
          output: [{ name: "y", type }],
        },
      }),
    );
  assert.throws(() => importAndApply(model(1, () => "F0")), /nested deeper than/);
  assert.throws(() => importAndApply(model(30, (i) => `F${i + 1}`)), /more than \d+ nodes/);
});

Deno.test("a graph written, read and written again has the same values, operators and weights", () => {
  const x = g.input("x", [1, 2, 5, 5]);
  const weight = g.constant({
    data: Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
    shape: [2, 2, 3, 3],
  });
  const y = g.softmax(
    g.resize(g.pad(g.conv(x, weight, undefined, { padding: 1 }), [0, 0, 1, 0, 0, 0, 0, 2]), [4, 9]),
    1,
  );
  const bytes = g.encodeModel({ x }, { y });
  const again = g.importOnnx(bytes).apply({ x });
  const feeds = new Map([[x, {
    data: Float64Array.from({ length: 50 }, (_, i) => Math.cos(i)),
    shape: x.shape,
  }]]);
  assertClose(g.evaluate([again.y], feeds)[0].data, g.evaluate([y], feeds)[0].data, 1e-12);
  const rewritten = g.encodeModel({ x }, { y: again.y });
  const operators = (model: Uint8Array) =>
    decodeModel(model).graph!.node.map(({ opType }) => opType);
  assert.deepEqual(operators(rewritten), operators(bytes));
  assert.deepEqual(Object.values(g.modelWeights(rewritten)), Object.values(g.modelWeights(bytes)));
});

Deno.test("a model that is applied twice shares its weights", () => {
  const model = g.importOnnx(
    writeModel({
      inputs: { x: [2] },
      weights: { w: floats(1, 2), s: ints(2) },
      nodes: [{ op: "Mul", inputs: ["x", "w"] }],
    }),
  );
  const x = g.input("x", [2]);
  const [once, twice] = [model.apply({ x }).y, model.apply({ x }).y];
  assert.equal(once.inputs[1], twice.inputs[1]);
});
