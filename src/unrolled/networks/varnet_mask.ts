/** Which samples a variational network is given, and its calibration lines as fastMRI finds them. @module */
import { constant, type Tensor } from "../../graph/mod.ts";
import { makeMask, type SamplingMask } from "../../mri/sampling/masks.ts";

/** Which samples a variational network is given, as tensors: a mask may change from run to run. */
export interface VarNetMask {
  /** Whether whole lines are kept: then the readout stays transformed. */
  readonly isLines: boolean;
  /** 1 where samples were acquired, 0 elsewhere: `[H, 1]` of lines, `[H, W]` of a plane. */
  readonly acquired: Tensor;
  /** 1 within the calibration region, of the same shape. */
  readonly centre: Tensor;
}

/** A mask that is known when the graph is built. */
export function constantVarNetMask(mask: SamplingMask): VarNetMask {
  return { isLines: mask.isLines, acquired: constant(mask.grid()), centre: centreLines(mask) };
}

/** A mask of lines for an image of this side: parameters are the same for all masks. */
export function anyMask(side: number): VarNetMask {
  const spec = { kind: "equispaced", text: "any", acceleration: 2, acs: 2 } as const;
  return constantVarNetMask(makeMask(spec, side, side));
}

/**
 * Ones at the lines of the calibration region as fastMRI finds it: symmetric about the centre as
 * far as lines are acquired on both sides; placed as its `mask_center` does.
 */
export function centreWindow(lines: ArrayLike<number>): { start: number; count: number } {
  const length = lines.length;
  const centre = Math.floor(length / 2);
  let left = 0, right = 0;
  while (left < centre && lines[centre - 1 - left]) left++;
  while (centre + right < length && lines[centre + right]) right++;
  const count = Math.max(1, 2 * Math.min(left, right));
  return { start: Math.floor((length - count + 1) / 2), count };
}

/** Calibration rows as {@link centreWindow} finds them; of a mask of the plane, rows and columns. */
export function centreWindows(mask: SamplingMask): { start: number; count: number }[] {
  const { height, width, values } = mask;
  if (mask.isLines) return [centreWindow(values)];
  const middle = Math.floor(height / 2) * width;
  const column = Array.from(
    { length: height },
    (_, y) => values[y * width + Math.floor(width / 2)],
  );
  return [column, values.subarray(middle, middle + width)].map(centreWindow);
}

/** 1 on the calibration lines, 0 elsewhere: `[H, 1]`; of a mask of the plane `[H, W]`, a square. */
function centreLines(mask: SamplingMask): Tensor {
  const { height, width } = mask;
  const [rows, columns] = centreWindows(mask);
  if (columns === undefined) {
    const data = new Float32Array(height).fill(1, rows.start, rows.start + rows.count);
    return constant({ data, shape: [height, 1] });
  }
  const data = new Float32Array(height * width);
  for (let y = rows.start; y < rows.start + rows.count; y++) {
    data.fill(1, y * width + columns.start, y * width + columns.start + columns.count);
  }
  return constant({ data, shape: [height, width] });
}
