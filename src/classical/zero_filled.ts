/** Zero-filled reconstruction: what was not acquired counts as zero, and aliasing stays. @module */
import { reduceSum, sqrt } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method } from "../method/problem.ts";
import { complexOf, squaredMagnitude } from "../mri/physics/complex.ts";
import { sampledFourier } from "../mri/physics/operator.ts";
import { restorePartial } from "../mri/sampling/partial_fourier.ts";

const CITATION = "Roemer et al. 1990, The NMR phased array, Magn Reson Med 16:192-225";

/** x = A^H y: the coils are combined with their maps. */
export const zeroFilled: Method = {
  name: "zero-filled",
  summary: "inverse Fourier transform of what was acquired, coils combined with their maps",
  citation: CITATION,
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

/** |x|^2 = sum over coils of |F^H y_c|^2: needs no maps. */
export const rss: Method = {
  name: "rss",
  summary: "root sum of squares of the zero-filled coil images; needs no coil maps",
  citation: CITATION,
  needsMaps: false,
  fixedSteps: true,
  prepare(runtime, geometry) {
    const { y, inputs } = mriMeasurement({ ...geometry, sets: 1 });
    const fourier = sampledFourier(inputs.maps, geometry.mask);
    return singleSolver(runtime, {
      method: "rss",
      inputs: { y },
      image({ y }) {
        const coilImages = restorePartial(fourier.adjoint(y), geometry.mask);
        return complexOf(sqrt(reduceSum(squaredMagnitude(coilImages), [1])));
      },
    });
  },
};
