/** The calibration lines of a separate scan as one block of k-space. @module */
import { type NdArray, zeros } from "../../ndarray.ts";

/**
 * The acquired rectangle about the centre of k-space, as large as its rows and columns allow.
 * @param kspace `[C, 2, H, W]`, zero where nothing was acquired
 * @returns `[C, 2, a, b]`; undefined when the centre was not acquired
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
  const middleRow = Math.floor(height / 2), middleColumn = Math.floor(width / 2);
  const rows = symmetricRun(height, (y) => acquired(y, middleColumn));
  const columns = symmetricRun(width, (x) => acquired(middleRow, x));
  if (rows === 0 || columns === 0) return undefined;
  const block = zeros([coils, 2, rows, columns]);
  const top = middleRow - Math.floor(rows / 2), left = middleColumn - Math.floor(columns / 2);
  for (let part = 0; part < 2 * coils; part++) {
    for (let y = 0; y < rows; y++) {
      const from = part * plane + (top + y) * width + left;
      block.data.set(kspace.data.subarray(from, from + columns), (part * rows + y) * columns);
    }
  }
  return block;
}

/** Length of the longest centred run of places that all hold. */
function symmetricRun(size: number, holds: (at: number) => boolean): number {
  const centre = Math.floor(size / 2);
  let before = 0, after = 0;
  while (before < centre && holds(centre - before - 1)) before++;
  while (centre + after < size && holds(centre + after)) after++;
  const half = Math.min(before, after);
  return after > half ? 2 * half + 1 : 2 * half;
}
