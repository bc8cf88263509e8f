/** Shapes of magnitude volumes. @module */
import type { NdArray } from "../../ndarray.ts";

/**
 * Slices, rows and columns of a real volume `[S, H, W]`, or of one slice `[H, W]`.
 *
 * @param action what is being done, for the error
 * @throws {RangeError} for another rank or an empty volume
 */
export function volumeShape(
  action: string,
  { shape, data }: NdArray,
): readonly [slices: number, height: number, width: number] {
  if ((shape.length !== 2 && shape.length !== 3) || data.length === 0) {
    throw new RangeError(
      `Cannot ${action}: a volume [S, H, W] or a slice [H, W] is required, found [${shape}]`,
    );
  }
  const [width, height, slices = 1] = shape.toReversed();
  return [slices, height, width];
}
