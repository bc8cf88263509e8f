import assert from "node:assert/strict";
import { add, constantOf, exp, input, mul, reduceSum, reshape } from "../../../src/graph/mod.ts";
import { graphMemory } from "../../../src/graph/runtime/memory.ts";

Deno.test("graphMemory() counts what is alive at one time, views once, constants apart, no inputs", () => {
  const x = input("x", [10]);
  assert.deepEqual(graphMemory([exp(x)]), { constants: 0, values: 40 });
  assert.deepEqual(graphMemory([exp(exp(exp(x)))]), { constants: 0, values: 80 });
  assert.deepEqual(graphMemory([reshape(reshape(x, [5, 2]), [2, 5])]), {
    constants: 0,
    values: 0,
  });
  const kept = exp(x);
  assert.deepEqual(graphMemory([add(kept, exp(exp(kept)))]), { constants: 0, values: 120 });
  // The second operand is the larger: made first, it is alone, made last, the first one waits.
  const wide = reduceSum(mul(exp(x), input("rows", [9, 10])), [0]);
  assert.deepEqual(graphMemory([add(exp(x), wide)]), graphMemory([add(wide, exp(x))]));
  const weights = constantOf(new Float32Array(30), [3, 10]);
  assert.deepEqual(graphMemory([mul(weights, x)]), { constants: 120, values: 120 });
});
