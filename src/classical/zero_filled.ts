/** Zero-filled reconstruction: what was not acquired counts as zero, and aliasing stays. @module */
import { reduceSum, sqrt } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, Solver } from "../method/problem.ts";
import { complexOf, squaredMagnitude } from "../mri/physics/complex.ts";
import { sampledFourier } from "../mri/physics/operator.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { restorePartial } from "../mri/sampling/partial_fourier.ts";
import type { Warning } from "../warning.ts";

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

/** Fewer samples than all by this factor fold or blur an image in which they count as zero. */
const FOLDED = 1.5;

function missingWarning({ acceleration }: SamplingMask): Warning | undefined {
  if (acceleration < FOLDED) return undefined;
  const part = Math.round(100 * (1 - 1 / acceleration));
  return {
    code: "missing-samples",
    message:
      `${part} % of k-space was not acquired and counts as zero: the image is folded or blurred`,
    hint: "Use a method that fills in what is missing, such as the default",
  };
}

/** |x|^2 = sum over coils of |F^H y_c|^2: needs no maps. */
export const rss: Method = {
  name: "rss",
  summary: "root sum of squares of the zero-filled coil images; needs no coil maps",
  citation: CITATION,
  needsMaps: false,
  fixedSteps: true,
  async prepare(runtime, geometry) {
    const { y, inputs } = mriMeasurement({ ...geometry, sets: 1 });
    const fourier = sampledFourier(inputs.maps, geometry.mask);
    const solver = await singleSolver(runtime, {
      method: "rss",
      inputs: { y },
      image({ y }) {
        const coilImages = restorePartial(fourier.adjoint(y), geometry.mask);
        return complexOf(sqrt(reduceSum(squaredMagnitude(coilImages), [1])));
      },
    });
    const missing = missingWarning(geometry.mask);
    const solve: Solver["solve"] = (problem, control) => {
      if (missing !== undefined) control?.onWarning?.(missing);
      return solver.solve(problem, control);
    };
    return { ...solver, solve };
  },
};
