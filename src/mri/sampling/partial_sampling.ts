/** Partial sampling: partial Fourier along a phase encoding, or an asymmetric echo. @module */

/** First sample and the one after the last along an axis. */
export type Extent = readonly [number, number];

/** Which part of k-space was sampled, where one side of the centre is missing. */
export interface PartialSampling {
  /** Rows, from first to after last. */
  readonly rows?: Extent;
  /** Columns, from first to after last. */
  readonly columns?: Extent;
}

/** The two sides of k-space may differ by this part of its size without being partial Fourier. */
const MAX_DIFFERENCE = 1 / 16;

/**
 * The extent where one side of the centre was acquired clearly farther than the other.
 * @param size samples of the axis
 * @param acceleration every how many-th line was acquired: regular undersampling does not count
 */
export function partialExtent(
  [first, end]: Extent,
  size: number,
  acceleration: number,
): Extent | undefined {
  const centre = Math.floor(size / 2);
  const difference = Math.abs((centre - first) - (end - centre));
  return difference > Math.max(1, acceleration, MAX_DIFFERENCE * size) ? [first, end] : undefined;
}
