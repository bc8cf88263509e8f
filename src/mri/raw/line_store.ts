/** The lines of one image (or volume) as they come in, each a mean over its averages. @module */
import { InputError } from "../../errors.ts";
import type { Acquisition } from "../../mrd/values.ts";
import { type NdArray, zeros } from "../../ndarray.ts";
import type { RawLayout } from "./layout.ts";
import { ParallelLines } from "./parallel_lines.ts";
import { Extents, lineName, type LinePlace, placeLine } from "./line.ts";

interface StoredLine {
  /** Samples `[coil, column, re/im]`. */
  readonly data: Float32Array;
  /** Sum of the weights of its averages. */
  weight: number;
  /** Which averages (and segments) it has. */
  readonly seen: Set<string>;
}

/** Lines from which the extent of the object along the readout is taken: the brightest, at the centre. */
const BRIGHT = 4;

/** Counters of a line in one number. */
const COUNTERS = 1 << 16;

export class LineStore {
  /** By the header: the readout is that of the lines, rows and partitions are not decided. */
  readonly layout: RawLayout;
  readonly #lines = new Map<number, StoredLine>();
  /** How far they reach. */
  readonly extents: Extents = new Extents();
  readonly #parallel = new ParallelLines();
  #userCentre: readonly (number | undefined)[] | undefined;
  #coils = 0;

  constructor(layout: RawLayout) {
    this.layout = layout;
  }

  /** Centres of both phase encodings that all lines state alike (`idx.user[5]` and `[6]`). */
  get userCentre(): readonly (number | undefined)[] {
    return this.#userCentre ?? [];
  }

  get size(): number {
    return this.#lines.size;
  }

  /** Number of coils; 0 while there is no line. */
  get coils(): number {
    return this.#coils;
  }

  /** Points of k-space of one coil, as it will be read. */
  get points(): number {
    const { x, y, z, is3d } = this.layout;
    return (is3d ? x.output : x.encoded) * y.encoded * z.encoded;
  }

  get width(): number {
    return this.layout.x.encoded;
  }

  /**
   * Adds a line, or takes it into the mean with the averages of the same line, by the inverse of
   * its variance: the noise of a sample falls with the time that it takes.
   * @throws {InputError} when it does not fit, has another number of coils, or was there before
   */
  add(acquisition: Acquisition): void {
    const { header } = acquisition;
    const { activeChannels, idx, sampleTimeUs } = header;
    const place = placeLine(header, this.layout);
    if (this.#coils !== 0 && activeChannels !== this.#coils) {
      throw new InputError(
        `Cannot use ${lineName(header)}: ${this.#coils} coils are required, as before, ` +
          `found ${activeChannels}`,
      );
    }
    const key = place.step2 * COUNTERS + place.step1;
    const average = `${idx.average} ${idx.segment}`;
    const stored = this.#lines.get(key);
    if (stored?.seen.has(average)) {
      throw new InputError(
        `Cannot use ${lineName(header)}: each line once is required, found average ` +
          `${idx.average} of it twice`,
      );
    }
    this.#coils = activeChannels;
    const said = [idx.user[5], idx.user[6]];
    this.#userCentre =
      this.#userCentre?.map((before, i) => before === said[i] ? before : undefined) ??
        said;
    this.#parallel.add(acquisition);
    const weight = sampleTimeUs > 0 ? sampleTimeUs : 1;
    const line = stored ?? {
      data: new Float32Array(2 * activeChannels * this.layout.x.encoded),
      weight: 0,
      seen: new Set<string>(),
    };
    line.seen.add(average);
    line.weight += weight;
    this.#lines.set(key, line);
    blend(acquisition, place, line.data, weight / line.weight);
    this.extents.add(place);
  }

