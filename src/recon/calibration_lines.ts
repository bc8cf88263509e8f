/** Whether coil maps can be made from what was acquired, and where the calibration lines lie. @module */
import { InputError } from "../errors.ts";
import type { KspaceFile } from "../io/types.ts";
import type { Calibration } from "../mri/calibration/calibrate.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import { centredStart, MIN_CALIBRATION } from "../mri/sampling/sampling_mask.ts";
import type { Warning } from "../warning.ts";

/** Code of warnings about calibration lines that a file has and that cannot be used. */
export const CALIBRATION_UNUSED = "calibration-unused";

/**
 * Checks that there is a calibration region.
 * @throws {InputError} when it is too small: with the place of the lines that come nearest to one
 */
export function requireCalibration(
  mask: SamplingMask,
  how: Calibration = "espirit",
  { warnings = [] }: Pick<KspaceFile, "warnings"> = {},
): void {
  const needed = how === "espirit" ? MIN_CALIBRATION : 1;
  if (mask.acs >= needed) return;
  const { start, count } = mask.longestRun;
  const centre = Math.floor(mask.height / 2);
  const found = mask.isLines
    ? `${mask.acs} about line ${centre}, and the longest run of acquired lines is ` +
      (count === 1 ? `line ${start}` : `${start} to ${start + count - 1}`)
    : `a square of ${mask.acs} x ${mask.acs} about point (${centre}, ${
      Math.floor(mask.width / 2)
    })`;
  const unused = warnings.filter(({ code }) => code === CALIBRATION_UNUSED);
  throw new InputError(
    `Cannot calibrate coil maps: ${needed} fully sampled lines about the centre of k-space are ` +
      `required, found ${[found, ...unused.map(({ message }) => message)].join(". ")}`,
    {
      hint: "Take more calibration lines (acs=24), give coil maps of the whole image (--maps), " +
        "or use --method rss",
    },
  );
}

/** Where calibration lines are used that do not lie about the centre. */
export function offCentreWarning(mask: SamplingMask): Warning[] {
  const { acs, acsStart, height } = mask;
  if (acsStart === centredStart(height, acs)) return [];
  return [{
    code: "calibration-off-centre",
    message:
      `The calibration lines ${acsStart} to ${acsStart + acs - 1} do not lie about the centre ` +
      `of k-space, line ${Math.floor(height / 2)}: coil maps from them are less certain`,
    hint: "Lines on both sides of the centre, or coil maps from elsewhere (--maps), are better",
  }];
}
