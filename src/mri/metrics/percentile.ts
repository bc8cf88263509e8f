/** Percentiles on the host. @module */

/**
 * The q-th percentile, linear between the two nearest ranks: `numpy.percentile(values, q)`
 * (definition 7 of Hyndman and Fan 1996). NaN when a value is NaN.
 *
 * @param values at least one number, in any order; left as they are
 * @param q percent, from 0 to 100
 * @throws {RangeError} when there is no value, or `q` is not from 0 to 100
 */
export function percentile(values: ArrayLike<number>, q: number): number {
  if (values.length === 0 || !(q >= 0 && q <= 100)) {
    throw new RangeError(
      `Cannot take percentile ${q} of ${values.length} values: ` +
        `a percentage from 0 to 100 and at least one value are required`,
    );
  }
  const sorted = values instanceof Float32Array
    ? values.slice().sort()
    : Float64Array.from(values).sort();
  const last = sorted.length - 1;
  if (Number.isNaN(sorted[last])) return NaN; // typed arrays sort NaN to the end
  const rank = q / 100 * last;
  const below = Math.floor(rank);
  const low = sorted[below], high = sorted[Math.min(below + 1, last)];
  return low === high ? low : low + (high - low) * (rank - below);
}
