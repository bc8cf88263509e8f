import assert from "node:assert/strict";
import {
  add,
  asPart,
  constantOf,
  cutAfter,
  exp,
  mul,
  reduceSum,
  Runtime,
  type Tensor,
  transpose,
} from "../../../src/graph/mod.ts";
import { randomArray } from "../../mri/support.ts";

const SHAPE = [3, 4];

/** A loop of a function that is marked as a part, with factors that differ from step to step. */
function loop(step: (x: Tensor) => Tensor, x: Tensor, factor: Tensor): Tensor {
  let value = x;
  for (let k = 1; k <= 4; k++) value = step(mul(value, mul(factor, k / 4)));
  return value;
}

const inputs = { x: SHAPE, factor: [1, 1] };

Deno.test("a graph in parts gives what the whole gives, and compiles parts that are alike once", async () => {
  await using runtime = await Runtime.open("cpu");
  const weights = constantOf(randomArray([1, 4], 2).data, [1, 4]);
  const apply = (x: Tensor) => add(mul(x, weights), mul(x, x));
  const feeds = { x: randomArray(SHAPE), factor: { data: Float32Array.of(0.7), shape: [1, 1] } };
  const whole = await runtime.build(inputs, ({ x, factor }) => ({ y: loop(apply, x, factor) }));
  const before = runtime.size;
  const parts = await runtime.build(
    inputs,
    ({ x, factor }) => ({ y: loop(asPart(apply), x, factor) }),
    { inParts: true },
  );
  // The factors; a product, with one factor for all steps; the step.
  assert.equal(runtime.size - before, 3);
  const expected = (await whole.run(feeds)).y, found = (await parts.run(feeds)).y;
  assert.deepEqual(found, expected);
  assert.deepEqual((await parts.run(feeds)).y, expected, "a second run");
});

Deno.test("values of earlier parts reach later ones, and results may be in any part", async () => {
  await using runtime = await Runtime.open("cpu");
  const define = ({ x }: Record<"x", Tensor>) => {
    const early = exp(x), other = mul(x, 2);
    cutAfter(early);
    const late = add(transpose(early, [1, 0]), reduceSum(other));
    cutAfter(late);
    return { early, late: mul(late, transpose(early, [1, 0])), other };
  };
  const feeds = { x: randomArray(SHAPE) };
  const whole = await (await runtime.build({ x: SHAPE }, define)).run(feeds);
  const program = await runtime.build({ x: SHAPE }, define, { inParts: true, keep: ["early"] });
  const { early, ...rest } = await program.run(feeds);
  assert.deepEqual({ early: await early.read(), ...rest }, whole);
});

Deno.test("a graph without marks, or whose results are inputs, stays whole", async () => {
  await using runtime = await Runtime.open("cpu");
  const feeds = { x: randomArray(SHAPE) };
  for (
    const define of [
      ({ x }: Record<"x", Tensor>) => ({ y: mul(x, 2) }),
      ({ x }: Record<"x", Tensor>) => {
        cutAfter(x);
        return { y: mul(x, 2), same: x };
      },
    ]
  ) {
    const before = runtime.size;
    const program = await runtime.build<"x", string>({ x: SHAPE }, define, { inParts: true });
    assert.equal(runtime.size - before, 1);
    assert.deepEqual((await program.run(feeds)).y.data, feeds.x.data.map((value) => 2 * value));
  }
});
