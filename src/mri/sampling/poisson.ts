/**
 * Variable-density Poisson-disc sampling of the plane of two phase encodings.
 *
 * Samples keep a distance from each other that grows away from the centre: incoherent as random sampling,
 * without its clusters and gaps (M. Lustig, M. Alley, S. Vasanawala, D. L. Donoho, J. M. Pauly, "L1
 * SPIR-iT: autocalibrating parallel imaging compressed sensing", ISMRM 2009; R. L. Cook, "Stochastic
 * sampling in computer graphics", 1986, for the dart throwing).
 * @module
 */
import { UsageError } from "../../errors.ts";
import { Rng } from "../../rng.ts";
import { centredStart } from "./sampling_mask.ts";

/** Halvings of the slope: more would change fewer points than the final thinning does. */
const BISECTIONS = 20;

interface Grid {
  readonly height: number;
  readonly width: number;
  /** Distance of each point from the calibration square; about 1 at the middle of an edge. */
  readonly distance: Float64Array;
  readonly calibration: Uint8Array;
  /** In which its points are tried. */
  readonly order: Uint32Array;
}

/**
 * A variable-density Poisson-disc mask. The number of samples is exactly the number of points divided by
 * the acceleration, rounded: the densest enough slope is found by bisection, and the few samples too many
 * are dropped at random.
 *
 * @param acceleration points divided by samples, at least 1
 * @param acs side of the fully sampled centred square
 * @returns 0 or 1 for each point, `[height, width]` in C order
 * @throws {UsageError} when the calibration square alone has more samples than asked for
 */
export function poissonDisc(
  height: number,
  width: number,
  { acceleration, acs, seed }: { acceleration: number; acs: number; seed: number },
): Uint8Array {
  const target = Math.max(1, Math.round(height * width / acceleration));
  if (acs ** 2 > target) {
    throw new UsageError(
      `Cannot make a Poisson-disc mask of ${height} x ${width} with acs=${acs}: ` +
        `R of at most ${(height * width / acs ** 2).toFixed(2)} is required, found ${acceleration}`,
    );
  }
  const rng = new Rng(seed);
  const grid = makeGrid(height, width, acs, rng);
  let dense = -1; // keeps every point
  let sparse = 1;
  while (countOf(throwDarts(grid, sparse)) > target && sparse < 2 ** 30) sparse *= 2;
  let mask = throwDarts(grid, dense);
  for (let i = 0; i < BISECTIONS && countOf(mask) > target; i++) {
    const slope = (dense + sparse) / 2;
    const candidate = throwDarts(grid, slope);
    if (countOf(candidate) < target) {
      sparse = slope;
    } else {
      dense = slope;
      mask = candidate;
    }
  }
  let excess = countOf(mask) - target;
  for (const point of rng.permutation(mask.length)) {
    if (excess <= 0) break;
    if (mask[point] === 0 || grid.calibration[point] === 1) continue;
    mask[point] = 0;
    excess--;
  }
  return mask;
}

/**
 * Throws one dart on each point. A sample keeps others away by a radius of 1 + slope x distance pixels.
 * Slopes from -1 to 0 serve accelerations too low for that: they keep every point up to a distance, and
 * beyond it only edge neighbours apart.
 */
function throwDarts(
  { height, width, distance, calibration, order }: Grid,
  slope: number,
): Uint8Array {
  const mask = calibration.slice();
  const taken = calibration.slice();
  const farthest = Math.SQRT2;
  for (const point of order) {
    if (taken[point] === 1) continue;
    mask[point] = 1;
    if (slope < 0 && distance[point] <= -slope * farthest) continue;
    const radius = 1 + Math.max(slope, Number.EPSILON) * distance[point];
    const y = Math.floor(point / width), x = point - y * width;
    const reach = Math.min(Math.ceil(radius), height + width);
    for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++) {
      const half = radius ** 2 - (v - y) ** 2;
      if (half <= 0) continue;
      // The nearest point allowed is exactly a radius away.
      const span = Math.ceil(Math.sqrt(half)) - 1;
      taken.fill(1, v * width + Math.max(0, x - span), v * width + Math.min(width, x + span + 1));
    }
  }
  return mask;
}

function makeGrid(height: number, width: number, acs: number, rng: Rng): Grid {
  const outside = (index: number, size: number) => {
    const start = centredStart(size, acs);
    return Math.max(start - index, index - (start + acs - 1), 0);
  };
  const distance = new Float64Array(height * width);
  const calibration = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dy = outside(y, height), dx = outside(x, width);
      distance[y * width + x] = Math.hypot(2 * dy / height, 2 * dx / width);
      calibration[y * width + x] = acs > 0 && dy === 0 && dx === 0 ? 1 : 0;
    }
  }
  return { height, width, distance, calibration, order: rng.permutation(height * width) };
}

const countOf = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);
