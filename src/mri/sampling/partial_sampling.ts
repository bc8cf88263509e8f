/**
 * Lopsided sampling: partial Fourier along a phase encoding, or an asymmetric echo.
 * @module
 */

/** First sample and the one after the last along an axis. */
export type Extent = readonly [number, number];

/** What of k-space was acquired, where that is lopsided. */
export interface PartialSampling {
  /** Rows, from first to after last. */
  readonly rows?: Extent;
  /** Columns, from first to after last. */
  readonly columns?: Extent;
}

/** Largest difference between the two sides of k-space that is not partial Fourier, of its size. */
const LOPSIDED = 1 / 16;

/**
 * The extent where one side of the centre was acquired clearly farther than the other.
 * @param size samples of the axis
 * @param acceleration every how many-th line was acquired: regular undersampling is no more lopsided
 */
export function lopsided(
  [first, end]: Extent,
  size: number,
  acceleration: number,
): Extent | undefined {
  const centre = Math.floor(size / 2);
  const difference = Math.abs((centre - first) - (end - centre));
  return difference > Math.max(1, acceleration, LOPSIDED * size) ? [first, end] : undefined;
}
