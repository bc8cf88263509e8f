/** Plans that samplers share. @module */
import type { Known, PlannedMove, Settings } from "./contract.ts";
import { geometricLevels, type Levels } from "./levels.ts";

/** Smallest noise level of all. */
const LEAST = 1e-3;

/** One `step` from each level to the next, the last to 0. */
export function descend(levels: readonly number[]): PlannedMove[] {
  return levels.map((sigma, i) => ({ move: "step", sigma, sigmaNext: levels[i + 1] ?? 0 }));
}

/**
 * Levels that fall geometrically from `sigmaMax` to `sigmaMin` times the noise of the data, then 0:
 * below the noise of the data there is little left to decide.
 */
export function posteriorLevels(
  settings: Settings,
  known: Known,
  levels: Levels = geometricLevels,
): PlannedMove[] {
  return descend(levelsAbove(settings, known, levels));
}

/** The levels of {@link posteriorLevels} without the final 0. */
export function levelsAbove(
  { steps, sigmaMax, sigmaMin }: Settings,
  { sigma }: Known,
  levels: Levels = geometricLevels,
): number[] {
  const last = Math.min(Math.max(sigmaMin * sigma, LEAST), sigmaMax);
  return levels(steps, sigmaMax, last);
}

/** How often a plan goes back up, and how far. */
export interface Jumps {
  /** Levels that a jump goes back. */
  readonly jump: number;
  /** How often each stretch of that many levels is walked; 1 is no jump at all. */
  readonly repeats: number;
}

/**
 * One `step` from each level to the next with jumps `back`, as the resampling of RePaint (Lugmayr et
 * al. 2022) and the time travel of DDNM (Wang et al. 2023): after each `jump` levels that many levels
 * back, `repeats - 1` times, the last of them from the smallest level that is not 0.
 */
export function withJumps(levels: readonly number[], { jump, repeats }: Jumps): PlannedMove[] {
  const last = levels.length - 1;
  const sigmaAt = (time: number) => time < 0 ? 0 : levels[last - time];
  const jumpsLeft = new Map<number, number>();
  for (let time = 0; time + jump <= last; time += jump) jumpsLeft.set(time, repeats - 1);
  const moves: PlannedMove[] = [];
  for (let time = last; time >= 0;) {
    moves.push({ move: "step", sigma: sigmaAt(time), sigmaNext: sigmaAt(time - 1) });
    time--;
    const left = jumpsLeft.get(time) ?? 0;
    if (left === 0) continue;
    jumpsLeft.set(time, left - 1);
    moves.push({ move: "back", sigma: sigmaAt(time), sigmaNext: sigmaAt(time + jump) });
    time += jump;
  }
  return moves;
}
