/** Checks derivatives against a central difference. @module */
import { evaluate, type HostArray } from "./host/evaluate.ts";
import { sizeOf } from "../ndarray.ts";
import { input } from "./ops/leaf.ts";
import type { Runtime } from "./runtime/session.ts";
import type { Tensor } from "./tensor.ts";
import { vjp } from "./vjp.ts";

/** Two values of one directional derivative, and their difference. */
export interface GradcheckResult {
  /** The derivative by `vjp`. */
  readonly analytic: number;
  /** The derivative by a central difference in float64. */
  readonly numeric: number;
  /** Their difference relative to the sum of absolute values that cancel in it. */
  readonly error: number;
}

/** Options of `gradcheck`. */
export interface GradcheckOptions {
  /** Runs the derivative in float32, as it is used. Without it, it is evaluated in float64. */
  readonly runtime?: Runtime;
  /** Returns a number of [-1, 1); direction and cotangent are drawn from it. */
  readonly random: () => number;
  /** Step of the difference. Default 1e-5. */
  readonly step?: number;
}

/**
 * Compares the vector-Jacobian product of a function with a central difference along a random
 * direction, which a float64 evaluation on the host provides.
 * @param define the function, on inputs of the shapes of `point`
 * @param point where the derivative is taken; kinks near it make the difference wrong
 */
export async function gradcheck(
  define: (...inputs: Tensor[]) => Tensor,
  point: readonly HostArray[],
  { runtime, random, step = 1e-5 }: GradcheckOptions,
): Promise<GradcheckResult> {
  const inputs = point.map(({ shape }, i) => input(`x${i}`, shape));
  const output = define(...inputs);
  const cotangent = input("cotangent", output.shape);
  const gradients = vjp([output], inputs, [cotangent]);

  const direction = point.map((x) => randomLike(x, random));
  const { shape } = output;
  const weights = randomLike({ data: new Float64Array(sizeOf(shape)), shape }, random);
  const at = (t: number) =>
    evaluate([output], feedsOf(inputs, point.map((x, i) => shifted(x, direction[i], t))))[0].data;
  const [ahead, behind] = [at(step), at(-step)];
  const terms = weights.data.map((w, i) => w * (ahead[i] - behind[i]) / (2 * step));

  const all = [...inputs, cotangent];
  const values = [...point, weights];
  const found = runtime === undefined
    ? evaluate(gradients, feedsOf(all, values))
    : await run(runtime, all, values, gradients);
  const products = found.flatMap(({ data }, i) =>
    Array.from(data, (g, j) => g * direction[i].data[j])
  );
  const sum = (list: Iterable<number>) => Array.from(list).reduce((total, v) => total + v, 0);
  const [analytic, numeric] = [sum(products), sum(terms)];
  const scale = Math.max(sum(terms.map(Math.abs)), sum(products.map(Math.abs)), Number.MIN_VALUE);
  return { analytic, numeric, error: Math.abs(analytic - numeric) / scale };
}

function feedsOf(inputs: readonly Tensor[], values: readonly HostArray[]) {
  return new Map(inputs.map((x, i) => [x, values[i]]));
}

function randomLike({ data, shape }: HostArray, random: () => number): HostArray {
  return { data: data.map(() => Math.fround(random())), shape };
}

function shifted({ data, shape }: HostArray, direction: HostArray, t: number): HostArray {
  return { data: data.map((v, i) => v + t * direction.data[i]), shape };
}

async function run(
  runtime: Runtime,
  inputs: readonly Tensor[],
  values: readonly HostArray[],
  outputs: readonly Tensor[],
): Promise<HostArray[]> {
  const names = inputs.map((x) => (x as Tensor<"Input">).attributes.name);
  const byName = <T>(value: (i: number) => T) =>
    Object.fromEntries(names.map((name, i) => [name, value(i)]));
  const named = Object.fromEntries(outputs.map((output, i) => [`vjp_${i}`, output]));
  const program = await runtime.compile(byName((i) => inputs[i]), named);
  const results = await program.run(
    byName((i) => ({ data: Float32Array.from(values[i].data), shape: values[i].shape })),
  );
  return Object.keys(named).map((name) => {
    const { data, shape } = results[name];
    return { data: Float64Array.from(data), shape };
  });
}