  /** Whether a line is in both. */
  sharesLines(others: LineStore): boolean {
    return [...others.#lines.keys()].some((key) => this.#lines.has(key));
  }

  /** Takes the lines of another store of this encoding that it has none of. The arrays are shared. */
  fillFrom(others: LineStore): void {
    if (others.#coils !== this.#coils) return;
    for (const [key, line] of others.#lines) {
      if (!this.#lines.has(key)) this.#lines.set(key, line);
    }
    this.extents.join(others.extents);
  }

  /** Sum of the squares of the samples by counter. */
  energies(of: "line" | "partition"): Map<number, number> {
    const energies = new Map<number, number>();
    for (const [key, { data }] of this.#lines) {
      let sum = 0;
      for (let i = 0; i < data.length; i++) sum += data[i] * data[i];
      const counter = of === "line" ? key % COUNTERS : Math.floor(key / COUNTERS);
      energies.set(counter, (energies.get(counter) ?? 0) + sum);
    }
    return energies;
  }

  /** Sum of the squares of the samples by column, of those that were acquired. */
  columnEnergies(): Map<number, number> {
    const energies = new Map<number, number>();
    const width = this.width;
    for (const { data } of this.#lines.values()) {
      for (let i = 0; i < data.length; i += 2) {
        const energy = data[i] ** 2 + data[i + 1] ** 2;
        const column = (i / 2) % width;
        if (energy > 0) energies.set(column, (energies.get(column) ?? 0) + energy);
      }
    }
    return energies;
  }

  /**
   * The part of the energy of the brightest lines' images that lies beyond a window about the middle of
   * the readout: by the autocorrelation of the samples, the Fourier transform of the energy.
   * @param kept part of the readout that the window takes
   */
  energyBeyond(kept: number): number {
    const bright = [...this.#lines.values()]
      .map(({ data }) => ({ data, energy: data.reduce((sum, value) => sum + value * value, 0) }))
      .sort((a, b) => b.energy - a.energy).slice(0, BRIGHT);
    const { width } = this;
    let within = 0, all = 0;
    for (const { data } of bright) {
      for (let coil = 0; coil < this.#coils; coil++) {
        const line = data.subarray(2 * coil * width, 2 * (coil + 1) * width);
        for (let lag = 0; lag < width; lag++) {
          const weight = lag === 0 ? kept : 2 * Math.sin(Math.PI * lag * kept) / (Math.PI * lag);
          let sum = 0;
          for (let i = 0, j = 2 * lag; j < line.length; i += 2, j += 2) {
            sum += line[i] * line[j] + line[i + 1] * line[j + 1];
          }
          within += weight * sum;
          if (lag === 0) all += sum;
        }
      }
    }
    return all > 0 ? Math.max(0, 1 - within / all) : 0;
  }

  /**
   * 2-D k-space `[C, 2, H, W]`, zero where nothing was acquired.
   * @param layout the one that was resolved
   * @throws {InputError} when lines lie outside of it, or are not parallel
   */
  plane(layout: RawLayout): NdArray {
    const { x: { encoded: width }, y: { encoded: height } } = layout;
    this.#requireUsable(layout);
    const kspace = zeros([this.#coils, 2, height, width]);
    for (const [step1, { data }] of this.#lines) {
      deinterleave(data, this.#coils, kspace.data, (step1 + layout.rowShift) * width);
    }
    return kspace;
  }

  #requireUsable(layout: RawLayout): void {
    this.#parallel.require();
    this.extents.requireWithin(layout);
  }

  /**
   * Lines in groups, for what is done line by line.
   * @param layout the one that was resolved
   * @param size lines of a group; the last one is filled with zeros
   * @param empty whether lines are dropped on the way
   * @throws as {@link plane}
   * @returns rows and partitions of the lines, and the lines `[C, 2, size, W]`
   */
  *groups(
    layout: RawLayout,
    size: number,
    empty: boolean,
  ): Generator<{ places: [number, number][]; lines: NdArray }> {
    const { x: { encoded: width }, rowShift, partitionShift } = layout;
    this.#requireUsable(layout);
    const entries = [...this.#lines.keys()];
    for (let start = 0; start < entries.length; start += size) {
      const keys = entries.slice(start, start + size);
      const lines = zeros([this.#coils, 2, size, width]);
      keys.forEach((key, i) => {
        deinterleave(this.#lines.get(key)!.data, this.#coils, lines.data, i * width);
        if (empty) this.#lines.delete(key);
      });
      const places = keys.map((key): [number, number] => [
        key % COUNTERS + rowShift,
        Math.floor(key / COUNTERS) + partitionShift,
      ]);
      yield { places, lines };
    }
  }
}

/** Writes samples `[coil, sample, re/im]` to planes `[coil, re/im, place]` from a place on. */
export function deinterleave(
  samples: Float32Array,
  coils: number,
  planes: Float32Array,
  place: number,
): void {
  const count = samples.length / (2 * coils), size = planes.length / (2 * coils);
  for (let coil = 0, from = 0; coil < coils; coil++) {
    const re = 2 * coil * size + place;
    for (let i = 0; i < count; i++, from += 2) {
      planes[re + i] = samples[from];
      planes[re + size + i] = samples[from + 1];
    }
  }
}

/** mean += part (new - mean), at the place of the line. */
function blend(
  { header: { numberOfSamples, activeChannels }, samples }: Acquisition,
  { column, count, first, step }: LinePlace,
  mean: Float32Array,
  part: number,
): void {
  const width = mean.length / (2 * activeChannels);
  for (let coil = 0; coil < activeChannels; coil++) {
    let from = 2 * (coil * numberOfSamples + first);
    const start = 2 * (coil * width + column);
    for (let to = start; to < start + 2 * count; to += 2, from += 2 * step) {
      mean[to] += part * (samples[from] - mean[to]);
      mean[to + 1] += part * (samples[from + 1] - mean[to + 1]);
    }
  }
}
