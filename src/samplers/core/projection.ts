/** Projections of the denoised image: constraints that every solution must meet. @module */
import {
  add,
  cast,
  constantOf,
  lessOrEqual,
  max,
  min,
  mul,
  reshape,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { joinParts, realPart } from "../../mri/physics/complex.ts";
import type { DataTerm } from "./contract.ts";

/**
 * A projection that a sampler applies to the denoised image at chosen steps, so that what the sampler
 * goes on from obeys a constraint: PhysDiff (Yuan et al., Physics-guided human motion diffusion model,
 * ICCV 2023), in which a simulator projects motions. The paper finds that projecting at the last steps,
 * where the denoised image is nearly clean, serves best.
 */
export interface Projection {
  /** The nearest image, or one close by, that meets the constraint, which may be in the data. */
  project(denoised: Tensor, data: DataTerm): Tensor;
  /**
   * Largest noise level at which it is applied, on the scale of the image; 0.1 are the last steps.
   * Default: at all steps.
   */
  readonly below?: number;
}

/** The denoised image after the projections, one after the other. */
export function projected(
  denoised: Tensor,
  sigma: Tensor,
  data: DataTerm,
  projections: readonly Projection[],
): Tensor {
  return projections.reduce((image, { project, below }) => {
    const met = project(image, data);
    if (below === undefined) return met;
    const applies = cast(lessOrEqual(sigma, below), "float32");
    return add(image, mul(applies, sub(met, image)));
  }, denoised);
}

/** Applies a function to real parts; imaginary parts become 0. */
function onReal(change: (real: Tensor) => Tensor): (x: Tensor) => Tensor {
  return (x) => {
    const [batch, parts, ...size] = x.shape;
    const real = change(realPart(reshape(x, [batch, parts / 2, 2, ...size])));
    return reshape(joinParts(real, mul(real, 0)), x.shape);
  };
}

/** Images that are real and not negative. */
export const positivity: Projection = { project: onReal((real) => max(real, 0)) };

/** Images that are real, with values from `low` to `high` on the scale of the image. */
export function intensityRange(low: number, high: number): Projection {
  return { project: onReal((real) => min(max(real, low), high)) };
}

/**
 * Images that are 0 where it is known that nothing is.
 * @param support 1 within the object and 0 outside, `[H, W]`
 */
export function knownSupport(
  support: ArrayLike<number>,
  size: readonly [number, number],
): Projection {
  const inside = constantOf(Float32Array.from(support), size);
  return { project: (x) => mul(x, inside) };
}
