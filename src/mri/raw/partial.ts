/** How far the lines of a scan reach. @module */
import { partialExtent, type PartialSampling } from "../sampling/partial_sampling.ts";
import type { RawLayout } from "./layout.ts";
import type { LinePlace } from "./line.ts";

/** How far lines reach along each axis of k-space. */
export class Extents {
  /** Rows: first phase encoding. */
  readonly rows: [number, number] = [Infinity, 0];
  readonly columns: [number, number] = [Infinity, 0];
  /** Partitions: second phase encoding. */
  readonly partitions: [number, number] = [Infinity, 0];

  add({ row, partition, column, count }: LinePlace): void {
    widen(this.rows, row, 1);
    widen(this.columns, column, count);
    widen(this.partitions, partition, 1);
  }

  /** Where the k-space of an encoding is partial; undefined where it is not. */
  partial({ x, y, z, is3d, acceleration }: RawLayout): PartialSampling | undefined {
    const rows = partialExtent(this.rows, y.encoded, acceleration[0]);
    const columns = is3d
      ? partialExtent(this.partitions, z.encoded, acceleration[1])
      : partialExtent(this.columns, x.encoded, 1);
    return rows || columns ? { rows, columns } : undefined;
  }
}

function widen(extent: [number, number], first: number, count: number): void {
  extent[0] = Math.min(extent[0], first);
  extent[1] = Math.max(extent[1], first + count);
}
