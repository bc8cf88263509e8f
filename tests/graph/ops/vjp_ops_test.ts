import assert from "node:assert/strict";
import fc from "fast-check";
import * as g from "../../../src/graph/mod.ts";
import { convs, convTransposes, pools, resizes, type WindowCase } from "./window_cases.ts";
import { generator, seed, shape, size, spacedArray } from "../random.ts";
import { runtime } from "../../runtime.ts";

/** The difference is exact to about 1e-9 relative (step 1e-5, float64). */
const FLOAT64_TOLERANCE = 1e-6;
/** Sums of products in float32, where the terms may cancel. */
const FLOAT32_TOLERANCE = 1e-4;

type Point = readonly [low: number, high: number];
type Case = {
  readonly shapes: readonly g.Shape[];
  readonly f: (...inputs: g.Tensor[]) => g.Tensor;
};

const ANY: Point = [-3, 3];
const POSITIVE: Point = [0.2, 3];

const oneInput = (f: (x: g.Tensor) => g.Tensor): fc.Arbitrary<Case> =>
  shape.map((of) => ({ shapes: [of], f }));

const broadcast = (f: (a: g.Tensor, b: g.Tensor) => g.Tensor): fc.Arbitrary<Case> =>
  fc.tuple(shape, fc.nat(15), fc.nat(3), fc.boolean()).map(([of, ones, dropped, swap]) => {
    const other = of.map((n, i) => ones & (1 << i) ? 1 : n).slice(Math.min(dropped, of.length - 1));
    return { shapes: swap ? [other, of] : [of, other], f };
  });

const withAxis = (f: (x: g.Tensor, axis: number) => g.Tensor): fc.Arbitrary<Case> =>
  shape.chain((of) =>
    fc.nat(of.length - 1).map((axis) => ({ shapes: [of], f: (x) => f(x, axis) }))
  );

const reduction = (reduce: g.Reduce): fc.Arbitrary<Case> =>
  shape.chain((of) =>
    fc.tuple(fc.subarray(of.map((_, i) => i), { minLength: 1 }), fc.boolean())
      .map(([axes, keepDims]) => ({ shapes: [of], f: (x) => reduce(x, axes, { keepDims }) }))
  );

const padding = (mode: "constant" | "reflect" | "edge"): fc.Arbitrary<Case> =>
  fc.tuple(fc.integer({ min: 3, max: 6 }), fc.integer({ min: 3, max: 5 })).chain((of) =>
    fc.array(fc.integer({ min: mode === "constant" ? -1 : 0, max: 2 }), {
      minLength: 4,
      maxLength: 4,
    })
      .map((widths) => ({ shapes: [of], f: (x) => g.pad(x, widths, { mode }) }))
  );

