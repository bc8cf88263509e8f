/** Whether lines that are called Cartesian are, by the coordinates that come with them. @module */
import { InputError } from "../../errors.ts";
import type { Acquisition } from "../../mrd/values.ts";
import { lineName } from "./line.ts";

/** Part of its length by which a line may stray from a straight one: eddy currents and rounding. */
const MAX_BEND = 0.02;
/** Sine of the angle by which lines of one image may differ. */
const MAX_ANGLE = 0.02;

/** The lines of one image: straight, and parallel to the first one. */
export class ParallelLines {
  #direction: readonly number[] | undefined;
  #fault: InputError | undefined;

  /** Looks at the trajectory of a line, where it has one. */
  add({ header, trajectory }: Acquisition): void {
    const { numberOfSamples: samples, trajectoryDimensions: dimensions } = header;
    if (dimensions === 0 || samples < 3) return;
    const at = (sample: number) =>
      Array.from(trajectory.subarray(sample * dimensions, (sample + 1) * dimensions));
    const start = at(0), chord = minus(at(samples - 1), start), length = Math.hypot(...chord);
    const bend = farthest(samples, (sample) => across(minus(at(sample), start), chord));
    // All coordinates alike say nothing.
    if (length === 0 && bend === 0) return;
    if (bend > MAX_BEND * length) return this.#refuse(header, "a curved line");
    this.#direction ??= chord;
    const sine = across(chord, this.#direction) / length;
    if (sine <= MAX_ANGLE) return;
    const degrees = Math.round(Math.asin(Math.min(1, sine)) * 180 / Math.PI);
    this.#refuse(header, `lines at an angle of ${degrees} degrees`);
  }

  /** @throws {InputError} when a line was curved, or not parallel to the others */
  require(): void {
    if (this.#fault !== undefined) throw this.#fault;
  }

  #refuse(header: Acquisition["header"], found: string): void {
    this.#fault ??= new InputError(
      `Cannot use the trajectory of ${
        lineName(header)
      }: straight, parallel lines are required of a ` +
        `Cartesian scan, found ${found}`,
      { hint: "Regrid the samples to a Cartesian grid before" },
    );
  }
}

const minus = (a: readonly number[], b: readonly number[]) => a.map((value, i) => value - b[i]);

/** Distance of a point from the straight line through the origin along an axis. */
function across(point: readonly number[], axis: readonly number[]): number {
  const square = axis.reduce((sum, value) => sum + value * value, 0);
  if (square === 0) return Math.hypot(...point);
  const along = point.reduce((sum, value, i) => sum + value * axis[i], 0) / square;
  return Math.hypot(...point.map((value, i) => value - along * axis[i]));
}

function farthest(count: number, distance: (index: number) => number): number {
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, distance(i));
  return most;
}
