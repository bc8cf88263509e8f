/** Searching the image that a network makes: data misfit, gradient and Adam as one graph. @module */
import {
  add,
  concat,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  scalar,
  type Shape,
  sub,
  type Tensor,
  vjp,
} from "../../graph/mod.ts";
import { compileLoop, inputsOf, type LoopCall, type LoopProgram } from "../../method/loop.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { LinearOperator } from "../../mri/physics/operator.ts";
import { type NdArray, ndarray, SCALAR, zeros } from "../../ndarray.ts";
import { adam } from "../../nn/adam.ts";
import {
  countParameters,
  flatScope,
  flatten,
  initialParameters,
  type ParameterSpec,
  type Scope,
  tensorsOf,
} from "../../nn/mod.ts";
import type { Rng } from "../../rng.ts";

/** What is searched, and the image that it makes. */
export interface Fit {
  /** What was measured. */
  readonly measurement: Measurement;
  /** Candidates side by side. */
  readonly batch: number;
  /** Shapes of further inputs of the image and the penalty; `kept`, if there is one, weighs the samples. */
  readonly inputs?: Readonly<Record<string, Shape>>;
  /** What is searched: one flat vector in this order. */
  readonly specs: readonly ParameterSpec[];
  /** The images `[batch, 2 S, H, W]`. */
  image(scope: Scope, inputs: Readonly<Record<string, Tensor>>): Tensor;
  /** What is added to half the squared misfit of the images, `[]`. Default: nothing. */
  penalty?(scope: Scope, inputs: Readonly<Record<string, Tensor>>, image: Tensor): Tensor;
}

/** Shapes of the variables and of all else that a step takes. */
function fitShapes({ measurement, batch, specs, inputs }: Fit): Record<string, Shape> {
  const { y, inputs: arrays, sets = 1, image } = measurement;
  const count = [countParameters(specs)];
  return {
    ...{ y, ...arrays, ...inputs, x: [batch, 2 * sets, ...image] },
    ...{ p: count, mean: count, square: count },
    ...{ rate: count, count: [1], keep: SCALAR },
  };
}

/**
 * The calls of a fit within a loop.
 * @param rates the step size of each value at a step from 1
 */
export function fitCalls(
  program: LoopProgram,
  steps: number,
  sigma: number,
  rates: (step: number) => NdArray,
): LoopCall[] {
  return Array.from({ length: steps }, (_, i) => ({
    ...{ program, step: i + 1, sigma },
    feeds: () => ({ rate: rates(i + 1), count: filled(1, i + 1) }),
  }));
}

/** A vector of one value. */
export const filled = (count: number, value: number): NdArray =>
  ndarray(new Float32Array(count).fill(value), [count]);

/** The variables before the first step. */
export function fitState(
  { measurement, batch }: Fit,
  first: Float32Array,
): Record<string, NdArray> {
  const { sets = 1, image } = measurement, count = [first.length];
  return {
    p: ndarray(first, count),
    ...{ mean: zeros(count), square: zeros(count), x: zeros([batch, 2 * sets, ...image]) },
  };
}

/** The variables before the first step of a network with random weights. */
export const untrainedState = (fit: Fit, rng: Rng): Record<string, NdArray> =>
  fitState(fit, flatten(fit.specs, initialParameters(fit.specs, rng)));

/** Compiles the step as a step of a loop. */
export function compileFit(runtime: Runtime, fit: Fit): Promise<LoopProgram> {
  const given = inputsOf(fitShapes(fit));
  const { p, mean, square, x } = given;
  return compileLoop(runtime, given, { p, mean, square, x }, fitStep(fit, given));
}

/**
 * One step. Variables: what is searched, p, Adam's means of the gradient and of its square, and x.
 * ```
 * r = kept (A image(p) - y)
 * p = Adam(p, (d image / dp)^T A^H r + d penalty / dp)
 * x = image + keep (x - image),  the average of the images
 * ```
 */
function fitStep(
  { measurement, batch, specs, image: imageOf, penalty }: Fit,
  inputs: Readonly<Record<string, Tensor>>,
): { p: Tensor; mean: Tensor; square: Tensor; x: Tensor } {
  const { p, mean, square, x, y, keep, kept } = inputs;
  const scope = flatScope(specs, p);
  const image = imageOf(scope, inputs);
  const operator = measurement.operator(inputs, batch);
  const outputs = [image], cotangents = [misfitGradient(operator, image, y, kept)];
  if (penalty !== undefined) {
    outputs.push(penalty(scope, inputs, image));
    cotangents.push(scalar(1));
  }
  const gradients = vjp(outputs, tensorsOf(specs, scope), cotangents);
  const gradient = concat(gradients.map((part) => reshape(part, [-1])), 0);
  const next = adam(
    { x: p, mean, square },
    gradient,
    inputs as Pick<typeof inputs, "count" | "rate">,
  );
  return {
    ...{ p: next.x, mean: next.mean, square: next.square },
    x: add(image, mul(keep, sub(x, image))),
  };
}

/** A x - y, or h(x) - y of an operator that is not linear. */
export function residualOf(operator: LinearOperator, x: Tensor, y: Tensor): Tensor {
  return sub(operator.nonlinear?.(x) ?? operator.forward(x), y);
}

/** Squared norm of the residual of each candidate, `[batch, 1, 1, 1]`. */
export function misfit(residual: Tensor, weights?: Tensor): Tensor {
  const squares = mul(residual, residual);
  const axes = residual.shape.map((_, axis) => axis).slice(1);
  const sum = reduceSum(weights === undefined ? squares : mul(weights, squares), axes);
  return reshape(sum, [residual.shape[0], 1, 1, 1]);
}

/**
 * Gradient of half the squared misfit with respect to x. It goes through `forward`, so magnitudes of a
 * Fourier transform have theirs; what has none (JPEG) goes through its linear stand-in.
 */
function misfitGradient(
  operator: LinearOperator,
  image: Tensor,
  y: Tensor,
  weights?: Tensor,
): Tensor {
  const residual = residualOf(operator, image, y);
  const weighted = weights === undefined ? residual : mul(weights, residual);
  return vjp([operator.forward(image)], [image], [weighted])[0];
}
