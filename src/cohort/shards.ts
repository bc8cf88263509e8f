/** Cutting a cohort into shards of equal predicted time whose memory is alike. @module */
import type { Shard, Unit } from "./types.ts";

/** All slices of one file by one method, and what they are predicted to take. */
export interface Work {
  readonly file: number;
  readonly method: number;
  readonly slices: readonly [number, number];
  /** Whether slices can be reconstructed apart from each other at no cost. */
  readonly divisible: boolean;
  /** Seconds before the first slice: opening the file and compiling. */
  readonly overhead: number;
  /** Seconds of a slice. */
  readonly perSlice: number;
  /** Peak of resident memory for so many slices, bytes. */
  memory(slices: number): number;
}

/** Slurm's default limit for the tasks of an array. */
const MOST_SHARDS = 1000;
/** Pieces that last less than this part of a shard are not cut off. */
const SMALLEST_PART = 0.2;
/** Starting a process and loading onnxruntime, s. */
const START_SECONDS = 2;
/** Steps of the memory within which work shares a shard: powers of this factor. */
const MEMORY_STEP = 1.5;

/** How long shards are: so many seconds, or as long as makes about so many of them. */
export type ShardLength = { readonly seconds: number } | { readonly count: number };

/**
 * Cuts work into shards. Work of like memory comes together, so that none is given much more than it
 * needs. There are at most a thousand shards: where there would be more they are longer.
 */
export function shardsOf(work: readonly Work[], asked: ShardLength): Shard[] {
  const total = work.reduce((sum, each) => sum + secondsOf(each, sliceCount(each)), 0);
  const target = "seconds" in asked ? asked.seconds : total / asked.count;
  const length = Math.max(target, total / (MOST_SHARDS * (1 - SMALLEST_PART)));
  // What has the same graphs comes together, so that they are compiled once.
  const ordered = work.toSorted((a, b) => a.method - b.method || a.file - b.file);
  const classes = Map.groupBy(ordered, memoryClass);
  return [...classes].sort(([a], [b]) => a - b).flatMap(([, alike]) => packed(alike, length));
}

/** Shards of work of one class of memory, all of about the same time. */
function packed(work: readonly Work[], target: number): Shard[] {
  const total = work.reduce((sum, each) => sum + secondsOf(each, sliceCount(each)), 0);
  const length = total / Math.max(1, Math.round(total / target));
  const shards: Unit[][] = [[]];
  let filled = 0;
  for (const each of work) {
    for (let [first, end] = each.slices; first < end;) {
      const count = fitting(each, end - first, length - filled, length);
      if (count === 0) {
        shards.push([]);
        filled = 0;
        continue;
      }
      const unit = unitOf(each, first, first + count);
      shards.at(-1)!.push(unit);
      filled += unit.seconds;
      first += count;
    }
  }
  return shards.filter((units) => units.length > 0).map(shardOf);
}

/** How many of the slices that are left go into a shard of this length that has so much room. */
function fitting(work: Work, left: number, room: number, length: number): number {
  const whole = secondsOf(work, left), empty = room === length;
  // A little more than there is room for is better than a piece that is hardly worth a start.
  if (whole <= room + SMALLEST_PART * length || (empty && !work.divisible)) return left;
  if (!work.divisible || room < SMALLEST_PART * length) return 0;
  const count = Math.min(left, Math.floor((room - work.overhead) / work.perSlice));
  return empty ? Math.max(1, count) : Math.max(0, count);
}

function unitOf(work: Work, first: number, end: number): Unit {
  const { file, method } = work;
  const numbers = [file, method, first, end].map((n) => String(n).padStart(5, "0"));
  return {
    id: numbers.join("-"),
    file,
    method,
    slices: [first, end],
    seconds: secondsOf(work, end - first),
    memory: work.memory(end - first),
  };
}

function shardOf(units: readonly Unit[]): Shard {
  return {
    units,
    seconds: START_SECONDS + units.reduce((sum, { seconds }) => sum + seconds, 0),
    memory: Math.max(...units.map(({ memory }) => memory)),
  };
}

const sliceCount = ({ slices: [first, end] }: Work) => end - first;

const secondsOf = ({ overhead, perSlice }: Work, slices: number) => overhead + slices * perSlice;

const memoryClass = (work: Work) =>
  Math.ceil(Math.log(work.memory(sliceCount(work))) / Math.log(MEMORY_STEP));
