/**
 * Where the structures of the brain phantom lie: an axial slice at the level of the basal ganglia,
 * as strokes (straight pieces with a radius at each end) in millimetres. x goes to one side, y to
 * the front, the origin is the middle of the brain. Host arithmetic on parameters only.
 * @module
 */
import type { Rng } from "../../rng.ts";
import { growSulci, type Point, type Segment } from "./sulci.ts";

/** A straight piece with a radius at each end, mm. */
export type Stroke = readonly [from: Point, to: Point, radiusFrom: number, radiusTo: number];

/** Structures that are drawn from strokes, and how many strokes each may have. */
export const CAPACITY = {
  sulci: 480,
  fissures: 24,
  falx: 4,
  muscle: 12,
  ventricles: 24,
  choroid: 4,
  striatum: 16,
  pallidum: 4,
  thalamus: 8,
  claustrum: 8,
  arteries: 24,
  sinuses: 8,
  lesions: 24,
} as const;

export type Structure = keyof typeof CAPACITY;

/** A chain of strokes through points given as `[x, y, radius]`. */
type Chain = readonly (readonly [x: number, y: number, radius: number])[];

function chain(points: Chain): Stroke[] {
  return points.slice(1).map(([x, y, radius], i) => {
    const [x0, y0, radius0] = points[i];
    return [[x0, y0], [x, y], radius0, radius];
  });
}

/** Chains of one side of the head at x > 0, of an average adult. */
const SIDE: Readonly<Partial<Record<Structure, readonly Chain[]>>> = {
  muscle: [[[58, 52, 0.5], [64.5, 41, 2], [69.5, 27, 3.2], [72.4, 11, 2.6], [73.5, -14, 0.5]]],
  ventricles: [
    [[13.5, 31, 1.2], [9, 27, 3], [5.4, 19, 3.6], [3.8, 9, 2.2], [3.4, 3, 1.4]],
    [[16, -24, 1.6], [22, -31, 4.6], [23.5, -39, 4], [22, -49, 1.2]],
  ],
  choroid: [[[19.5, -29.5, 1], [22, -34, 2.2]]],
  striatum: [
    [[14.5, 26, 2.6], [12.5, 19, 4.6], [11.5, 12, 3.2], [13.5, 3, 1.6]],
    [[21.5, 20, 2.6], [26.5, 12, 4], [28.5, 3, 4.2], [29.5, -7, 1.6]],
  ],
  pallidum: [[[20, 9, 1.4], [21.5, 2, 3.6], [24.5, -4, 1.6]]],
  thalamus: [[[5, -1, 2.4], [8.5, -9, 5.6], [12.5, -17, 6.6], [16, -21, 3.8]]],
  claustrum: [[[32.4, 16, 0.4], [34.6, 7, 0.7], [34.9, -2, 0.7], [33.6, -9, 0.4]]],
};

/** Chains on the midline, of an average adult. */
const MIDLINE: Readonly<Partial<Record<Structure, readonly Chain[]>>> = {
  fissures: [
    [[0, 84, 1.6], [0, 60, 0.9], [0, 39, 1.4]],
    [[0, -84, 1.6], [0, -60, 0.9], [0, -42, 1.2]],
    [[-4, -27, 1], [0, -29, 2.6], [4, -27, 1]],
  ],
  falx: [[[0, 88, 0.9], [0, 48, 0.35]], [[0, -88, 0.9], [0, -50, 0.45]]],
  ventricles: [[[0, 0, 0.8], [0, -9, 1.5], [0, -18, 1.1]]],
  sinuses: [
    [[-3.5, -87.5, 1.2], [0, -86, 2.6], [3.5, -87.5, 1.2]],
    [[0, 87.5, 1.3], [0, 86, 1.3]],
  ],
  arteries: [
    [[-1.4, 42, 0.8], [-1.4, 41, 0.8]],
    [[1.5, 43.5, 0.8], [1.5, 42.5, 0.8]],
    [[0, -29.5, 1.1], [0, -30, 1.1]],
  ],
};

