/** How fast onnxruntime multiplies matrices: what the times of graphs are held against. @module */
import { constantOf, matMul, reduceMax, type Runtime } from "../src/graph/mod.ts";
import { ndarray } from "../src/ndarray.ts";
import { Rng } from "../src/rng.ts";

/** Side of the matrices. */
const SIDE = 2048;
/** Products in a row: little time goes to copying. */
const PRODUCTS = 4;

/**
 * MatMul rate of onnxruntime, GFLOP/s.
 * @param timed median seconds of a function
 */
export async function matMulRate(
  runtime: Runtime,
  timed: (run: () => Promise<unknown>) => Promise<number>,
): Promise<number> {
  const random = (seed: number) => ndarray(new Rng(seed).normals(SIDE * SIDE), [SIDE, SIDE]);
  const b = constantOf(random(9).data, [SIDE, SIDE]);
  const program = await runtime.build({ a: [SIDE, SIDE] }, ({ a }) => {
    let product = a;
    for (let i = 0; i < PRODUCTS; i++) product = matMul(product, b);
    return { largest: reduceMax(product) };
  });
  const a = random(10);
  return PRODUCTS * 2 * SIDE ** 3 / await timed(() => program.run({ a })) / 1e9;
}
