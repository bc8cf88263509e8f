/** Outlines of flagged structures in the map of what was added. @module */
import { type NdArray, ndarray } from "../ndarray.ts";

/**
 * A map `[..., rows, columns]` whose pixels next to regions of another are as bright as its brightest.
 * @param flagged 1 in the regions, 0 elsewhere, of the same shape
 */
export function outlined(map: NdArray, flagged: NdArray): NdArray {
  const [rows, columns] = map.shape.slice(-2);
  const most = map.data.reduce((a, b) => Math.max(a, b), 0);
  const isIn = (i: number, dy: number, dx: number) => {
    const y = Math.floor(i / columns) % rows + dy, x = i % columns + dx;
    const inside = y >= 0 && y < rows && x >= 0 && x < columns;
    return inside && flagged.data[i + dy * columns + dx] === 1;
  };
  const isOutline = (i: number) =>
    flagged.data[i] !== 1 && [-1, 0, 1].some((dy) => [-1, 0, 1].some((dx) => isIn(i, dy, dx)));
  return ndarray(map.data.map((value, i) => isOutline(i) ? most : value), map.shape);
}