/** The lateral (Sylvian) fissure of one side and the insula it opens on. */
function lateralFissure(rng: Rng): Chain[] {
  const shift = 4 * rng.normal(), deep = 39.5 + rng.normal();
  return [
    [[68, 5 + shift, 1.6], [57, 2 + shift, 0.8], [48, 4 + shift, 0.9], [deep, 4 + shift, 1]],
    [[deep, 4 + shift, 1], [deep - 0.5, 13, 0.9], [deep - 3.5, 21, 0.6]],
    [[deep, 4 + shift, 1], [deep, -7, 0.9], [deep - 1.5, -16, 0.6]],
    [[deep - 3.5, 21, 0.6], [deep + 3, 24, 0.3]],
    [[deep - 1.5, -16, 0.6], [deep + 4, -20, 0.3]],
  ];
}

/** Branches of the middle cerebral artery in the lateral fissure. */
function insularArteries(rng: Rng): Chain[] {
  return [-9, -2, 6, 14].map((y) => {
    const at: Point = [39.6 + 0.6 * rng.normal(), y + 2 * rng.normal()];
    const radius = 0.6 + 0.4 * rng.uniform();
    return [[...at, radius], [at[0] + 0.8, at[1] + 0.5, radius]];
  });
}

/** A chain moved and scaled a little, each point by itself. */
function vary(rng: Rng, points: Chain, { move = 0.6, widen = 1 }): Chain {
  return points.map(([x, y, radius]) => [
    x + move * rng.normal(),
    y + move * rng.normal(),
    radius * widen * Math.exp(0.08 * rng.normal()),
  ]);
}

const mirror = ([[ax, ay], [bx, by], ra, rb]: Stroke): Stroke => [[-ax, ay], [-bx, by], ra, rb];

/**
 * Lesions of white matter: round spots near the ventricles, as in multiple sclerosis and in
 * small-vessel disease.
 */
function lesionStrokes(rng: Rng, count: number): Stroke[] {
  return Array.from({ length: count }, () => {
    const angle = 2 * Math.PI * rng.uniform(), reach = 0.75 + 0.4 * rng.uniform();
    const side = Math.cos(angle) < 0 ? -1 : 1;
    const at: Point = [side * 9 + 19 * reach * Math.cos(angle), 40 * reach * Math.sin(angle) - 3];
    const radius = 1.4 + 2.8 * rng.uniform() ** 2;
    const to: Point = [at[0] + 2.5 * rng.normal(), at[1] + 2.5 * rng.normal()];
    return [at, to, radius, radius * (0.5 + 0.4 * rng.uniform())];
  });
}

/** Strokes of one side, at x > 0, but for the sulci. */
function sideStrokes(rng: Rng, ventricleSize: number): Partial<Record<Structure, Stroke[]>> {
  const strokes: Partial<Record<Structure, Stroke[]>> = {};
  for (const [name, chains] of entries(SIDE)) {
    const widen = name === "ventricles" ? ventricleSize : 1;
    strokes[name] = chains.flatMap((points) => chain(vary(rng, points, { widen })));
  }
  strokes.fissures = lateralFissure(rng).flatMap(chain);
  strokes.arteries = insularArteries(rng).flatMap(chain);
  return strokes;
}

const entries = <T>(of: Partial<Record<Structure, T>>) => Object.entries(of) as [Structure, T][];

/**
 * The anatomy of a random head.
 * @param rng the same stream gives the same head
 * @param lesions number of lesions; they do not change the rest
 */
export function randomAnatomy(rng: Rng, lesions: number): Record<Structure, Stroke[]> {
  const empty = entries(CAPACITY).map(([name]) => [name, []]);
  const anatomy: Record<Structure, Stroke[]> = Object.fromEntries(empty);
  const shape = rng.split(0);
  const ventricleSize = Math.exp(0.15 * shape.normal());
  for (const [name, chains] of entries(MIDLINE)) {
    const move = name === "fissures" || name === "falx" ? 0.2 : 0.4;
    for (const points of chains) anatomy[name].push(...chain(vary(shape, points, { move })));
  }
  const segments = (strokes: readonly Stroke[]) => strokes.map(([from, to]): Segment => [from, to]);
  const midline = segments(anatomy.fissures);
  for (const side of [0, 1]) {
    const strokes = sideStrokes(rng.split(1, side), ventricleSize);
    const obstacles = [...midline, ...segments(strokes.fissures!)];
    strokes.sulci = growSulci(rng.split(2, side), obstacles).map(([a, b]) => [a, b, 0, 0]);
    for (const [name, list] of entries(strokes)) {
      anatomy[name].push(...(side === 0 ? list : list.map(mirror)));
    }
  }
  anatomy.lesions.push(...lesionStrokes(rng.split(3), lesions));
  return anatomy;
}
