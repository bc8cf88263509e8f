/** Slices of a raw file of which no line is there. @module */
import type { AcquisitionHeader, Triple } from "../mrd/values.ts";
import type { Limit } from "../mrd/xml_header.ts";
import type { Warning } from "../warning.ts";
import type { RawImage } from "./raw_index.ts";

/** Part of the slices that may be lost: where more are absent, they were not acquired. */
const MAX_LOST = 1 / 4;

/** Millimetres by which slices may stray from even distances. */
const EVEN_ERROR = 1e-2;

/**
 * The images of a volume with an image without lines for each slice that was lost: one that the header
 * announces (or its counter, between others) and another volume has, or that leaves a gap between
 * others which lie evenly.
 * @param volume images of one volume by their counters
 * @param all images of all volumes
 * @param limit of the counter of slices
 */
export function withLostSlices(
  volume: readonly RawImage[],
  all: readonly RawImage[],
  limit: Limit | undefined,
): RawImage[] {
  const counters = volume.map(({ header }) => header.idx.slice);
  const span = limit ?? { minimum: Math.min(...counters), maximum: Math.max(...counters) };
  const absent = absentSlices(volume, span);
  if (absent.length > Math.max(1, MAX_LOST * volume.length)) return [...volume];
  const lost = absent.flatMap((slice): RawImage[] => {
    const elsewhere = all.find(({ header }) => header.idx.slice === slice)?.header;
    const found = elsewhere ?? between(volume.map(({ header }) => header), slice);
    if (found === undefined) return [];
    const { set, repetition, phase, contrast } = volume[0].header.idx;
    const idx = { ...found.idx, slice, set, repetition, phase, contrast };
    return [{ header: { ...found, idx }, lines: [] }];
  });
  return [...volume, ...lost].sort((a, b) => a.header.idx.slice - b.header.idx.slice);
}

/** Counters that the header announces and no image has. */
function absentSlices(
  images: readonly RawImage[],
  limit: Pick<Limit, "minimum" | "maximum"> | undefined,
): number[] {
  if (limit === undefined) return [];
  const present = new Set(images.map(({ header }) => header.idx.slice));
  const count = limit.maximum - limit.minimum + 1;
  return Array.from({ length: count }, (_, i) => limit.minimum + i)
    .filter((slice) => !present.has(slice));
}

/** A header at the place of a counter between others, where their positions rise evenly with it. */
function between(headers: readonly AcquisitionHeader[], slice: number) {
  const first = headers[0], last = headers[headers.length - 1];
  const span = last.idx.slice - first.idx.slice;
  if (slice < first.idx.slice || slice > last.idx.slice) return undefined;
  const at = (counter: number) =>
    first.position.map((value, i) =>
      value + (last.position[i] - value) * (counter - first.idx.slice) / span
    );
  const isEven = headers.every(({ idx, position }) =>
    at(idx.slice).every((value, i) => Math.abs(value - position[i]) < EVEN_ERROR)
  );
  return isEven ? { ...first, position: at(slice) as unknown as Triple } : undefined;
}

/** Where the header announces slices that are neither there nor left zero. */
export function slicesMissing(images: readonly RawImage[], limit: Limit | undefined): Warning[] {
  const absent = absentSlices(images, limit);
  if (absent.length === 0) return [];
  const shown = absent.slice(0, 8).join(", ") + (absent.length > 8 ? ", ..." : "");
  return [{
    code: "slices-missing",
    message:
      `${absent.length} of the ${limit!.maximum - limit!.minimum + 1} slices that the header ` +
      `announces have no lines (${shown}) and are not in the volume`,
    hint: "Check that the file is complete",
  }];
}
