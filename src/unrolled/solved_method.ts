/** Networks that solve for the image with coil maps that they are given. @module */
import { reshape, type Runtime, type Tensor } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import { toldModelSigma } from "../method/model_sigma.ts";
import type { SamplingGeometry, Solver } from "../method/problem.ts";
import { factorOf, mulFactor } from "../mri/physics/complex.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import { SCALAR } from "../ndarray.ts";
import { calibrationPhase, type NoisyLeastSquares } from "./networks/least_squares.ts";
import { constantVarNetMask } from "./networks/varnet_mask.ts";

/**
 * Compiles a network that begins with the least-squares image of maps that make it nearly real (`realMaps`).
 * Its image gets its phase back, so that it belongs to the maps that were given. It is told the error of the
 * model, see `toldModelSigma`.
 * @param image nearly real images `[1, 2 S, H, W]` of S sets of coil maps
 */
export async function prepareSolved(
  runtime: Runtime,
  geometry: SamplingGeometry,
  method: string,
  image: (data: NoisyLeastSquares) => Tensor,
  about: Pick<Solver, "nfe" | "steps" | "model">,
): Promise<Solver> {
  const { y, inputs, operator: operatorOf } = mriMeasurement(geometry);
  const mask = constantVarNetMask(geometry.mask);
  const solver = await singleSolver(runtime, {
    method,
    inputs: { y, ...inputs, sigma: SCALAR },
    image({ y, sigma, maps }) {
      const kspace = onAllLines(y, geometry.mask);
      const phase = factorOf(calibrationPhase({ kspace, mask, maps }));
      const operator = operatorOf({ maps: mulFactor(phase, maps) }, 1);
      const real = image({ operator, adjoint: operator.adjoint(y), sigma });
      const each = reshape(real, [real.shape[1] / 2, 1, 2, ...real.shape.slice(2)]);
      return reshape(mulFactor(phase, each), real.shape);
    },
  }, about);
  return await toldModelSigma(runtime, geometry, solver);
}
