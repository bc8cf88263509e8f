/**
 * An upper bound of the root mean square error of a slice, from that of its widths and the gaps of its sampling.
 * @module
 */

/**
 * The logarithm of the bound over the root mean square of the widths (each relative to its image's peak):
 * constant + width log(width) + gap log(gap).
 */
export interface ErrorBound {
  readonly constant: number;
  readonly width: number;
  readonly gap: number;
}

/** What a slice is told from. */
export interface SliceSizes {
  /** Logarithm of the root mean square of its widths, relative to the peak of the image. */
  readonly width: number;
  /** Logarithm of the gap of its sampling (`gapOf`). */
  readonly gap: number;
}

/** Logarithm of what the root mean square of the widths is multiplied by. */
export const logFactor = (bound: ErrorBound, { width, gap }: SliceSizes): number =>
  bound.constant + bound.width * width + bound.gap * gap;
