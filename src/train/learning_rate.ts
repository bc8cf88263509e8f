/** The learning rate over a run. @module */
/** Part of a run in which the learning rate rises. */
const WARM_UP = 0.02;
/** Learning rate at the end, as part of its peak. */
const FLOOR = 0.01;

/**
 * Linear warm-up, then half a cosine (Loshchilov and Hutter 2017).
 * @param fraction of the run that is done, 0 to 1
 * @returns part of the peak rate, above 0 and at most 1
 */
export function learningRateFactor(fraction: number): number {
  if (fraction < WARM_UP) return FLOOR + (1 - FLOOR) * fraction / WARM_UP;
  const through = Math.min(1, (fraction - WARM_UP) / (1 - WARM_UP));
  return FLOOR + (1 - FLOOR) * (1 + Math.cos(Math.PI * through)) / 2;
}
