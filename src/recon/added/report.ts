/** What recon.json says of what the method added. @module */
import { headMask } from "../../mri/metrics/head_mask.ts";
import type { NdArray } from "../../ndarray.ts";
import { boxOf, connected, type Region } from "../regions.ts";

/** What the method added to a volume. */
export interface AddedReport {
  /** Part of the energy of the image over the head that the data do not determine. */
  readonly share: number;
  /** Part of the head that lies in flagged structures. */
  readonly flagged: number;
  /** Flagged structures. */
  readonly count: number;
  /** The largest of them. */
  readonly regions: readonly Region[];
  /** What a flag means. */
  readonly meaning: string;
}

/** Most regions that are listed. */
const MOST_REGIONS = 20;

const MEANING =
  "added: the part of the image that the data do not determine at the level of their noise. flagged: structures " +
  "most of whose contrast (65 %) is not in total variation of the same data. The k-space that was " +
  "acquired does not tell whether these are real: the prior of the method decided";

/**
 * @param magnitude `[slices, rows, columns]`, as `added` and `flagged`
 * @param first number of the first slice in the file
 */
export function addedReport(
  magnitude: NdArray,
  { added, flagged }: { readonly added: NdArray; readonly flagged: NdArray },
  first: number,
): AddedReport {
  const [slices, rows, columns] = magnitude.shape;
  const head = headMask(magnitude), size = rows * columns;
  const energy = ({ data }: NdArray) => data.reduce((sum, v, i) => sum + head[i] * v * v, 0);
  const regions = Array.from({ length: slices }, (_, slice) => {
    const on = Uint8Array.from(flagged.data.subarray(slice * size, (slice + 1) * size));
    return connected(on, columns, 1).map((found) =>
      boxOf(found, { slice: first + slice, columns })
    );
  }).flat().sort((a, b) => b.pixels - a.pixels);
  return {
    share: energy(added) / (energy(magnitude) || 1),
    flagged: energy(flagged) / (head.reduce((a, b) => a + b, 0) || 1),
    count: regions.length,
    regions: regions.slice(0, MOST_REGIONS),
    meaning: MEANING,
  };
}
