/** How far the acquired samples lie apart: wide gaps near the centre of k-space cost most. @module */
import type { SamplingMask } from "../../mri/sampling/sampling_mask.ts";

/** Fuller sampling than this counts as this, in steps of k-space; half of the lines have 0.4. */
const SMALLEST_GAP = 0.25;

/**
 * Distance of a point of k-space from the nearest acquired sample, in cycles per field of view: root mean square
 * over all points between the first and the last sample, with weights 1 / (1 + k²), the spectrum of pictures.
 * Lines and points beyond the samples (a partial echo, padding) do not count. At least {@link SMALLEST_GAP}.
 */
export function gapOf(mask: SamplingMask): number {
  const { height, width, isLines } = mask;
  const columns = isLines ? 1 : width;
  const fromRow = distancesInRows(mask.values, columns);
  const rows = extent(height, (row) => fromRow[row * columns] < Infinity);
  const across = isLines
    ? { first: 0, last: 0 }
    : extent(width, (column) => mask.values.some((v, i) => v === 1 && i % width === column));
  let sum = 0, weights = 0;
  for (let row = rows.first; row <= rows.last; row++) {
    for (let column = across.first; column <= across.last; column++) {
      const weight = isLines ? lineWeight(row, mask) : pointWeight(row, column, mask);
      weights += weight;
      sum += weight * nearest(fromRow, { row, column, columns });
    }
  }
  return Math.max(Math.sqrt(sum / weights), SMALLEST_GAP);
}

/** Distance of each point from the nearest sample of its row; infinite in a row without. */
function distancesInRows(values: Uint8Array, columns: number): Float64Array {
  const distances = new Float64Array(values.length).fill(Infinity);
  const scan = (indices: readonly number[]) => {
    let before = Infinity;
    for (const i of indices) {
      before = values[i] === 1 ? 0 : before + 1;
      distances[i] = Math.min(distances[i], before);
    }
  };
  for (let start = 0; start < values.length; start += columns) {
    const row = Array.from({ length: columns }, (_, column) => start + column);
    scan(row);
    scan(row.reverse());
  }
  return distances;
}

/** Squared distance of a point from the nearest sample. */
function nearest(
  fromRow: Float64Array,
  { row, column, columns }: { row: number; column: number; columns: number },
): number {
  const height = fromRow.length / columns;
  let best = Infinity;
  for (let step = 0; step < height && step ** 2 < best; step++) {
    for (const other of [row - step, row + step]) {
      if (other < 0 || other >= height) continue;
      best = Math.min(best, step ** 2 + fromRow[other * columns + column] ** 2);
    }
  }
  return best;
}

/** First and last index that is on. */
function extent(count: number, isOn: (index: number) => boolean) {
  const on = Array.from({ length: count }, (_, i) => i).filter(isOn);
  return { first: on[0], last: on[on.length - 1] };
}

function pointWeight(row: number, column: number, { height, width }: SamplingMask): number {
  const ky = row - Math.floor(height / 2), kx = column - Math.floor(width / 2);
  return 1 / (1 + ky ** 2 + kx ** 2);
}

/** The weight of all points of a line. */
function lineWeight(row: number, mask: SamplingMask): number {
  let sum = 0;
  for (let column = 0; column < mask.width; column++) sum += pointWeight(row, column, mask);
  return sum;
}
