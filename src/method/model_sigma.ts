/**
 * The standard deviation of the data about the model: noise, and all that the model leaves out (coil maps
 * from few lines, motion, flow). Samplers and MoDL, if they took the noise of the air alone for it, would
 * follow the errors of the model.
 * @module
 */
import { mul, reduceSum, type Runtime, sub } from "../graph/mod.ts";
import { TIKHONOV } from "../mri/physics/proximal.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { deadCoils, silenced } from "./dead_coils.ts";
import { compileAdjoint, compileInverse } from "./inverse.ts";
import { mriMeasurement } from "./measurement.ts";
import type { Problem, SamplingGeometry, Solver } from "./problem.ts";

/**
 * A residual up to this factor above the noise does not count as model error. Where the model is right
 * and the maps are ESPIRiT's from the same lines, the residual is 0.94 to 1.03 of the noise (15
 * validation slices, 8 coils, R=4 and R=8); with the rougher adaptive maps it is up to 1.25.
 */
const CALIBRATED_MAPS_EXCESS = 1.05;

/** The standard deviation of the data about the model for a slice, at least that of the noise. */
export type ModelSigma = (problem: Problem) => Promise<number>;

/**
 * Compiles the measurement: the residual of a least-squares image on the calibration lines. Noise of
 * variance 1 goes through the same fit, so its residual there is what the fit leaves of a variance,
 * whatever the coils, the support of their maps and the sampling are. No fully sampled data are needed.
 * What the residual exceeds the noise by is added to the noise.
 * @returns the noise itself for one coil or without calibration lines, which show nothing
 */
export async function compileModelSigma(
  runtime: Runtime,
  geometry: SamplingGeometry,
): Promise<ModelSigma> {
  const { coils } = geometry, measurement = mriMeasurement(geometry);
  const { y, inputs, sets = 1, image: size, operator, lowPass } = measurement;
  if (coils === 1 || lowPass === undefined) return ({ sigma }) => Promise.resolve(sigma);
  const probe = ndarray(new Rng(0).normals(sizeOf(y)), y);
  const inverse = await compileInverse(runtime, measurement);
  const adjoint = await compileAdjoint(runtime, measurement);
  const residual = await runtime.build<string, "energy">(
    { y, image: [1, 2 * sets, ...size], ...inputs },
    ({ y, image, ...arrays }) => {
      const left = lowPass(sub(y, operator(arrays, 1).forward(image)));
      return { energy: reduceSum(mul(left, left)) };
    },
  );
  const energyLeft = async (y: NdArray, inputs: Problem["inputs"]) => {
    const { adjoint: b } = await adjoint.run({ y, ...inputs });
    using _freed = b;
    const image = await inverse(await b.read(), { inputs, ...TIKHONOV.residual });
    const { energy: { data: [energy] } } = await residual.run({ y, image, ...inputs });
    return energy;
  };
  return async ({ y, inputs, sigma }) => {
    const found = await energyLeft(y, inputs);
    const ofNoise = await energyLeft(silenced(probe, deadCoils(y)), inputs);
    if (!(ofNoise > 0)) return sigma;
    return Math.sqrt(
      sigma ** 2 + Math.max(0, found / ofNoise - (CALIBRATED_MAPS_EXCESS * sigma) ** 2),
    );
  };
}

/** A solver that is told the standard deviation of the data about the model in place of that of the noise. */
export async function toldModelSigma(
  runtime: Runtime,
  geometry: SamplingGeometry,
  solver: Solver,
): Promise<Solver> {
  const modelSigma = await compileModelSigma(runtime, geometry);
  return {
    ...solver,
    async solve(problem, control) {
      const sigma = await modelSigma(problem);
      control?.onModelSigma?.(sigma);
      return await solver.solve({ ...problem, sigma }, control);
    },
  };
}
