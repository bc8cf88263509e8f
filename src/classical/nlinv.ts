/**
 * Regularised nonlinear inversion: image and coil sensitivities are estimated together from all acquired
 * samples, so that neither coil maps nor a calibration region are needed (Uecker, Hohage, Block and
 * Frahm 2008).
 * @module
 */
import {
  add,
  concat,
  constantOf,
  div,
  max,
  mul,
  reduceSum,
  reshape,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import { compileLoop, inputsOf, type LoopCall, runLoop } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, SamplingGeometry } from "../method/problem.ts";
import { smoothCoils } from "../mri/calibration/smooth_coils.ts";
import { conjugateGradients } from "../mri/physics/cg.ts";
import { combineFactor, conjugate, factorOf, mulFactor } from "../mri/physics/complex.ts";
import { sampledFourier } from "../mri/physics/operator.ts";
import { onlyOf, SCALAR, scalar, sizeOf, zeros } from "../ndarray.ts";

/** Newton steps. */
const STEPS = 10;
/** Weight of the first Newton step, and its factor from step to step, as published. */
const ALPHA = { first: 1, factor: 0.5 } as const;
/** Conjugate gradient steps in each Newton step. */
const INNER_STEPS = 20;
/** Norm to which the data are brought; the weights are for it. */
const DATA_NORM = 100;
const TINY = 1e-12;

/**
 * The unknowns as one vector `[1, n]`, image before coils in weighted k-space, and what is made of them:
 * F(rho, c) = sampled Fourier transform of rho c, and its derivative.
 */
export function nlinvModel({ coils, height, width, mask }: SamplingGeometry) {
  const { size: [rows, columns], synthesised, analysed } = smoothCoils([height, width]);
  const imageShape = [1, 1, 2, height, width];
  const coilShape = [1, coils, 2, rows, columns];
  const split = sizeOf(imageShape), size = split + sizeOf(coilShape);
  const apart = (x: Tensor) => ({
    image: reshape(slice(x, 1, 0, split), imageShape),
    coils: reshape(slice(x, 1, split, size), coilShape),
  });
  return {
    sampled: sampledFourier([1, coils, 2, height, width], mask),
    size,
    split,
    /** Image and coils at a point, the coil images rho c, their derivative, and its adjoint. */
    at(x: Tensor) {
      const { image, coils } = apart(x);
      const maps = synthesised(coils);
      const [ofMaps, ofImage] = [factorOf(maps), factorOf(image)];
      return {
        image,
        maps,
        coilImages: mulFactor(ofMaps, image),
        derivative(dx: Tensor) {
          const change = apart(dx);
          return add(
            mulFactor(ofMaps, change.image),
            mulFactor(ofImage, synthesised(change.coils)),
          );
        },
        adjoint(z: Tensor) {
          const ofChange = combineFactor(ofMaps, z, 1);
          const ofCoils = analysed(mulFactor(factorOf(conjugate(image)), z));
          return concat([reshape(ofChange, [1, split]), reshape(ofCoils, [1, size - split])], 1);
        },
      };
    },
  };
}

/**
 * Iteratively regularised Gauss-Newton steps from x_0 = (1, 0):
 * ```
 * x = x + argmin_d |DF(x) d + F(x) - y|^2 + alpha |x + d - x_0|^2,  alpha halved from step to step
 * ```
 * for x = (rho, W c) with Sobolev weights W, and the image rho times the root sum of squares of c.
 * Frequencies at which coils weigh less than 1e-4 of their mean are left out. Published: 8 to 12 steps.
 */
export const nlinv: Method = {
  name: "nlinv",
  summary: "image and coil maps estimated together, without calibration (nonlinear inversion)",
  citation: "Uecker, Hohage, Block and Frahm 2008, Image reconstruction by regularized nonlinear " +
    "inversion, joint estimation of coil sensitivities and image content, Magn Reson Med 60:674-682",
  weightRole: "alpha, the weight of the distance to the start, in every Newton step",
  needsMaps: false,
  async prepare(runtime, geometry, { steps = STEPS, weight = 1 } = {}) {
    if (!Number.isInteger(steps) || steps < 1) {
      throw new RangeError(
        `Cannot iterate ${steps} times: a positive whole number of steps is required`,
      );
    }
    const { height, width } = geometry;
    const { y } = mriMeasurement({ ...geometry, sets: 1 });
    const model = nlinvModel(geometry);
    const inputs = inputsOf({
      y,
      alpha: SCALAR,
      unknowns: [1, model.size],
      x: [1, 2, height, width],
    });
    const { unknowns } = inputs;
    const alpha = reshape(inputs.alpha, [1, 1]);
    const norm = sqrt(reduceSum(mul(inputs.y, inputs.y), undefined, { keepDims: true }));
    const scale = div(DATA_NORM, max(norm, TINY));
    const start = constantOf(
      Float32Array.from({ length: model.size }, (_, i) => i < model.split / 2 ? 1 : 0),
      [1, model.size],
    );
    const point = model.at(unknowns);
    const residual = sub(mul(inputs.y, scale), model.sampled.forward(point.coilImages));
    const b = add(point.adjoint(model.sampled.adjoint(residual)), mul(alpha, sub(start, unknowns)));
    const apply = (d: Tensor) =>
      add(point.adjoint(model.sampled.normal(point.derivative(d))), mul(alpha, d));
    const after = add(unknowns, conjugateGradients(apply, b, INNER_STEPS));
    const { image, maps } = model.at(after);
    const size = sqrt(reduceSum(mul(maps, maps), [1, 2], { keepDims: true }));
    const x = reshape(div(mul(image, size), scale), [1, 2, height, width]);
    const before = { x: inputs.x, unknowns };
    const program = await compileLoop(runtime, inputs, before, { x, unknowns: after });
    return {
      nfe: 0,
      steps,
      async solve({ y, sigma }, control) {
        const first = zeros([1, model.size]);
        first.data.fill(1, 0, model.split / 2);
        const calls = Array.from({ length: steps }, (_, i): LoopCall => ({
          program,
          step: i + 1,
          sigma,
          feeds: () => ({ alpha: scalar(weight * ALPHA.first * ALPHA.factor ** i) }),
        }));
        const state = { x: zeros([1, 2, height, width]), unknowns: first };
        return onlyOf(
          await runLoop({ method: "nlinv", steps, fixed: { y }, state, calls }, control),
        );
      },
    };
  },
};
