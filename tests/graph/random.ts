/** Random tensors and small helpers shared by the graph tests. @module */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cast,
  evaluate,
  type HostArray,
  input,
  type Runtime,
  type Shape,
  type Tensor,
} from "../../src/graph/mod.ts";
import { sizeOf } from "../../src/ndarray.ts";

/** float32 rounds to 6e-8; a few hundred operations in a row stay below this. */
export const FLOAT32_TOLERANCE = 2e-5;

/** Small sizes: one, even, odd, prime. */
export const size: fc.Arbitrary<number> = fc.constantFrom(1, 2, 3, 4, 5, 6, 7);

/** A shape of 1 to 4 axes. */
export const shape: fc.Arbitrary<number[]> = fc.array(size, { minLength: 1, maxLength: 4 });

/** A seed for `randomArray`. */
export const seed: fc.Arbitrary<number> = fc.nat(1 << 30);

/** Numbers of [-1, 1) that depend on the seed alone (splitmix32). */
export function generator(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Numbers of [low, high) that depend on the seed alone, representable in float32. */
export function randomArray(of: Shape, from: number, low = -2, high = 2): HostArray {
  const next = generator(from);
  const draw = () => Math.fround(low + (high - low) * (next() + 1) / 2);
  return { data: Float64Array.from({ length: sizeOf(of) }, draw), shape: of };
}

/**
 * Evenly spaced numbers of (low, high) in random order: never closer to each other, to those of
 * another `offset` or to 0 than a central difference steps, so that no kink lies in between.
 */
export function spacedArray(
  of: Shape,
  from: number,
  offset: number,
  low: number,
  high: number,
): HostArray {
  const count = sizeOf(of);
  const next = generator(from);
  const order = Array.from({ length: count }, (_, i) => ({ i, key: next() })).toSorted((a, b) =>
    a.key - b.key
  );
  const place = (i: number) => (i + 0.3719 + 0.0731 * offset) / count;
  return {
    data: Float64Array.from(order, ({ i }) => Math.fround(low + (high - low) * place(i))),
    shape: of,
  };
}

/** Inputs named x0, x1, ... with these shapes. */
export function inputsOf(shapes: readonly Shape[]): Tensor[] {
  return shapes.map((of, i) => input(`x${i}`, of));
}

/** Asserts that onnxruntime computes what the float64 reference does. */
export async function assertMatchesReference(
  runtime: Runtime,
  inputs: readonly Tensor[],
  values: readonly HostArray[],
  output: Tensor,
  tolerance = FLOAT32_TOLERANCE,
): Promise<void> {
  const [expected] = evaluate([output], new Map(inputs.map((x, i) => [x, values[i]])));
  assert.deepEqual(expected.shape, output.shape);
  const named = Object.fromEntries(inputs.map((x, i) => [`x${i}`, x]));
  const program = await runtime.compile(named, { y: cast(output, "float32") });
  const { y } = await program.run(Object.fromEntries(values.map(({ data, shape }, i) => [
    `x${i}`,
    { data: Float32Array.from(data), shape },
  ])));
  assert.deepEqual(y.shape, output.shape);
  assertClose(y.data, expected.data, tolerance);
}

/** Asserts that two arrays agree, relative to the largest element. */
export function assertClose(
  found: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  assert.equal(found.length, expected.length);
  const finite = Array.from(expected).filter(Number.isFinite).map(Math.abs);
  const scale = finite.reduce((a, b) => Math.max(a, b), 1e-3);
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(found[i] - expected[i]);
    if (!(difference <= tolerance * scale) && !Object.is(found[i], expected[i])) {
      throw new assert.AssertionError({
        message: `element ${i}: expected ${expected[i]}, found ${found[i]} (scale ${scale})`,
      });
    }
  }
}
