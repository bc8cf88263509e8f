import assert from "node:assert/strict";
import * as g from "../../src/graph/mod.ts";
import { topological } from "../../src/graph/tensor.ts";
import { assertClose, generator, randomArray } from "./random.ts";
import { runtime } from "../runtime.ts";

/** Central differences of float64 with step 1e-5 through a few dozen operators. */
const TOLERANCE = 1e-6;

const opsOf = (...tensors: g.Tensor[]) => topological(tensors).map(({ op }) => op);

Deno.test("vjp() differentiates a network with respect to its image and all its weights", async () => {
  const network = (x: g.Tensor, w1: g.Tensor, b1: g.Tensor, w2: g.Tensor, w3: g.Tensor) => {
    const a = g.silu(g.conv(x, w1, b1, { padding: 1 }));
    const b = g.silu(g.conv(a, w2, undefined, { stride: 2, padding: 1 }));
    const up = g.resize(b, [6, 7]);
    const attention = g.softmax(g.reshape(up, [2, 3, 42]), 2);
    const gated = g.mul(up, g.reshape(attention, up.shape));
    return g.sub(x, g.conv(g.concat([a, gated], 1), w3, undefined, { padding: 1 }));
  };
  const shapes = [[2, 2, 6, 7], [4, 2, 3, 3], [4], [3, 4, 3, 3], [2, 7, 3, 3]];
  const point = shapes.map((of, i) => randomArray(of, i, -1, 1));
  const exact = await g.gradcheck(network, point, { random: generator(1) });
  assert(exact.error < TOLERANCE, `${exact.analytic} and ${exact.numeric}`);
  const single = await g.gradcheck(network, point, { random: generator(2), runtime });
  assert(single.error < 1e-4, `${single.analytic} and ${single.numeric}`);
});

Deno.test("vjp() can be differentiated again: the Hessian of a cubic", () => {
  const x = g.input("x", [2]);
  const cubic = g.mul(x, g.mul(x, x));
  const one = g.constant({ data: Float32Array.of(1, 1), shape: [2] });
  const [first] = g.vjp([cubic], [x], [one]);
  const [second] = g.vjp([first], [x], [one]);
  const feeds = new Map([[x as g.Tensor, { data: Float64Array.of(2, -3), shape: [2] }]]);
  assertClose(g.evaluate([first], feeds)[0].data, [12, 27], 1e-12);
  assertClose(g.evaluate([second], feeds)[0].data, [12, -18], 1e-12);
});

Deno.test("vjp() sums over several outputs, and over intermediate values as inputs", () => {
  const x = g.input("x", []);
  const square = g.mul(x, x);
  const outputs = [g.mul(square, 3), g.exp(square)];
  const [ofSquare, ofX] = g.vjp(outputs, [square, x], [g.scalar(1), g.scalar(2)]);
  const at = 0.5;
  const feeds = new Map([[x as g.Tensor, { data: Float64Array.of(at), shape: [] }]]);
  const slope = 3 + 2 * Math.exp(at * at);
  const [{ data: a }, { data: b }] = g.evaluate([ofSquare, ofX], feeds);
  assertClose([a[0], b[0]], [slope, slope * 2 * at], 1e-12);
});

Deno.test("vjp() gives zeros where nothing depends on the input", () => {
  const [x, other] = [g.input("x", [2]), g.input("z", [3])];
  const [zero, mask] = g.vjp([g.exp(x), g.cast(g.greater(other, 0), "float32")], [other, other], [
    x,
    other,
  ]);
  assert.deepEqual([...g.evaluate([zero])[0].data], [0, 0, 0]);
  assert.equal(zero.rank, mask.rank);
});

Deno.test("vjp() leaves branches alone that do not depend on the inputs, Round among them", () => {
  const [x, sigma] = [g.input("x", [2]), g.input("sigma", [])];
  const [slope] = g.vjp([g.mul(x, g.round(g.sin(sigma)))], [x], [x]);
  assert(!opsOf(slope).includes("Cos"));
});

for (const [op, f] of [["Round", g.round], ["Floor", g.floor], ["Ceil", g.ceil]] as const) {
  Deno.test(`vjp() names ${op} and its node, which have no derivative`, () => {
    const x = g.input("x", [2]);
    const y = f(x);
    y.origin = "layer/7";
    assert.throws(() => g.vjp([y], [x], [x]), {
      name: "TypeError",
      message: new RegExp(`Cannot differentiate ${op} \\(node layer/7\\)`),
    });
  });
}

Deno.test("vjp() refuses a way through ArgMax, though its result is whole", () => {
  const x = g.input("x", [2]);
  const y = g.mul(g.cast(g.argMax(x, 0, { keepDims: true }), "float32"), x);
  assert.throws(() => g.vjp([y], [x], [x]), /Cannot differentiate ArgMax/);
});

Deno.test("vjp() says which cotangent does not fit", () => {
  const x = g.input("x", [2]);
  assert.throws(() => g.vjp([g.exp(x)], [x], [g.scalar(1)]), {
    name: "RangeError",
    message: /output 0: a cotangent float32 \[2\] is required, found float32 \[\]/,
  });
  assert.throws(() => g.vjp([g.exp(x)], [x], []), /found none/);
  assert.throws(() => g.vjp([g.argMax(x, 0)], [x], [x]), /Cannot differentiate int64/);
});

Deno.test("vjp() reuses the values of the forward pass", () => {
  const x = g.input("x", [2]);
  const y = g.exp(x);
  const [slope] = g.vjp([y], [x], [g.input("c", [2])]);
  assert.equal(opsOf(y, slope).filter((op) => op === "Exp").length, 1);
});

Deno.test("the image's cotangent of a stride-1 convolution is a convolution", () => {
  const [x, w] = [g.input("x", [1, 2, 8, 8]), g.input("w", [3, 2, 3, 3])];
  const y = g.conv(x, w, undefined, { padding: 1 });
  const [ofImage, ofWeight] = g.vjp([y], [x, w], [g.input("c", y.shape)]);
  assert(opsOf(ofImage).includes("Conv") && !opsOf(ofImage).includes("ConvTranspose"));
  assert.equal(opsOf(ofWeight).filter((op) => op === "MatMul").length, 9);
});
