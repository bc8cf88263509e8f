/**
 * From predicted sizes to widths that cover: split conformal prediction, with the person as the unit.
 *
 * A width is the predicted size times a factor. In each of ten strata of the predicted size the factor is
 * the quantile of |error| / size at the coverage that is asked for, over the mean of the people's
 * distributions, so that a person with many pixels counts no more than another (the pooled distribution
 * of Dunn, Wasserman and Ramdas, Distribution-free prediction sets for two-layer hierarchical models,
 * JASA 118, 2023). This holds on average over people for many people; with a few it is as good as the
 * coverage that was measured on people that were left out, which a calibration therefore states.
 * @module
 */

/** Predicted sizes of one person, and what the errors were. */
export interface PersonSizes {
  readonly person: string;
  /** Logarithms of the predicted sizes. */
  readonly sizes: Float64Array;
  /** Absolute errors, on the same scale. */
  readonly errors: readonly number[];
}

/** Factors of the width by the logarithm of the predicted size: straight between, constant beyond. */
export interface WidthFactors {
  /** Medians of the strata, increasing. */
  readonly sizes: readonly number[];
  /** Logarithm of the factor at each. */
  readonly factors: readonly number[];
}

/** Strata of predicted size. */
export const STRATA = 10;

/** Factors that cover the given part of the pixels of each stratum. */
export function widthFactors(people: readonly PersonSizes[], coverage: number): WidthFactors {
  const all = pooled(people).sort((a, b) => a.size - b.size);
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  const sizes: number[] = [], factors: number[] = [];
  let start = 0, reached = 0;
  for (let stratum = 1; stratum <= STRATA; stratum++) {
    let end = start;
    while (end < all.length && (stratum === STRATA || reached < total * stratum / STRATA)) {
      reached += all[end++].weight;
    }
    const inside = all.slice(start, end);
    start = end;
    if (inside.length === 0) continue;
    sizes.push(inside[Math.floor(inside.length / 2)].size);
    factors.push(weightedQuantile(inside, coverage));
  }
  return { sizes, factors };
}

interface Weighted {
  readonly size: number;
  /** Logarithm of |error| / size. */
  readonly ratio: number;
  readonly weight: number;
}

/** Pixels of all people, those of a person with the same weight together as those of another. */
function pooled(people: readonly PersonSizes[]): Weighted[] {
  return people.flatMap(({ sizes, errors }) =>
    Array.from(sizes, (size, i) => ({
      size,
      ratio: Math.log(errors[i]) - size,
      weight: 1 / sizes.length,
    }))
  );
}

/** The smallest ratio that at least `part` of the weight does not exceed. */
function weightedQuantile(values: readonly Weighted[], part: number): number {
  const sorted = values.toSorted((a, b) => a.ratio - b.ratio);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let reached = 0;
  for (const { ratio, weight } of sorted) {
    reached += weight;
    if (reached >= part * total) return ratio;
  }
  return sorted[sorted.length - 1].ratio;
}

/** Logarithm of the width of a pixel. @param size logarithm of its predicted size */
export function logWidth({ sizes, factors }: WidthFactors, size: number): number {
  const last = sizes.length - 1;
  if (size <= sizes[0]) return size + factors[0];
  if (size >= sizes[last]) return size + factors[last];
  const above = sizes.findIndex((other) => other > size);
  const part = (size - sizes[above - 1]) / (sizes[above] - sizes[above - 1]);
  return size + factors[above - 1] + part * (factors[above] - factors[above - 1]);
}
