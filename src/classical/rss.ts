/** Root sum of squares of the zero-filled coil images. @module */
import { mul, reduceSum, sqrt } from "../graph/mod.ts";
import { joinParts, squaredMagnitude } from "../mri/physics/complex.ts";
import { sampledFourier } from "../mri/physics/operator.ts";
import { restorePartial } from "../mri/sampling/partial_fourier.ts";
import type { Method } from "../method/problem.ts";
import { mriMeasurement } from "../method/measurement.ts";
import { onlyOf } from "../ndarray.ts";

/** |x|^2 = sum over coils of |F^H y_c|^2: needs no maps, and keeps all aliasing. */
export const rss: Method = {
  name: "rss",
  summary: "root sum of squares of the zero-filled coil images; needs no coil maps",
  citation: "Roemer et al. 1990, The NMR phased array, Magn Reson Med 16:192-225",
  needsMaps: false,
  fixedSteps: true,
  async prepare(runtime, geometry) {
    const { y, inputs } = mriMeasurement(geometry);
    const fourier = sampledFourier(inputs.maps, geometry.mask);
    const combine = await runtime.build({ y }, ({ y }) => {
      const coilImages = restorePartial(fourier.adjoint(y), geometry.mask);
      const magnitude = sqrt(reduceSum(squaredMagnitude(coilImages), [1]));
      return { image: joinParts(magnitude, mul(magnitude, 0)) };
    });
    return {
      nfe: 0,
      steps: 1,
      async solve({ y }, { onProgress, signal } = {}) {
        signal?.throwIfAborted();
        const { image } = await combine.run({ y });
        onProgress?.(1);
        return onlyOf(image);
      },
    };
  },
};
