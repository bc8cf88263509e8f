/** What networks with coil maps of their own need of the samples. @module */
import { InputError } from "../errors.ts";
import type { SamplingGeometry } from "../method/problem.ts";
import { MIN_CALIBRATION } from "../mri/sampling/sampling_mask.ts";
import { centreWindows, constantVarNetMask, type VarNetMask } from "./networks/varnet_mask.ts";

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
