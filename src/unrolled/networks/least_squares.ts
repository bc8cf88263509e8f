/** What the networks that solve for the image are given of a scan. @module */
import { add, div, input, mul, sqrt, type Tensor } from "../../graph/mod.ts";
import { combineFactor, factorOf, mulFactor, squaredMagnitude } from "../../mri/physics/complex.ts";
import { dft2, dftH } from "../../mri/physics/dft.ts";
import { maskedOperator } from "../../mri/physics/operator.ts";
import type { LeastSquares } from "../../mri/physics/proximal.ts";
import type { VarNetMask } from "./varnet_mask.ts";

/** A scan as networks are given it; each takes what it needs. */
export interface GivenScan {
  /** Acquired samples with zeros elsewhere, `[N, C, 2, H, W]`: hybrid (ky, x) space of lines, k-space of a plane. */
  readonly kspace: Tensor;
  /** Which samples were acquired. */
  readonly mask: VarNetMask;
  /** Coil maps, with the errors and the support of a calibration: `[N, C, 2, H, W]`, or for N = 1 several sets. */
  readonly maps: Tensor;
  /** Noise of the samples, `[N, 1, 1, 1]`. */
  readonly sigma: Tensor;
}

/** Least squares of samples whose noise is known. */
export interface NoisyLeastSquares extends LeastSquares {
  /** Noise of the samples, `[N or 1, 1, 1, 1]`. */
  readonly sigma: Tensor;
}

/** What a network gives that solves for its image. */
export interface SolvedImages {
  /** Complex images `[N, 2 S, H, W]`, of S sets of coil maps. */
  readonly image: Tensor;
  /** Those after fewer cascades or iterations. */
  readonly stages: readonly Tensor[];
}

/** The least-squares problem of a scan, with its maps as they are. */
export function leastSquaresOf({ kspace, mask, maps, sigma }: GivenScan): NoisyLeastSquares {
  const operator = maskedOperator(maps, mask.acquired);
  return { operator, adjoint: operator.adjoint(kspace), sigma };
}

/** The same with {@link realMaps}. */
export const realLeastSquares = (scan: GivenScan): NoisyLeastSquares =>
  leastSquaresOf({ ...scan, maps: realMaps(scan) });

/**
 * Coil maps that take up the phase of the calibration lines' image: the image that is sought is nearly real
 * and positive then, which is easier to learn. In the maps as they were it has {@link calibrationPhase}.
 */
export const realMaps = (scan: Omit<GivenScan, "sigma">): Tensor =>
  mulFactor(factorOf(calibrationPhase(scan)), scan.maps);

/** The phase of the calibration lines' image, `[N, 1, 2, H, W]` or, of N = 1, that of each set of maps. */
export function calibrationPhase({ kspace, mask, maps }: Omit<GivenScan, "sigma">): Tensor {
  const image = combineFactor(factorOf(maps), calibrationImages(kspace, mask), 1);
  return div(image, sqrt(add(squaredMagnitude(image), TINY)));
}

/** Keeps the phase of nothing finite. */
const TINY = 1e-12;

/** Coil images of the calibration lines alone, `[N, C, 2, H, W]`. */
export function calibrationImages(kspace: Tensor, mask: VarNetMask): Tensor {
  return (mask.isLines ? dftH : dft2)(mul(kspace, mask.centre), "inverse");
}

/** Data of an image of this side, of which the parameters of a network follow: they are the same for all data. */
export function anyData(side: number): NoisyLeastSquares {
  const maps = input("maps", [1, 1, 2, side, side]);
  const operator = maskedOperator(maps, input("acquired", [side, 1]));
  return { operator, adjoint: input("b", operator.domain), sigma: input("s", [1, 1, 1, 1]) };
}
