import fc from "fast-check";
import * as g from "../../src/graph/mod.ts";
import { apply } from "../../src/graph/apply.ts";
import { assertMatchesReference, inputsOf, randomArray, seed, shape, size } from "./random.ts";
import { runtime } from "../runtime.ts";

/** A random use of an operator: the shapes of its inputs, and the function. */
interface Case {
  readonly shapes: readonly g.Shape[];
  readonly f: (...inputs: g.Tensor[]) => g.Tensor;
}

const axisOf = (of: g.Shape) => fc.nat(of.length - 1);
const axesOf = (of: g.Shape) => fc.subarray(of.map((_, axis) => axis), { minLength: 1 });
const withAxis = (build: (x: g.Tensor, axis: number) => g.Tensor): fc.Arbitrary<Case> =>
  shape.chain((of) => axisOf(of).map((axis) => ({ shapes: [of], f: (x) => build(x, axis) })));
const reduction = (reduce: g.Reduce): fc.Arbitrary<Case> =>
  shape.chain((of) =>
    fc.tuple(axesOf(of), fc.boolean()).map(([axes, keepDims]) => ({
      shapes: [of],
      f: (x) => reduce(x, axes, { keepDims }),
    }))
  );

const slices: fc.Arbitrary<Case> = shape.chain((of) =>
  axisOf(of).chain((axis) =>
    fc.tuple(fc.nat(of[axis] - 1), fc.constantFrom(-3, -2, -1, 1, 2, 3)).map(([start, step]) => ({
      shapes: [of],
      f: (x: g.Tensor) =>
        apply("Slice", [x], {
          starts: [start],
          ends: [step > 0 ? 2 ** 63 : -(2 ** 63)],
          axes: [axis],
          steps: [step],
        }),
    }))
  )
);

const pads = (mode: "constant" | "reflect" | "edge"): fc.Arbitrary<Case> =>
  fc.array(fc.integer({ min: 3, max: 7 }), { minLength: 1, maxLength: 3 }).chain((of) =>
    fc.array(fc.integer({ min: mode === "constant" ? -1 : 0, max: 2 }), {
      minLength: 2 * of.length,
      maxLength: 2 * of.length,
    }).map((widths) => ({
      shapes: [of],
      f: (x: g.Tensor) => g.pad(x, widths, { mode, value: mode === "constant" ? 0.5 : 0 }),
    }))
  );

const matMuls: fc.Arbitrary<Case> = fc.tuple(
  size,
  size,
  size,
  size,
  fc.constantFrom("both", "left", "right", "one"),
)
  .map(([m, k, n, batch, where]) => ({
    shapes: [
      [...(where === "both" || where === "left" ? [batch] : where === "one" ? [1] : []), m, k],
      [...(where === "both" || where === "right" ? [batch] : where === "one" ? [batch] : []), k, n],
    ],
    f: (a, b) => g.matMul(a, b),
  }));

const gemms: fc.Arbitrary<Case> = fc.tuple(
  size,
  size,
  size,
  fc.boolean(),
  fc.boolean(),
  fc.boolean(),
)
  .map(([m, k, n, transA, transB, row]) => ({
    shapes: [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n], row ? [n] : [m, 1]],
    f: (a, b, c) => g.gemm(a, b, c, { alpha: 0.5, beta: -2, transA, transB }),
  }));

const cases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  "reshape to a vector": shape.map((of) => ({ shapes: [of], f: (x) => g.reshape(x, [-1]) })),
  transpose: shape.chain((of) =>
    fc.shuffledSubarray(of.map((_, axis) => axis), { minLength: of.length }).map((perm) => ({
      shapes: [of],
      f: (x) => g.transpose(x, perm),
    }))
  ),
  slice: slices,
  reverse: withAxis(g.reverse),
  concat: shape.chain((of) =>
    fc.tuple(axisOf(of), size, size).map(([axis, a, b]) => ({
      shapes: [of, of.with(axis, a), of.with(axis, b)],
      f: (...parts) => g.concat(parts, axis),
    }))
  ),
  "pad with a constant": pads("constant"),
  "pad by reflection": pads("reflect"),
  "pad with the edge": pads("edge"),
  expand: shape.map((of) => ({
    shapes: [of.map((n, axis) => axis % 2 ? 1 : n)],
    f: (x) => g.expand(x, [2, ...of]),
  })),
  tile: shape.map((of) => ({
    shapes: [of],
    f: (x) => g.tile(x, of.map((_, axis) => 1 + axis % 3)),
  })),
  gather: withAxis((x, axis) => {
    const last = BigInt(x.shape[axis] - 1);
    return g.gather(x, g.constantOf(BigInt64Array.of(last, 0n, -1n, -last - 1n), [2, 2]), axis);
  }),
  softmax: withAxis(g.softmax),
  argMax: withAxis((x, axis) => g.argMax(x, axis)),
  reduceSum: reduction(g.reduceSum),
  reduceMean: reduction(g.reduceMean),
  reduceMax: reduction(g.reduceMax),
  reduceMin: reduction(g.reduceMin),
  reduceL2: reduction(g.reduceL2),
  matMul: matMuls,
  gemm: gemms,
};

for (const [name, arbitrary] of Object.entries(cases)) {
  Deno.test(`${name} agrees with the float64 reference`, async () => {
    await fc.assert(
      fc.asyncProperty(arbitrary, seed, async ({ shapes, f }, from) => {
        const inputs = inputsOf(shapes);
        const values = inputs.map((x, i) => randomArray(x.shape, from + i));
        await assertMatchesReference(runtime, inputs, values, f(...inputs));
      }),
      { numRuns: 6 },
    );
  });
}
