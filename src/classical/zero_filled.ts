/** Zero-filled reconstruction: the adjoint of the acquisition. @module */
import type { Method } from "../method/problem.ts";
import { mriMeasurement } from "../method/measurement.ts";
import { onlyOf } from "../ndarray.ts";

/** x = A^H y: what was not acquired counts as zero, and the coils are combined with their maps. */
export const zeroFilled: Method = {
  name: "zero-filled",
  summary: "inverse Fourier transform of what was acquired, coils combined with their maps",
  citation: "Roemer et al. 1990, The NMR phased array, Magn Reson Med 16:192-225",
  needsMaps: true,
  fixedSteps: true,
  async prepare(runtime, geometry) {
    const { y, inputs, operator } = mriMeasurement(geometry);
    const adjoint = await runtime.build<string, "image">({ y, ...inputs }, ({ y, ...arrays }) => ({
      image: operator(arrays, 1).adjoint(y),
    }));
    return {
      nfe: 0,
      steps: 1,
      async solve({ y, inputs }, { onProgress, signal } = {}) {
        signal?.throwIfAborted();
        const { image } = await adjoint.run({ y, ...inputs });
        onProgress?.(1);
        return onlyOf(image);
      },
    };
  },
};
