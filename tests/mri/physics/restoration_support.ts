/** What the tests of the operators of restoration share. */
import assert from "node:assert/strict";
import { evaluate, input } from "../../../src/graph/mod.ts";
import type { LinearOperator } from "../../../src/mri/physics/operator.ts";
import { sizeOf } from "../../../src/ndarray.ts";
import { Rng } from "../../../src/rng.ts";
import { assertClose } from "../../classical/support.ts";

type Shape = readonly number[];

/** What an operation on tensors gives, in float64. */
export function applied(
  operation: LinearOperator["forward"],
  shape: Shape,
  data: ArrayLike<number>,
): Float64Array {
  const x = input("x", shape);
  const [y] = evaluate([operation(x)], new Map([[x, { data: Float64Array.from(data), shape }]]));
  return Float64Array.from(y.data);
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** <A x, y> = <x, A^H y>, and the normal operator is both. */
export function dotTest({ domain, range, forward, adjoint, normal }: LinearOperator): void {
  const [x, y] = [new Rng(1).normals(sizeOf(domain)), new Rng(2).normals(sizeOf(range))];
  const ax = applied(forward, domain, x);
  const left = dot(ax, y), right = dot(x, applied(adjoint, range, y));
  assert.ok(Math.abs(left - right) < 1e-6 * (1 + Math.abs(left)), `${left} ${right}`);
  assertClose(applied(normal, domain, x), applied(adjoint, range, ax), 1e-6);
}
