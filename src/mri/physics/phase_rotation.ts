/**
 * Phase cycling. The global phase of an image carries no information, but a denoiser's errors depend on
 * it. An iteration that shows the denoiser its image at another phase in each step averages these
 * errors out, as M. Terris, T. Moreau, N. Pustelnik, J. Tachella, "Equivariant plug-and-play image
 * reconstruction", CVPR 2024, do with flips and rotations.
 * @module
 */
import { constantOf, cos, neg, sin, type Tensor } from "../../graph/mod.ts";
import { type Denoiser, setwise } from "../../nn/mod.ts";
import { joinParts, mulFactor } from "./complex.ts";

/** Angle from step to step: multiples of it never repeat and are spread evenly. */
export const GOLDEN_ANGLE = Math.PI * (3 - Math.sqrt(5));

/** e^(i angle) x, with the angle in radians, `[1, 1, 1, 1]`. */
export function rotatePhase(x: Tensor, angle: Tensor): Tensor {
  const im = sin(angle);
  return mulFactor({ re: cos(angle), im: joinParts(neg(im), im) }, x);
}

/**
 * The denoiser, applied to images whose phase is rotated by an angle: `e^(-i angle) D(e^(i angle) x)`.
 * @param angle radians, a number or `[1, 1, 1, 1]`
 */
export function phaseRotatedDenoiser(denoise: Denoiser, angle: Tensor | number): Denoiser {
  const by = typeof angle === "number" ? constantOf(Float32Array.of(angle), [1, 1, 1, 1]) : angle;
  return setwise((x, sigma) => rotatePhase(denoise(rotatePhase(x, by), sigma), neg(by)));
}
