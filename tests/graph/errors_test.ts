import assert from "node:assert/strict";
import * as g from "../../src/graph/mod.ts";
import { apply } from "../../src/graph/apply.ts";
import { runtime } from "../runtime.ts";

const of = (...shape: number[]) => g.input("x", shape);
const conv = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], group: 1 };

/** What is wrong, and the message: action, what is required, what was found. */
const wrong: readonly [string, () => g.Tensor, RegExp][] = [
  [
    "sizes that do not broadcast",
    () => g.add(of(2, 3), of(2, 4)),
    /Cannot Add \[2, 3\] and \[2, 4\].*axis 1, found 3 and 4/,
  ],
  ["two element types", () => g.add(of(2), g.cast(of(2), "int64")), /Cannot Add float32 and int64/],
  [
    "a fraction with integers",
    () => g.add(g.cast(of(2), "int64"), 0.5),
    /int64 and 0.5: a whole number is required/,
  ],
  ["and of numbers", () => g.and(of(2), of(2)), /Cannot apply And to float32: bool is required/],
  ["selection by numbers", () => g.where(of(2), 1, 2), /Cannot select by float32: bool/],
  ["clip with min above max", () => g.clip(of(2), 2, 1), /2\.\.1: min exceeds max/],
  [
    "inner sizes that differ",
    () => g.matMul(of(2, 3), of(4, 5)),
    /\[2, 3\] by \[4, 5\].*found 3 and 4/,
  ],
  ["a product of vectors", () => g.matMul(of(3), of(3)), /at least 2 axes/],
  [
    "a gemm bias that is too large",
    () => g.gemm(of(1, 2), of(2, 3), of(4, 3)),
    /Cannot add \[4, 3\].*\[1, 3\]/,
  ],
  [
    "a reshape to another size",
    () => g.reshape(of(2, 3), [4]),
    /\[2, 3\] to \[4\]: 6 elements are required, found 4/,
  ],
  ["a reshape that does not divide", () => g.reshape(of(6), [4, -1]), /Cannot reshape/],
  ["a permutation too short", () => g.transpose(of(2, 3, 4), [0, 1]), /each axis once required/],
  [
    "a permutation with an axis twice",
    () => g.transpose(of(2, 3), [0, 0]),
    /each axis once required/,
  ],
  ["an empty slice", () => g.slice(of(5), 0, 3, 3), /nothing would be left/],
  ["a slice of step 0", () => g.slice(of(5), 0, 0, 3, 0), /Cannot slice 0:3:0/],
  ["an axis that is not there", () => g.softmax(of(2, 3), 2), /axis 2: an axis from -2 to 1/],
  [
    "joining what does not fit",
    () => g.concat([of(2, 3), of(3, 3)], 1),
    /on axis 1: all other sizes must agree/,
  ],
  ["joining nothing", () => g.concat([], 0), /at least one required/],
  ["too few pads", () => g.pad(of(2, 3), [1, 1]), /4 widths required, found 2/],
  ["reflection wider than the image", () => g.pad(of(3), [3, 0], { mode: "reflect" }), /reflect/],
  ["an expansion that shrinks", () => g.expand(of(3), [1]), /Cannot expand/],
  ["too few repeats", () => g.tile(of(2, 3), [1]), /Cannot tile/],
  ["negative repeats", () => g.tile(of(2, 3), [1, -5]), /Cannot tile/],
  ["gathering by numbers", () => g.gather(of(3), of(2), 0), /int64 or int32.*found float32/],
  [
    "channels that differ",
    () => apply("Conv", [of(1, 3, 5, 5), of(2, 4, 3, 3)], conv),
    /ranks and channels must agree/,
  ],
  [
    "an image smaller than the kernel",
    () => apply("Conv", [of(1, 3, 2, 2), of(2, 3, 3, 3)], conv),
    /too small/,
  ],
  [
    "strides of another length",
    () => apply("Conv", [of(1, 3, 5, 5), of(2, 3, 3, 3)], { ...conv, strides: [1] }),
    /2 strides/,
  ],
  ["a resize to nothing", () => g.resize(of(1, 1, 4, 4), [0, 4]), /Cannot resize/],
  ["an input of size 0", () => of(2, 0), /positive sizes required/],
  [
    "a constant of another length",
    () => g.constantOf(Float32Array.of(1, 2), [3]),
    /\[3\] from 2 elements/,
  ],
];

for (const [name, build, message] of wrong) {
  Deno.test(`the graph refuses ${name}`, () => {
    assert.throws(build, (error) => {
      assert(error instanceof RangeError || error instanceof TypeError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("encodeModel() refuses inputs that are not listed, not inputs, or named like an output", () => {
  const [x, z] = [g.input("x", [2]), g.input("z", [2])];
  assert.throws(() => g.encodeModel({ x }, { y: g.add(x, z) }), /input z is used but not listed/);
  assert.throws(() => g.encodeModel({ x: g.exp(x) }, { y: x }), /must be an Input, found Exp/);
  assert.throws(() => g.encodeModel({ x }, { x: g.exp(x) }), /different names/);
});

Deno.test("names that the encoder would give inside are free for inputs and outputs", async () => {
  const program = await runtime.build(
    { Add_0: [2], constant_0: [2] },
    ({ Add_0, constant_0 }) => ({ Exp_1: g.add(g.add(Add_0, constant_0), 1), Identity_2: Add_0 }),
  );
  const one = { data: Float32Array.of(1, 2), shape: [2] };
  const { Exp_1, Identity_2 } = await program.run({ Add_0: one, constant_0: one });
  assert.deepEqual([...Exp_1.data, ...Identity_2.data], [3, 5, 1, 2]);
});
