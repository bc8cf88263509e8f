/** Phase retrieval: a measurement that is not linear, for `dps`. @module */
import { add, pad, slice, sqrt, sub } from "../graph/mod.ts";
import { InputError } from "../errors.ts";
import { joinParts, squaredMagnitude } from "../mri/physics/complex.ts";
import { dft2 } from "../mri/physics/dft.ts";
import type { Measurement } from "../method/measurement.ts";

/** Keeps the derivative of the magnitude finite at zero. */
const TINY = 1e-12;

/**
 * Magnitudes of the Fourier transform of the image, padded with zeros to `oversampling` times its
 * sides: `y = |F P x|`, samples `[1, 1, h, w]`.
 *
 * For samplers that need the forward model alone, started from noise: `{ ...dps, start: "noise" }`. `adjoint` gives the padded transform's, with
 * all phases 0; there is no `normal`.
 * @param image H and W
 */
export function phaseRetrieval(image: readonly [number, number], oversampling = 2): Measurement {
  const [height, width] = image;
  const [h, w] = image.map((size) => Math.round(size * oversampling));
  return {
    image,
    y: [1, 1, h, w],
    inputs: {},
    operator: (_inputs, batch) => ({
      domain: [batch, 2, height, width],
      range: [batch, 1, h, w],
      forward(x) {
        const padded = pad(x, [0, 0, 0, 0, 0, 0, h - height, w - width]);
        return sqrt(add(squaredMagnitude(dft2(padded, "forward")), TINY));
      },
      adjoint(y) {
        const padded = dft2(joinParts(y, sub(y, y)), "inverse");
        return slice(slice(padded, 2, 0, height), 3, 0, width);
      },
      normal() {
        throw new InputError(
          "Cannot solve phase retrieval: a sampler that takes the forward model alone is required",
          { hint: "Use dps, started from noise" },
        );
      },
    }),
  };
}
