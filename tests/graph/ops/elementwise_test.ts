import fc from "fast-check";
import * as g from "../../../src/graph/mod.ts";
import { assertMatchesReference, inputsOf, randomArray, seed, shape } from "../random.ts";
import { runtime } from "../../runtime.ts";

type Range = readonly [low: number, high: number];

const ANY: Range = [-3, 3];
const POSITIVE: Range = [0.1, 3];

const unary: Readonly<Record<string, readonly [(x: g.Tensor) => g.Tensor, Range]>> = {
  neg: [g.neg, ANY],
  abs: [g.abs, ANY],
  sign: [g.sign, ANY],
  reciprocal: [g.reciprocal, POSITIVE],
  sqrt: [g.sqrt, POSITIVE],
  exp: [g.exp, ANY],
  log: [g.log, POSITIVE],
  erf: [g.erf, ANY],
  sin: [g.sin, ANY],
  cos: [g.cos, ANY],
  floor: [g.floor, ANY],
  ceil: [g.ceil, ANY],
  round: [(x) => g.round(g.div(g.floor(g.mul(x, 4)), 2)), ANY], // halves and whole numbers
  tanh: [g.tanh, ANY],
  sigmoid: [g.sigmoid, ANY],
  relu: [g.relu, ANY],
  leakyRelu: [(x) => g.leakyRelu(x, 0.2), ANY],
  elu: [(x) => g.elu(x, 0.7), ANY],
  softplus: [g.softplus, ANY],
  silu: [g.silu, ANY],
  clip: [(x) => g.clip(x, -0.5, 1.25), ANY],
  "clip from below": [(x) => g.clip(x, 0.5, Infinity), ANY],
  "cast to int64": [(x) => g.cast(g.cast(x, "int64"), "float32"), ANY],
  "cast to bool": [(x) => g.cast(g.floor(x), "bool"), ANY],
  "float64 arithmetic": [(x) => g.sub(g.mul(g.cast(x, "float64"), 1.5), 0.25), ANY],
  "int64 arithmetic": [(x) => g.div(g.add(g.cast(g.mul(x, 9), "int64"), 1), 3), ANY],
  not: [(x) => g.not(g.greater(x, 0)), ANY],
  identity: [g.identity, ANY],
  "negative zero": [(x) => g.div(1, g.mul(g.abs(x), -0)), POSITIVE],
};

const binary: Readonly<Record<string, readonly [(a: g.Tensor, b: g.Tensor) => g.Tensor, Range]>> = {
  add: [g.add, ANY],
  sub: [g.sub, ANY],
  mul: [g.mul, ANY],
  div: [g.div, POSITIVE],
  pow: [g.pow, POSITIVE],
  max: [g.max, ANY],
  min: [g.min, ANY],
  greater: [g.greater, ANY],
  greaterOrEqual: [(a, b) => g.greaterOrEqual(g.floor(a), g.floor(b)), ANY],
  less: [g.less, ANY],
  lessOrEqual: [(a, b) => g.lessOrEqual(g.floor(a), g.floor(b)), ANY],
  equal: [(a, b) => g.equal(g.floor(a), g.floor(b)), ANY],
  and: [(a, b) => g.and(g.greater(a, 0), g.greater(b, 0)), ANY],
  or: [(a, b) => g.or(g.greater(a, 0), g.greater(b, 0)), ANY],
  where: [(a, b) => g.where(g.less(a, b), a, b), ANY],
};

/** A shape and one that broadcasts with it: some sizes 1, some leading axes gone. */
const broadcastable = fc.tuple(
  shape,
  fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  fc.nat(3),
).map(
  ([of, ones, dropped]) =>
    [of, of.map((n, i) => ones[i] ? 1 : n).slice(Math.min(dropped, of.length - 1))] as const,
);

for (const [name, [f, [low, high]]] of Object.entries(unary)) {
  Deno.test(`${name} of any shape agrees with the float64 reference`, async () => {
    await fc.assert(
      fc.asyncProperty(shape, seed, async (of, from) => {
        const inputs = inputsOf([of]);
        const values = [randomArray(of, from, low, high)];
        await assertMatchesReference(runtime, inputs, values, f(inputs[0]));
      }),
      { numRuns: 4 },
    );
  });
}

for (const [name, [f, [low, high]]] of Object.entries(binary)) {
  Deno.test(`${name} broadcasts as the float64 reference does`, async () => {
    await fc.assert(
      fc.asyncProperty(broadcastable, fc.boolean(), seed, async (shapes, swap, from) => {
        const inputs = inputsOf(swap ? shapes.toReversed() : shapes);
        const values = inputs.map((x, i) => randomArray(x.shape, from + i, low, high));
        await assertMatchesReference(runtime, inputs, values, f(inputs[0], inputs[1]));
      }),
      { numRuns: 8 },
    );
  });
}

Deno.test("prelu takes a slope per channel", async () => {
  const inputs = inputsOf([[2, 3, 4], [3, 1]]);
  const values = inputs.map((x, i) => randomArray(x.shape, i));
  await assertMatchesReference(runtime, inputs, values, g.prelu(inputs[0], inputs[1]));
});
