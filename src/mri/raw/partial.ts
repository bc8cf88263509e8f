/**
 * How far the lines of a scan reach.
 * @module
 */
import { lopsided, type PartialSampling } from "../sampling/partial_sampling.ts";
import type { RawLayout } from "./layout.ts";
import type { LinePlace } from "./line.ts";

/** How far lines reach along each axis of k-space. */
export class Extents {
  /** Rows: first phase encoding. */
  readonly rows: [number, number] = [Infinity, 0];
  /** Columns: readout. */
  readonly columns: [number, number] = [Infinity, 0];
  /** Partitions: second phase encoding. */
  readonly partitions: [number, number] = [Infinity, 0];

  /** Takes a line in. */
  add({ row, partition, column, count }: LinePlace): void {
    widen(this.rows, row, 1);
    widen(this.columns, column, count);
    widen(this.partitions, partition, 1);
  }

  /** What is lopsided in the k-space that an encoding gives; undefined when nothing is. */
  partial({ x, y, z, is3d, acceleration }: RawLayout): PartialSampling | undefined {
    const rows = lopsided(this.rows, y.encoded, acceleration[0]);
    const columns = is3d
      ? lopsided(this.partitions, z.encoded, acceleration[1])
      : lopsided(this.columns, x.encoded, 1);
    return rows || columns ? { ...(rows && { rows }), ...(columns && { columns }) } : undefined;
  }
}

function widen(extent: [number, number], first: number, count: number): void {
  extent[0] = Math.min(extent[0], first);
  extent[1] = Math.max(extent[1], first + count);
}
