/** Networks that make coil maps of their own, as the published variational networks do. @module */
import { InputError } from "../errors.ts";
import type { Runtime, Tensor } from "../graph/mod.ts";
import { singleSolver } from "../method/loop.ts";
import type { SamplingGeometry, Solver } from "../method/problem.ts";
import { complexOf } from "../mri/physics/complex.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import { MIN_CALIBRATION } from "../mri/sampling/sampling_mask.ts";
import { centreWindows, constantVarNetMask, type VarNetMask } from "./networks/varnet_mask.ts";

/**
 * Compiles a network with coil maps of its own.
 * @param magnitude of samples on all lines, `[1, 1, H, W]`
 * @throws {InputError} for several coils with too few calibration lines
 */
export function prepareWithOwnMaps(
  runtime: Runtime,
  geometry: SamplingGeometry,
  method: string,
  magnitude: (kspace: Tensor, mask: VarNetMask) => Tensor,
  about: Pick<Solver, "nfe" | "steps" | "model">,
): Promise<Solver> {
  const mask = maskForMaps(method, geometry);
  return singleSolver(runtime, {
    method,
    inputs: { y: geometry.mask.yShape(geometry.coils) },
    image: ({ y }) => complexOf(magnitude(onAllLines(y, geometry.mask), mask)),
  }, about);
}

/**
 * The mask of a network that makes coil maps of the calibration lines.
 * @param method its name, for the message
 * @throws {InputError} for several coils with too few of these lines: the maps, and so the image, would be wrong
 */
export function maskForMaps(method: string, { coils, mask }: SamplingGeometry): VarNetMask {
  const count = Math.min(...centreWindows(mask).map((window) => window.count));
  if (coils > 1 && count < MIN_CALIBRATION) {
    throw new InputError(
      `Cannot reconstruct with ${method}: it makes coil maps of the calibration lines, ` +
        `${MIN_CALIBRATION} of them about the centre of k-space are required, found ${count}`,
      {
        hint: "Take more calibration lines (acs=24), use --method modl with coil maps (--maps), " +
          "or --method rss",
      },
    );
  }
  return constantVarNetMask(mask);
}
