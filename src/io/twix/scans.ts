/** The scans of a Siemens measurement, one after the other. @module */
import type { ByteSource } from "../bytes.ts";
import { unreadable } from "../unreadable.ts";
import { isSet, type ScanFormat, type ScanHeader, scanUse } from "./mdh.ts";

/** Bytes of a scan, in the lower bits of `flagsAndLength`. */
const LENGTH_MASK = 0x1ffffff;
/** Bytes of a complex sample. */
const SAMPLE_BYTES = 8;

/** Smallest and largest of some counters. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The lines of a measurement, as far as images are made of them. */
export interface Scans {
  /** Offset of each scan with samples. */
  readonly places: readonly number[];
  /** Numbers in `places` of its noise scans. */
  readonly noise: readonly number[];
  /** First line of an image, undefined where there is none. */
  readonly image?: ScanHeader;
  /** Offset of that line. */
  readonly imagePlace?: number;
  /** Counters of the lines of images and for calibration. */
  readonly lines: Range;
  readonly partitions: Range;
  /** Line and partition at the centre of k-space that most lines of images name. */
  readonly centerLine: number;
  readonly centerPartition: number;
  /** Whether lines were acquired of several slices at once, or with swapped axes. */
  readonly multiband: boolean;
  readonly swapped: boolean;
  /** Whether the mark of the end was found. */
  readonly ended: boolean;
}

/** Bytes of a scan with samples. */
export const scanBytes = (
  { before, channel }: ScanFormat,
  { samples, channels }: Pick<ScanHeader, "samples" | "channels">,
): number => before + channels * (channel.bytes + SAMPLE_BYTES * samples);

/**
 * Goes through the scans of a measurement, reading their headers alone.
 * @param from where the scans start; `end` where the measurement ends
 * @throws {InputError} when it is cut within a scan, or something else stands where one must
 */
export function findScans(
  source: ByteSource,
  format: ScanFormat,
  { from, end }: { readonly from: number; readonly end: number },
): Scans {
  const summary = new Summary();
  let at = from, uid: number | undefined;
  while (at + format.header.bytes <= end) {
    if (at + format.header.bytes > source.size) throw cut(source, summary.places.length);
    const scan = format.header.parse(source.read(at, format.header.bytes));
    if (isSet(scan, "acquisitionEnd")) return summary.scans(true);
    const isData = !isSet(scan, "syncData");
    const length = isData ? scanBytes(format, scan) : scan.flagsAndLength & LENGTH_MASK;
    const fits = length >= format.header.bytes && at + length <= end;
    // Within a measurement all scans have its number: anything else is no scan.
    const isScan = !isData ||
      (scan.samples > 0 && scan.channels > 0 &&
        (uid ?? scan.measurementUid) === scan.measurementUid);
    if (!fits || !isScan) throw broken(source, at, summary.places.length);
    if (at + length > source.size) throw cut(source, summary.places.length);
    if (isData) {
      uid = scan.measurementUid;
      summary.add(scan, at);
    }
    at += length;
  }
  if (end > source.size) throw cut(source, summary.places.length);
  return summary.scans(false);
}

function broken({ path }: ByteSource, at: number, count: number) {
  return unreadable(`${path} after ${count} scans`, `a scan at byte ${at} is`, "something else");
}

function cut({ path, size }: ByteSource, count: number) {
  return unreadable(`${path} after ${count} scans`, "more bytes are", `its end at ${size}`);
}

class Summary {
  readonly places: number[] = [];
  readonly #noise: number[] = [];
  readonly #centerLines = new Map<number, number>();
  readonly #centerPartitions = new Map<number, number>();
  #image: { readonly scan: ScanHeader; readonly place: number } | undefined;
  #lines: Range = { first: Infinity, last: 0 };
  #partitions: Range = { first: Infinity, last: 0 };
  #multiband = false;
  #swapped = false;

  add(scan: ScanHeader, place: number): void {
    const use = scanUse(scan);
    if (use === "noise") this.#noise.push(this.places.length);
    this.places.push(place);
    this.#multiband ||= isSet(scan, "multibandReference") ||
      isSet(scan, "multibandPhaseCorrection");
    if (use !== "image" && use !== "calibration") return;
    const { counters: { line, partition }, centerLine, centerPartition } = scan;
    this.#lines = widened(this.#lines, line);
    this.#partitions = widened(this.#partitions, partition);
    if (use === "calibration") return;
    this.#image ??= { scan, place };
    this.#swapped ||= isSet(scan, "swapped");
    count(this.#centerLines, centerLine);
    count(this.#centerPartitions, centerPartition);
  }

  scans(ended: boolean): Scans {
    return {
      places: this.places,
      noise: this.#noise,
      image: this.#image?.scan,
      imagePlace: this.#image?.place,
      lines: this.#lines,
      partitions: this.#partitions,
      centerLine: mostFrequent(this.#centerLines),
      centerPartition: mostFrequent(this.#centerPartitions),
      multiband: this.#multiband,
      swapped: this.#swapped,
      ended,
    };
  }
}

const widened = ({ first, last }: Range, value: number): Range => ({
  first: Math.min(first, value),
  last: Math.max(last, value),
});

function count(counts: Map<number, number>, value: number): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}

function mostFrequent(counts: ReadonlyMap<number, number>): number {
  return [...counts].reduce((best, next) => next[1] > best[1] ? next : best, [0, 0])[0];
}
