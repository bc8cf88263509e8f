/** Operators, from outside. */
import assert from "node:assert/strict";
import { ndarray, Rng, sizeOf } from "@larmor/larmor";
import { add, concat, mul, Runtime, slice, type Tensor } from "@larmor/larmor/graph";
import {
  compose,
  dotTest,
  linearOperator,
  makeMask,
  mriOperator,
  parseMaskSpec,
} from "@larmor/larmor/mri";

/** Rounding of float32 in sums of some hundred products. */
const ROUNDING = 1e-5;

/** The upper half of the image folded onto the lower one. */
function folded(x: Tensor): Tensor {
  const half = x.shape[2] / 2;
  return add(slice(x, 2, 0, half), slice(x, 2, half, 2 * half));
}

Deno.test("an operator needs its forward direction only: the adjoint passes the dot test", async () => {
  await using runtime = await Runtime.open("cpu");
  for (const shape of [[1, 2, 8, 6], [3, 2, 10, 7]]) {
    const fold = linearOperator({ domain: shape, forward: folded });
    assert.deepEqual(fold.range, shape.with(2, shape[2] / 2));
    assert.ok(await dotTest(runtime, fold) < ROUNDING);
    const wrong = linearOperator({
      domain: shape,
      forward: folded,
      adjoint: (y) => concat([y, mul(y, -1)], 2),
    });
    assert.ok(await dotTest(runtime, wrong) > 0.01);
  }
});

Deno.test("an operator of one's own composes with that of several coils", async () => {
  await using runtime = await Runtime.open("cpu");
  const [coils, height, width] = [3, 12, 10];
  const spec = parseMaskSpec("equispaced:R=2,acs=4");
  assert.ok(spec.kind !== "file");
  const image = [1, 2, height, width];
  const sensitivities = [1, coils, 2, height, width];
  const program = await runtime.build({ maps: sensitivities, x: image }, ({ maps, x }) => {
    const sampled = mriOperator(maps, makeMask(spec, height, width));
    const halved = linearOperator({ domain: image, forward: (x) => mul(x, 0.5) });
    return {
      composed: compose(sampled, halved).forward(x),
      direct: mul(sampled.forward(x), 0.5),
    };
  });
  const normals = (shape: number[], seed: number) =>
    ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
  const { composed, direct } = await program.run({
    maps: normals(sensitivities, 1),
    x: normals(image, 2),
  });
  assert.ok(direct.data.some((value) => Math.abs(value) > 0.1));
  composed.data.forEach((value, i) => assert.ok(Math.abs(value - direct.data[i]) < ROUNDING));
});
