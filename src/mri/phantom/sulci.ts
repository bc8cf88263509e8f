/**
 * Courses of the cortical sulci of the brain phantom: curves that grow inwards from the surface,
 * keep clear of each other and fork, until the mantle of the brain is full. That is what makes
 * gyri of even width. Host arithmetic on some hundred points; no pixel is touched.
 *
 * Coordinates are millimetres in the plane of the head: x to one side, y to the front.
 * @module
 */
import type { Rng } from "../../rng.ts";

/** A point, or a direction of length 1. */
export type Point = readonly [x: number, y: number];

/** A straight piece of a curve. */
export type Segment = readonly [from: Point, to: Point];

/** Semi-axes of the brain's convex hull in mm, across and front to back. */
export const HULL: Point = [66, 83];
/** Exponent of the hull's superellipse: a little squarer than an ellipse (2). */
export const HULL_EXPONENT = 2.2;
/** How much narrower the hull is in front than in the middle. */
export const HULL_TAPER = 0.1;

/** Semi-axes in mm of the core without sulci: ventricles, nuclei and the white matter round them. */
const CORE: Point = [35, 48];
const CORE_SHIFT = -4; // middle of the core, mm in front of the hull's
/** Exponent of the core's superellipse: square enough to hold the hind horns of the ventricles. */
const CORE_EXPONENT = 3;
const STEP = 3.2; // length of one step of growth, mm
/** Spacing of sulci along the surface, mm: two banks of cortex and a blade of white matter. */
const SPACING = 11;
const CLEARANCE = 6.6; // distance at which a tip stops growing towards another sulcus, mm
const ROOM_TO_FORK = 9; // a tip with this much room on all sides may fork, mm
const FORK = 0.3; // probability that a tip with room forks at a step
const UNFORKED = 8; // length of a branch after which it may fork, mm
const TURNS = [-0.8, -0.4, 0, 0.4, 0.8]; // turns that a tip may take in one step, radians
const OWN = 8.5; // points of its own tree this near to the root of a branch do not stop it, mm
const DEEPER = 14; // how much longer the deep ones of the sulci may grow, mm
const INERTIA = 5; // what going straight on is worth against clearance, mm
/** Attempts to start a sulcus below the surface, where the slice cuts the floor of a fold. */
const BURIED_ATTEMPTS = 400;

const distance = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const along = (p: Point, angle: number, length: number): Point => [
  p[0] + length * Math.cos(angle),
  p[1] + length * Math.sin(angle),
];

/** Sum of powers of relative coordinates: below 1 inside a superellipse, 1 on it. */
const powers = (across: number, sagittal: number, exponent: number) =>
  Math.abs(across) ** exponent + Math.abs(sagittal) ** exponent;

/** Relative radius of a point: below 1 inside the hull, 1 on it. */
export function hullRadius([x, y]: Point): number {
  const across = x / (HULL[0] * (1 - HULL_TAPER * y / HULL[1]));
  return powers(across, y / HULL[1], HULL_EXPONENT) ** (1 / HULL_EXPONENT);
}

/** Depth below the hull along the ray from the middle, mm; negative outside. */
function hullDepth(p: Point): number {
  return Math.hypot(...p) * (1 / hullRadius(p) - 1);
}

/** Where a sulcus can begin. */
interface Sprout {
  readonly at: Point;
  readonly angle: number; // direction of growth, radians
  readonly left: number; // length it may still grow, mm
  readonly superficial: boolean; // whether it begins on the surface
}

/** A growing end of a sulcus. */
interface Tip extends Sprout {
  readonly branch: number;
  readonly root: Point; // where this branch began
  readonly grown: number; // length of this branch so far, mm
}

/** The curves of one hemisphere (x > 0) while they grow. */
class Mantle {
  readonly segments: Segment[] = [];
  /** Points of sulci with the branch each belongs to; -1 for what was there before. */
  readonly #points: { readonly at: Point; readonly branch: number }[] = [];
  readonly #rng: Rng;
  #branches = 0;

  constructor(rng: Rng, obstacles: readonly Segment[]) {
    this.#rng = rng;
    for (const [from, to] of obstacles) {
      const pieces = Math.ceil(distance(from, to) / STEP);
      for (let i = 0; i <= pieces; i++) {
        const t = i / pieces;
        const at: Point = [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];
        this.#points.push({ at, branch: -1 });
      }
    }
  }

  /** Distance to the nearest sulcus other than a tip's own branch and what it forked from, mm. */
  clearance(p: Point, tip?: Tip): number {
    let nearest = Infinity;
    for (const { at, branch } of this.#points) {
      if (tip !== undefined && (branch === tip.branch || distance(at, tip.root) < OWN)) continue;
      nearest = Math.min(nearest, distance(at, p));
    }
    return nearest;
  }

