import assert from "node:assert/strict";
import { conjugateGradients, orthogonalisedGradients } from "../../../src/mri/physics/cg.ts";
import { constant, matMul, reshape, type Tensor } from "../../../src/graph/mod.ts";
import { ndarray } from "../../../src/ndarray.ts";
import { assertClose, relativeError } from "../../classical/support.ts";
import { runtime } from "../../runtime.ts";

type Matrix = readonly (readonly number[])[];

const HERMITIAN: Matrix = [[2, 0.5, 0, -0.5], [0.5, 1, 0.7, 0], [0, 0.7, 3, 1], [-0.5, 0, 1, 2]];
/** Positive definite real part, far from Hermitian. */
const SKEW: Matrix = [[2, 1.5, 0, -0.5], [-1.5, 1, 0.7, 0], [0, -0.7, 3, 1], [0.5, 0, -1, 0.5]];
const SOLUTIONS = [[1, -2, 0.5, 3], [0, 4, -1, 0.25]];
const FLOOR = 0.1;

const image = (matrix: Matrix, x: readonly number[]) =>
  matrix.map((row) => row.reduce((sum, a, i) => sum + a * x[i], 0));

async function solve(matrix: Matrix, iterations: number) {
  const b = ndarray(Float32Array.from(SOLUTIONS.flatMap((x) => image(matrix, x))), [2, 1, 4]);
  const a = constant({ data: Float32Array.from(matrix.flat()), shape: [4, 4] });
  const apply = (x: Tensor) => reshape(matMul(a, reshape(x, [2, 4, 1])), [2, 1, 4]);
  const program = await runtime.build({ b: b.shape }, ({ b }) => ({
    plain: conjugateGradients(apply, b, iterations),
    orthogonalised: orthogonalisedGradients(apply, b, iterations, FLOOR),
  }));
  const { plain, orthogonalised } = await program.run({ b });
  return { plain: plain.data, orthogonalised: orthogonalised.data };
}

Deno.test("orthogonalised gradients are conjugate gradients where the operator is Hermitian", async () => {
  for (const iterations of [1, 2, 3]) {
    const { plain, orthogonalised } = await solve(HERMITIAN, iterations);
    assertClose(orthogonalised, plain, 1e-4);
  }
});

Deno.test("they solve where it is not, as conjugate gradients do not, and stand still once solved", async () => {
  const exact = SOLUTIONS.flat();
  for (const iterations of [4, 7]) {
    const { plain, orthogonalised } = await solve(SKEW, iterations);
    assertClose(orthogonalised, exact, 1e-4);
    assert.ok(relativeError(plain, exact) > 0.1);
  }
});

Deno.test("they stop at a direction whose curvature cannot be", async () => {
  const indefinite: Matrix = [[2, 0, 0, 0], [0, 1, 0, 0], [0, 0, -0.5, 0], [0, 0, 0, -3]];
  const { orthogonalised } = await solve(indefinite, 4);
  assert.ok(Math.max(...orthogonalised.map(Math.abs)) < 10, `${orthogonalised}`);
});
