/**
 * The energy of k-space along each axis of an array. Along an encoded axis it falls by orders of
 * magnitude from the centre of k-space; along coils, slices and frames it does not.
 * @module
 */
import { type KspaceArray, packedStrides } from "../../io/kspace_array.ts";
import { sizeOf } from "../../ndarray.ts";

/** Numbers that are read of a large array, and boxes that it is read in. */
const MAX_NUMBERS = 2 ** 24;
const MAX_BOXES = 256;
/**
 * Ratio of the energy about the centre of k-space to the median along the axis: from 150 in real
 * k-space of heads (128 to 256 samples) down to 10 for eight partitions, and 0.8 to 2 along coils
 * and slices.
 */
const ENCODED_RATIO = 5;
/** The same for a centre that is neither at index 0 nor in the middle. */
const ELSEWHERE_RATIO = 20;
/** Fewest samples by which an encoded axis can be told from coils. */
const MIN_SAMPLES = 6;

/** The energy along an axis, at some of its indices. */
export interface Profile {
  readonly size: number;
  /** Indices that were read, ascending. */
  readonly at: readonly number[];
  /** Sum of the squared magnitudes at each of them. */
  readonly energy: Float64Array;
}

/** Where the centre of k-space lies along an encoded axis. */
export type Centre = "middle" | "corner" | "elsewhere";

/** The energy along each axis. Of a large array a part is read, evenly chosen along its slowest axes. */
export async function energyProfiles(array: KspaceArray): Promise<Profile[]> {
  const { axes } = array;
  const chosen: (number[] | undefined)[] = axes.map(() => undefined);
  const numbers = () => sizeOf(axes.map(({ size }, i) => chosen[i]?.length ?? size));
  const boxes = () => sizeOf(chosen.map((list) => list?.length ?? 1));
  for (const i of slowestFirst(array)) {
    const list = someIndices(axes[i].size);
    if (numbers() <= MAX_NUMBERS || boxes() * list.length > MAX_BOXES) break;
    if (list.length < axes[i].size) chosen[i] = list;
  }
  const profiles = axes.map(({ size }, i): Profile => {
    const at = chosen[i] ?? Array.from({ length: size }, (_, index) => index);
    return { size, at, energy: new Float64Array(at.length) };
  });
  const count = axes.map(({ size }, i) => chosen[i] ? 1 : size);
  for (let box = 0; box < boxes(); box++) {
    let rest = box;
    const places = chosen.map((list) => {
      const place = list === undefined ? 0 : rest % list.length;
      rest = Math.floor(rest / (list?.length ?? 1));
      return place;
    });
    const start = places.map((place, i) => chosen[i]?.[place] ?? 0);
    addEnergies(array, await array.read(start, count), count, places, profiles);
  }
  return profiles;
}

const slowestFirst = ({ axes }: KspaceArray): number[] =>
  axes.map((_, i) => i).sort((a, b) => axes[b].stride - axes[a].stride);

/** Indices about the ends, the middle and the quarters of an axis. */
function someIndices(size: number): number[] {
  const [quarter, middle] = [Math.floor(size / 4), Math.floor(size / 2)];
  const near = (at: number, by: number) =>
    Array.from({ length: 2 * by + 1 }, (_, i) => (at - by + i + size) % size);
  const all = [...near(0, 1), ...near(quarter, 2), ...near(middle, 1), ...near(size - quarter, 2)];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** Adds the energies of a box; values that are not finite count as zero. */
function addEnergies(
  array: KspaceArray,
  values: Float32Array,
  count: readonly number[],
  places: readonly number[],
  profiles: readonly Profile[],
): void {
  const strides = packedStrides(array.axes, count);
  const unit = array.complex ? 2 : 1;
  const [fast, ...others] = slowestFirst(array).reverse();
  const row = unit * count[fast];
  const at = [...places];
  for (let start = 0; start < values.length; start += row) {
    const element = start / unit;
    for (const i of others) {
      at[i] = places[i] + Math.floor(element / strides[i]) % count[i];
    }
    let sum = 0;
    const profile = profiles[fast].energy;
    for (let i = 0, to = places[fast]; i < row; i += unit, to++) {
      const re = values[start + i], im = unit === 2 ? values[start + i + 1] : 0;
      const energy = re * re + im * im;
      if (!(energy < Infinity)) continue;
      profile[to] += energy;
      sum += energy;
    }
    for (const i of others) profiles[i].energy[at[i]] += sum;
  }
}

/** Where the centre of k-space lies; undefined along an axis that is not encoded. */
export function centreOf(profile: Profile): Centre | undefined {
  const { size, at, energy } = profile;
  if (size < MIN_SAMPLES) return undefined;
  const found = energy.filter((value) => value > 0).sort();
  const median = found[Math.floor(found.length / 2)];
  if (found.length === 0) return undefined;
  const half = Math.max(1, Math.floor(size / 32));
  const about = (index: number) => {
    const near = energy.filter((value, i) => {
      const apart = Math.abs(at[i] - index);
      return value > 0 && Math.min(apart, size - apart) <= half;
    });
    return near.reduce((sum, value) => sum + value, 0) / Math.max(1, near.length) / median;
  };
  const middle = about(Math.floor(size / 2)), corner = about(0);
  if (Math.max(middle, corner) >= ENCODED_RATIO) return middle >= corner ? "middle" : "corner";
  return Math.max(...at.map(about)) >= ELSEWHERE_RATIO ? "elsewhere" : undefined;
}

/** The index of the greatest energy. */
export function strongest({ at, energy }: Profile): number {
  return at[energy.reduce((best, value, i) => value > energy[best] ? i : best, 0)];
}

/** Whether an axis has empty indices between others, where its index 0 is moved to `shift`. */
export function hasGaps({ energy, at, size }: Profile, shift = 0): boolean {
  const moved = energy.map((_, i) => energy[at.indexOf((at[i] - shift + size) % size)] ?? NaN);
  const first = moved.findIndex((value) => value > 0);
  const last = moved.findLastIndex((value) => value > 0);
  return moved.subarray(Math.max(0, first), last + 1).includes(0);
}