  /** Lets sprouts grow, one step each in turn, until the last has stopped. */
  grow(sprouts: readonly Sprout[]): void {
    let tips = sprouts.map((sprout) => this.#branch(sprout));
    while (tips.length > 0) tips = tips.flatMap((tip) => this.#step(tip));
  }

  #branch(sprout: Sprout): Tip {
    return { ...sprout, root: sprout.at, grown: 0, branch: this.#branches++ };
  }

  #step(tip: Tip): Tip[] {
    const choices = TURNS.map((turn) => {
      const angle = tip.angle + turn + 0.2 * this.#rng.normal();
      const at = along(tip.at, angle, STEP);
      const clear = inMantle(at, tip.superficial && tip.grown < 2 * STEP)
        ? this.clearance(at, tip)
        : 0;
      return { angle, at, clear, score: Math.min(clear, 11) + INERTIA * Math.cos(turn) };
    });
    const best = choices.reduce((a, b) => b.score > a.score ? b : a);
    if (best.clear < CLEARANCE || tip.left < STEP) return [];
    const { at, angle } = best;
    const next: Tip = { ...tip, at, angle, left: tip.left - STEP, grown: tip.grown + STEP };
    this.segments.push([tip.at, next.at]);
    this.#points.push({ at: next.at, branch: tip.branch });
    const forks = next.grown > UNFORKED && best.clear > ROOM_TO_FORK &&
      this.#rng.uniform() < FORK;
    return forks ? this.#fork(next) : [next];
  }

  #fork(tip: Tip): Tip[] {
    const spread = 0.7 + 0.3 * this.#rng.uniform();
    return [-spread, spread].map((turn) =>
      this.#branch({ ...tip, angle: tip.angle + turn, superficial: false })
    );
  }
}

/** Whether a sulcus may be here: outside the core, inside the hull and, past its beginning, deep. */
function inMantle(p: Point, superficial: boolean): boolean {
  const inCore = powers(p[0] / CORE[0], (p[1] - CORE_SHIFT) / CORE[1], CORE_EXPONENT) < 1;
  return !inCore && p[0] > 0 && hullDepth(p) > (superficial ? 0 : CLEARANCE);
}

/** Beginnings all round one hemisphere's surface, pointing inwards. */
function surfaceSprouts(rng: Rng): Sprout[] {
  const sprouts: Sprout[] = [];
  let angle = -Math.PI / 2 + SPACING / HULL[1];
  while (angle < Math.PI / 2 - 0.6 * SPACING / HULL[1]) {
    const direction: Point = [Math.cos(angle), Math.sin(angle)];
    const radius = 1 / hullRadius(direction);
    const at = along([0, 0], angle, radius + 1);
    const inwards = Math.atan2(0.45 * at[1] - at[1], 0.35 * at[0] - at[0]);
    const left = 10 + 24 * rng.uniform(), turn = 0.2 * rng.normal();
    sprouts.push({ at, angle: inwards + turn, left, superficial: true });
    angle += SPACING * (0.8 + 0.45 * rng.uniform()) / radius;
  }
  return sprouts;
}

/** Beginnings along the interhemispheric fissure, pointing sideways. */
function medialSprouts(rng: Rng): Sprout[] {
  const sprouts: Sprout[] = [];
  for (const [from, to] of [[41, 74], [-74, -45]]) {
    for (let y = from + 4 * rng.uniform(); y < to; y += SPACING * (0.9 + 0.4 * rng.uniform())) {
      const left = 8 + 18 * rng.uniform(), angle = 0.35 * rng.normal();
      sprouts.push({ at: [0.5, y], angle, left, superficial: true });
    }
  }
  return sprouts;
}

/**
 * Grows the sulci of one hemisphere.
 * @param fissures curves with x >= 0 that are there already and are kept clear of
 * @returns segments with x > 0, a few hundred
 */
export function growSulci(rng: Rng, fissures: readonly Segment[]): Segment[] {
  const mantle = new Mantle(rng, fissures);
  const sprouts = [...surfaceSprouts(rng), ...medialSprouts(rng)];
  // Every other sulcus is a deep one; those between get what room is left.
  const deep = sprouts.filter((_, i) => i % 2 === 0);
  mantle.grow(deep.map((sprout) => ({ ...sprout, left: sprout.left + DEEPER })));
  mantle.grow(sprouts.filter((_, i) => i % 2 === 1));
  for (let attempt = 0; attempt < BURIED_ATTEMPTS; attempt++) {
    const at: Point = [HULL[0] * rng.uniform(), HULL[1] * (2 * rng.uniform() - 1)];
    if (!inMantle(at, false) || hullDepth(at) < 1.3 * CLEARANCE) continue;
    if (mantle.clearance(at) < 1.25 * CLEARANCE) continue;
    const angle = 2 * Math.PI * rng.uniform(), left = 5 + 9 * rng.uniform();
    const ends = [angle, angle + Math.PI];
    mantle.grow(ends.map((angle) => ({ at, angle, left, superficial: false })));
  }
  return mantle.segments;
}
