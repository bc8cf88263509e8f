/** Cold diffusion along missing lines. */
import assert from "node:assert/strict";
import { constantOf, mul } from "../../src/graph/mod.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { ndarray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { coldSolver, returning } from "../../src/samplers/cold.ts";
import { assertClose, everyOtherLine, example, randomPlane } from "../classical/support.ts";
import { runtime } from "../runtime.ts";

const SIZE = [8, 6] as const, SHAPE = [1, 2, ...SIZE];
const MASKS = { lines: everyOtherLine, plane: randomPlane };

for (const [kind, mask] of Object.entries(MASKS)) {
  Deno.test(`with a restorer that knows the image, cold gives it; with an empty one, A^H y: ${kind}`, async () => {
    const { geometry, problem: { inputs } } = example(3, mask(...SIZE));
    const truth = ndarray(new Rng(3).normals(96), SHAPE);
    const { operator } = mriMeasurement(geometry);
    const program = await runtime.build({ x: SHAPE, maps: inputs.maps.shape }, ({ x, maps }) => {
      const a = operator({ maps }, 1);
      return { y: a.forward(x), back: a.normal(x) };
    });
    const { y, back } = await program.run({ x: truth, maps: inputs.maps });
    const problem = { y, inputs, sigma: 0.01 };
    const knowing = await coldSolver(runtime, geometry, () => constantOf(truth.data, SHAPE), 3);
    assertClose((await knowing.solve(problem)).data, truth.data, 1e-5);
    assert.equal(knowing.nfe, 3);
    const empty = await coldSolver(runtime, geometry, (x) => mul(x, 0), 3);
    assertClose((await empty.solve(problem)).data, back.data, 1e-5);
  });
}

Deno.test("lines come back once each, from the centre, and the severity is what is missing", () => {
  const plan = returning(everyOtherLine(9, 4), 2);
  const lines = plan.map(({ added }) =>
    Array.from(added.data, (value, i) => value === 1 ? i : -1).filter((i) => i >= 0)
  );
  const acquired = everyOtherLine(9, 4).lines;
  const missing = Array.from({ length: 9 }, (_, i) => i).filter((i) => !acquired.includes(i));
  assert.deepEqual(lines.flat().toSorted(), missing);
  const far = (line: number) => Math.abs(line - 4);
  assert.ok(Math.max(...lines[0].map(far)) <= Math.min(...lines[1].map(far)));
  assert.deepEqual(
    plan.map(({ severity }) => severity),
    [missing.length, lines[1].length].map((n) => n / 9),
  );
});
