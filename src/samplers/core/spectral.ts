/** The eigenbasis of the operator, as the samplers that work in it (`ddrm`, `snips`) see it. @module */
import { cast, concat, div, greater, max, mul, slice, type Tensor } from "../../graph/mod.ts";
import type { Spectrum } from "../../mri/physics/spectrum.ts";
import type { DataTerm } from "./contract.ts";

/** Smallest variance that is divided by. */
const TINY = 1e-24;

/** The basis, and each coefficient given its datum alone. */
export interface SeenSpectrum extends Spectrum {
  /** Whether a coefficient was measured. */
  readonly isMeasured: Tensor;
  /** y_bar = V^H A^H y / s^2. */
  readonly mean: Tensor;
  /** sigma_y^2 / s^2; meaningless where nothing was measured. */
  readonly variance: Tensor;
  /** Its inverse, and 0 where nothing was measured. */
  readonly precision: Tensor;
}

/**
 * @param weight factor on sigma_y^2
 * @param minEigenvalue s^2 below it counts as 0
 */
export function inSpectrum(
  { spectrum, sigma }: DataTerm,
  { weight, minEigenvalue }: { readonly weight: number; readonly minEigenvalue: number },
): SeenSpectrum {
  const { squares, data } = spectrum!;
  const s2 = max(squares, minEigenvalue);
  const isMeasured = greater(squares, minEigenvalue);
  const variance = div(mul(mul(sigma, sigma), weight), s2);
  return {
    ...spectrum!,
    isMeasured,
    mean: div(data, s2),
    variance,
    precision: div(cast(isMeasured, "float32"), max(variance, TINY)),
  };
}

/** f of several images by one call on a larger batch: the bases are large, and are read once. */
export function together(f: (x: Tensor) => Tensor, images: readonly Tensor[]): Tensor[] {
  const batch = images[0].shape[0];
  const all = f(concat(images, 0));
  return images.map((_, i) => slice(all, 0, i * batch, (i + 1) * batch));
}
