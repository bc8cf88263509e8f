/** Zero-filled reconstruction: the adjoint of the acquisition. @module */
import { mriOperator } from "../mri/physics/operator.ts";
import { restorePartial } from "../mri/sampling/partial_fourier.ts";
import type { Method } from "../method/problem.ts";
import { batched, mapsShape, samplesShape, unbatched } from "./shapes.ts";

/**
 * x = A^H y: what was not acquired counts as zero, and the coils are combined with their maps. Of
 * partial Fourier the missing side is restored by the phase.
 */
export const zeroFilled: Method = {
  name: "zero-filled",
  summary: "inverse Fourier transform of what was acquired, coils combined with their maps",
  citation: "Roemer et al. 1990, The NMR phased array, Magn Reson Med 16:192-225",
  needsMaps: true,
  fixedSteps: true,
  async prepare(runtime, geometry) {
    const adjoint = await runtime.build(
      { samples: samplesShape(geometry), maps: mapsShape(geometry) },
      ({ samples, maps }) => ({
        image: restorePartial(mriOperator(maps, geometry.mask).adjoint(samples), geometry.mask),
      }),
    );
    return {
      nfe: 0,
      steps: 1,
      async solve({ y: samples, maps }, { onProgress, signal } = {}) {
        signal?.throwIfAborted();
        const { image } = await adjoint.run({ samples: batched(samples), maps: batched(maps) });
        onProgress?.(1);
        return unbatched(image);
      },
    };
  },
};
