/** Random convolutions, poolings and resizings, for the forward tests and the derivative tests. @module */
import fc from "fast-check";
import { apply } from "../../../src/graph/apply.ts";
import type { Shape, Tensor } from "../../../src/graph/mod.ts";

/** A random use of an operator: the shapes of its inputs, and the function. */
export interface WindowCase {
  /** Shapes of the inputs. */
  readonly shapes: readonly Shape[];
  /** Applies the operator. */
  readonly f: (...inputs: Tensor[]) => Tensor;
  /** For the report of a failure. */
  readonly attributes: unknown;
}

const between = (min: number, max: number) => fc.integer({ min, max });

/** One spatial axis of a convolution. */
const convAxis = fc.record({
  size: between(1, 9),
  kernel: between(1, 3),
  stride: between(1, 3),
  dilation: between(1, 2),
  before: between(0, 3),
  after: between(0, 3),
});

const convAxes = fc.array(convAxis, { minLength: 1, maxLength: 2 });

/** Convolutions of one or two spatial axes with any stride, dilation, padding and groups. */
export const convs: fc.Arbitrary<WindowCase> = fc.record({
  axes: convAxes,
  batch: between(1, 2),
  group: between(1, 3),
  inPer: between(1, 2),
  outPer: between(1, 2),
  bias: fc.boolean(),
}).filter(({ axes }) =>
  axes.every((a) => a.size + a.before + a.after >= a.dilation * (a.kernel - 1) + 1)
).map(({ axes, batch, group, inPer, outPer, bias }) => {
  const attributes = {
    strides: axes.map((a) => a.stride),
    dilations: axes.map((a) => a.dilation),
    pads: [...axes.map((a) => a.before), ...axes.map((a) => a.after)],
    group,
  };
  const weight = [group * outPer, inPer, ...axes.map((a) => a.kernel)];
  return {
    shapes: [
      [batch, group * inPer, ...axes.map((a) => a.size)],
      weight,
      ...(bias ? [[group * outPer]] : []),
    ],
    f: (...inputs) => apply("Conv", inputs, attributes),
    attributes,
  };
});

/** Transposed convolutions of one or two spatial axes. */
export const convTransposes: fc.Arbitrary<WindowCase> = fc.record({
  axes: fc.array(fc.tuple(convAxis, between(0, 2)), { minLength: 1, maxLength: 2 }),
  batch: between(1, 2),
  group: between(1, 3),
  inPer: between(1, 2),
  outPer: between(1, 2),
  bias: fc.boolean(),
}).filter(({ axes }) =>
  axes.every(([a, extra]) =>
    extra < a.stride && // else ONNX leaves open what is meant
    (a.size - 1) * a.stride + a.dilation * (a.kernel - 1) + 1 + extra > a.before + a.after
  )
).map(({ axes, batch, group, inPer, outPer, bias }) => {
  const attributes = {
    strides: axes.map(([a]) => a.stride),
    dilations: axes.map(([a]) => a.dilation),
    pads: [...axes.map(([a]) => a.before), ...axes.map(([a]) => a.after)],
    outputPadding: axes.map(([, extra]) => extra),
    group,
  };
  const weight = [group * inPer, outPer, ...axes.map(([a]) => a.kernel)];
  return {
    shapes: [
      [batch, group * inPer, ...axes.map(([a]) => a.size)],
      weight,
      ...(bias ? [[group * outPer]] : []),
    ],
    f: (...inputs) => apply("ConvTranspose", inputs, attributes),
    attributes,
  };
});

/** Poolings of two spatial axes. */
export const pools = (op: "AveragePool" | "MaxPool"): fc.Arbitrary<WindowCase> =>
  fc.record({
    axes: fc.array(convAxis, { minLength: 2, maxLength: 2 }),
    countIncludePad: fc.boolean(),
  })
    .map(({ axes, countIncludePad }) => ({
      countIncludePad: op === "AveragePool" && countIncludePad,
      // ONNX wants padding smaller than the window
      axes: axes.map((a) => ({
        ...a,
        before: Math.min(a.before, a.kernel - 1),
        after: Math.min(a.after, a.kernel - 1),
      })),
    }))
    .filter(({ axes }) => axes.every((a) => a.size + a.before + a.after >= a.kernel))
    .map(({ axes, countIncludePad }) => {
      const attributes = {
        kernel: axes.map((a) => a.kernel),
        strides: axes.map((a) => a.stride),
        pads: [...axes.map((a) => a.before), ...axes.map((a) => a.after)],
        countIncludePad,
      };
      return {
        shapes: [[2, 3, ...axes.map((a) => a.size)]],
        f: (x) => apply(op, [x], attributes),
        attributes,
      };
    });

/** Resizings by given sizes or by factors, in all modes. */
export const resizes: fc.Arbitrary<WindowCase> = fc.record({
  from: fc.tuple(between(1, 7), between(1, 7)),
  to: fc.tuple(between(1, 13), between(1, 13)),
  factors: fc.option(fc.tuple(fc.constantFrom(0.5, 1.5, 2, 2.5, 3), fc.constantFrom(1, 1.25, 2))),
  mode: fc.constantFrom("nearest", "linear", "cubic"),
  coordinates: fc.constantFrom("half_pixel", "align_corners", "asymmetric", "pytorch_half_pixel"),
  rounding: fc.constantFrom("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
}).filter(({ mode, coordinates, rounding }) =>
  // onnxruntime takes 7.4999997 for 7.5 here (10 to 12 pixels); no exporter writes this pair
  mode !== "nearest" || coordinates !== "asymmetric" || rounding !== "round_prefer_ceil"
).filter(({ from, factors }) => {
  // onnxruntime copies an image whose sizes stay, whatever the factors say
  const sizes = factors && from.map((n, i) => Math.floor(n * factors[i]));
  return sizes === null || (Math.min(...sizes) > 0 && sizes.some((n, i) => n !== from[i]));
})
  .map(({ from, to, factors, mode, coordinates, rounding }) => {
    const sizes = factors === null ? to : from.map((n, i) => Math.floor(n * factors[i]));
    const attributes = {
      mode,
      coordinates,
      rounding,
      sizes: [2, 3, ...sizes],
      ...(factors === null ? {} : { scales: [1, 1, ...factors] }),
    };
    return { shapes: [[2, 3, ...from]], f: (x) => apply("Resize", [x], attributes), attributes };
  });