const cases: Readonly<Record<string, readonly [fc.Arbitrary<Case>, Point]>> = {
  neg: [oneInput(g.neg), ANY],
  abs: [oneInput(g.abs), ANY],
  reciprocal: [oneInput(g.reciprocal), POSITIVE],
  sqrt: [oneInput(g.sqrt), POSITIVE],
  exp: [oneInput(g.exp), ANY],
  log: [oneInput(g.log), POSITIVE],
  erf: [oneInput(g.erf), ANY],
  sin: [oneInput(g.sin), ANY],
  cos: [oneInput(g.cos), ANY],
  tanh: [oneInput(g.tanh), ANY],
  sigmoid: [oneInput(g.sigmoid), ANY],
  relu: [oneInput(g.relu), ANY],
  leakyRelu: [oneInput((x) => g.leakyRelu(x, 0.2)), ANY],
  elu: [oneInput((x) => g.elu(x, 0.7)), ANY],
  softplus: [oneInput(g.softplus), ANY],
  silu: [oneInput(g.silu), ANY],
  clip: [oneInput((x) => g.clip(x, -0.5, 1.25)), ANY],
  identity: [oneInput(g.identity), ANY],
  "cast to float64 and back": [
    oneInput((x) => g.cast(g.exp(g.cast(x, "float64")), "float32")),
    ANY,
  ],
  "a value used twice": [oneInput((x) => g.mul(g.exp(x), g.add(x, g.exp(x)))), ANY],
  add: [broadcast(g.add), ANY],
  sub: [broadcast(g.sub), ANY],
  mul: [broadcast(g.mul), ANY],
  div: [broadcast(g.div), POSITIVE],
  pow: [broadcast(g.pow), POSITIVE],
  max: [broadcast(g.max), ANY],
  min: [broadcast(g.min), ANY],
  where: [broadcast((a, b) => g.where(g.less(a, b), g.mul(a, 2), g.mul(b, 3))), ANY],
  prelu: [
    fc.tuple(size, size, size).map(([n, c, w]) => ({
      shapes: [[n, c, w], [c, 1]],
      f: (x, s) => g.prelu(x, s),
    })),
    ANY,
  ],
  reshape: [oneInput((x) => g.mul(g.reshape(x, [-1]), 2)), ANY],
  transpose: [oneInput((x) => g.transpose(x, x.shape.map((_, i) => x.rank - 1 - i))), ANY],
  slice: [
    withAxis((x, axis) => {
      const end = x.shape[axis];
      return end < 3 ? g.reverse(x, axis) : g.slice(g.reverse(x, axis), axis, 1, end, 2);
    }),
    ANY,
  ],
  reverse: [withAxis(g.reverse), ANY],
  concat: [withAxis((x, axis) => g.concat([x, g.exp(x), g.neg(x)], axis)), ANY],
  "pad with a constant": [padding("constant"), ANY],
  "pad by reflection": [padding("reflect"), ANY],
  "pad with the edge": [padding("edge"), ANY],
  expand: [
    shape.map((of) => ({
      shapes: [of.map((n, i) => i % 2 ? 1 : n)],
      f: (x) => g.expand(x, [2, ...of]),
    })),
    ANY,
  ],
  tile: [oneInput((x) => g.tile(x, x.shape.map((_, i) => 1 + i % 3))), ANY],
  gather: [
    withAxis((x, axis) => {
      const last = BigInt(x.shape[axis] - 1);
      return g.gather(x, g.constantOf(BigInt64Array.of(last, 0n, -1n, 0n), [2, 2]), axis);
    }),
    ANY,
  ],
  softmax: [withAxis(g.softmax), ANY],
  reduceSum: [reduction(g.reduceSum), ANY],
  reduceMean: [reduction(g.reduceMean), ANY],
  reduceMax: [reduction(g.reduceMax), ANY],
  reduceMin: [reduction(g.reduceMin), ANY],
  reduceL2: [reduction(g.reduceL2), ANY],
  matMul: [
    fc.tuple(size, size, size, size, fc.nat(4)).map(([m, k, n, b, where]) => ({
      shapes: [
        [[m, k], [b, m, k], [1, m, k], [b, m, k], [2, b, m, k]][where],
        [[k, n], [b, k, n], [b, k, n], [k, n], [b, k, n]][where],
      ],
      f: (a, c) => g.matMul(a, c),
    })),
    ANY,
  ],
  gemm: [
    fc.tuple(size, size, size, fc.boolean(), fc.boolean(), fc.boolean()).map((
      [m, k, n, transA, transB, row],
    ) => ({
      shapes: [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n], row ? [n] : [m, 1]],
      f: (a, b, c) => g.gemm(a, b, c, { alpha: 0.5, beta: -2, transA, transB }),
    })),
    ANY,
  ],
};

const windows: Readonly<Record<string, fc.Arbitrary<WindowCase>>> = {
  conv: convs,
  convTranspose: convTransposes,
  averagePool: pools("AveragePool"),
  maxPool: pools("MaxPool"),
  resize: resizes,
};

async function check(
  arbitrary: fc.Arbitrary<Case>,
  [low, high]: Point,
  runs: readonly [float64: number, float32: number],
) {
  const property = (tolerance: number, runtime?: g.Runtime) =>
    fc.asyncProperty(arbitrary, seed, async ({ shapes, f }, from) => {
      const point = shapes.map((of, i) => spacedArray(of, from + i, i, low, high));
      const random = generator(from);
      const { error, analytic, numeric } = await g.gradcheck(f, point, {
        random,
        ...(runtime && { runtime }),
      });
      assert(error < tolerance, `vjp ${analytic}, difference ${numeric}`);
    });
  await fc.assert(property(FLOAT64_TOLERANCE), { numRuns: runs[0] });
  await fc.assert(property(FLOAT32_TOLERANCE, runtime), { numRuns: runs[1] });
}

for (const [name, [arbitrary, point]] of Object.entries(cases)) {
  Deno.test(`the derivative of ${name} is that of a central difference`, () =>
    check(arbitrary, point, [25, 3]));
}

for (const [name, arbitrary] of Object.entries(windows)) {
  Deno.test(`the derivative of ${name} is that of a central difference`, () =>
    check(arbitrary, ANY, [80, 8]));
}
