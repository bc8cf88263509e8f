/** The calibration lines of a separate scan as one block of k-space. @module */
import { type NdArray, zeros } from "../../ndarray.ts";

/**
 * The acquired rectangle that holds the centre of k-space or comes nearest to it, as large as its rows
 * and columns allow. Where it lies does not matter to coil maps, and only turns the phase of images.
 * @param kspace `[C, 2, H, W]`, zero where nothing was acquired
 * @returns `[C, 2, a, b]`; undefined when nothing was acquired
 */
export function centralBlock(kspace: NdArray): NdArray | undefined {
  const [coils, , height, width] = kspace.shape;
  const plane = height * width;
  const acquired = (y: number, x: number) => {
    for (let part = 0; part < 2 * coils; part++) {
      if (kspace.data[part * plane + y * width + x] !== 0) return true;
    }
    return false;
  };
  const middleColumn = nearest(width, (x) => anyOf(height, (y) => acquired(y, x)));
  if (middleColumn === undefined) return undefined;
  const middleRow = nearest(height, (y) => acquired(y, middleColumn))!;
  const [top, rows] = runAbout(middleRow, height, (y) => acquired(y, middleColumn));
  const [left, columns] = runAbout(middleColumn, width, (x) => acquired(middleRow, x));
  const block = zeros([coils, 2, rows, columns]);
  for (let part = 0; part < 2 * coils; part++) {
    for (let y = 0; y < rows; y++) {
      const from = part * plane + (top + y) * width + left;
      block.data.set(kspace.data.subarray(from, from + columns), (part * rows + y) * columns);
    }
  }
  return block;
}

const anyOf = (size: number, holds: (at: number) => boolean): boolean =>
  nearest(size, holds) !== undefined;

/** The place nearest to the centre that holds. */
function nearest(size: number, holds: (at: number) => boolean): number | undefined {
  const centre = Math.floor(size / 2);
  for (let distance = 0; distance <= centre; distance++) {
    for (const at of [centre - distance, centre + distance]) {
      if (at >= 0 && at < size && holds(at)) return at;
    }
  }
  return undefined;
}

/** First place and length of the run of places that hold about one that does. */
function runAbout(at: number, size: number, holds: (at: number) => boolean): [number, number] {
  let first = at, end = at + 1;
  while (first > 0 && holds(first - 1)) first--;
  while (end < size && holds(end)) end++;
  return [first, end - first];
}
