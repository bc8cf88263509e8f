/** CG-SENSE: regularised least squares by conjugate gradients. @module */
import { mul } from "../graph/mod.ts";
import { type CgState, cgStep } from "../mri/physics/cg.ts";
import { regularised } from "../mri/physics/operator.ts";
import type { Method } from "../method/problem.ts";
import { type Iteration, iterativeMethod } from "./iteration.ts";
import { senseWeight } from "./weights.ts";

/** Iterations after which validation slices (R = 2 to 10) are within about 0.1 dB of the limit. */
const STEPS = 20;

/**
 * Conjugate gradients on (A^H A + weight I) x = A^H y from x = 0 (Pruessmann et al. 2001, whose
 * intensity correction is in the maps).
 */
export const senseIteration: Iteration<CgState> = {
  start: ({ adjoint: b }) => ({ x: mul(b, 0), r: b, p: b }),
  step: ({ operator, weight }, state) => cgStep(regularised(operator, weight), state),
};

/** x = argmin |A x - y|^2 + weight |x|^2. */
export const sense: Method = iterativeMethod({
  name: "sense",
  summary: "CG-SENSE, least squares with a small Tikhonov weight",
  citation: "Pruessmann et al. 2001, Advances in sensitivity encoding with arbitrary k-space " +
    "trajectories, Magn Reson Med 46:638-651",
  weightRole: "the Tikhonov parameter, the weight of |x|^2",
}, { iteration: senseIteration, steps: STEPS, weightOf: senseWeight });
