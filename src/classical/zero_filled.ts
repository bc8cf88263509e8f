/** Zero-filled reconstruction: the adjoint of the acquisition. @module */
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method } from "../method/problem.ts";

/** x = A^H y: what was not acquired counts as zero, and the coils are combined with their maps. */
export const zeroFilled: Method = {
  name: "zero-filled",
  summary: "inverse Fourier transform of what was acquired, coils combined with their maps",
  citation: "Roemer et al. 1990, The NMR phased array, Magn Reson Med 16:192-225",
  needsMaps: true,
  fixedSteps: true,
  prepare(runtime, geometry) {
    const { y, inputs, operator } = mriMeasurement(geometry);
    return singleSolver(runtime, {
      method: "zero-filled",
      inputs: { y, ...inputs },
      image: ({ y, ...arrays }) => operator(arrays, 1).adjoint(y),
    });
  },
};
