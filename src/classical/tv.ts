/** Reconstruction with total variation. @module */
import {
  add,
  concat,
  div,
  max,
  mul,
  reduceSum,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../graph/mod.ts";
import type { Method } from "../method/problem.ts";
import { type Iteration, iterativeSolver } from "./iteration.ts";
import { pogmPoint, pogmStart, type PogmState } from "./pogm.ts";
import { tvWeight } from "./weights.ts";

/** Iterations after which validation slices (R = 2 to 10) are within about 0.1 dB of the limit. */
const STEPS = 40;
/** 1 / |D|^2 for forward differences along two axes. */
const DUAL_STEP_SIZE = 1 / 8;
/** Smallest weight that is divided by. */
const TINY = 1e-12;

/** A field of differences along H and along W, each `[1, 2, H, W]`. */
export interface Field {
  /** Along H; the last row is zero. */
  readonly alongH: Tensor;
  /** Along W; the last column is zero. */
  readonly alongW: Tensor;
}

const H_AXIS = 2;
const W_AXIS = 3;

/** Forward differences D x; zero at the last row and column, where there is no next one. */
export function gradient(x: Tensor): Field {
  const along = (axis: number) => {
    const size = x.shape[axis];
    if (size === 1) return mul(x, 0);
    const following = concat([slice(x, axis, 1, size), slice(x, axis, size - 1, size)], axis);
    return sub(following, x);
  };
  return { alongH: along(H_AXIS), alongW: along(W_AXIS) };
}

/**
 * D^H p, the negative divergence. The last row of `alongH` and the last column of `alongW` must be
 * zero, as they are in every field made of gradients: so the neighbour before the first is the last.
 */
export function gradientAdjoint({ alongH, alongW }: Field): Tensor {
  const along = (p: Tensor, axis: number) => {
    const size = p.shape[axis];
    if (size === 1) return p;
    const preceding = concat([slice(p, axis, size - 1, size), slice(p, axis, 0, size - 1)], axis);
    return sub(preceding, p);
  };
  return add(along(alongH, H_AXIS), along(alongW, W_AXIS));
}

/** Projects onto fields whose magnitude, over both directions and re/im, is at most `radius`. */
function project({ alongH, alongW }: Field, radius: Tensor): Field {
  const square = reduceSum(add(mul(alongH, alongH), mul(alongW, alongW)), [1], { keepDims: true });
  const r = max(radius, TINY);
  const factor = div(r, max(sqrt(square), r));
  return { alongH: mul(alongH, factor), alongW: mul(alongW, factor) };
}

/** Variables of POGM and the dual field p of its proximal map. */
export interface TvState extends PogmState {
  /** p along H, `[1, 2, H, W]` */
  readonly dualH: Tensor;
  /** p along W, `[1, 2, H, W]` */
  readonly dualW: Tensor;
}

/** One projected gradient step on the dual of min_x 1/2 |x - v|^2 + radius TV(x) (Chambolle 2004). */
function dualStep(v: Tensor, p: Field, radius: Tensor): Field {
  const { alongH, alongW } = gradient(sub(v, gradientAdjoint(p)));
  return project({
    alongH: add(p.alongH, mul(DUAL_STEP_SIZE, alongH)),
    alongW: add(p.alongW, mul(DUAL_STEP_SIZE, alongW)),
  }, radius);
}

/**
 * POGM for TV. The proximal map of total variation has no closed form; one step on its dual (Beck
 * and Teboulle 2009), from where the last one stopped, converges along with the image.
 */
export const tvIteration: Iteration<TvState> = {
  start(given) {
    const state = pogmStart(given);
    const zero = mul(state.x, 0);
    return { ...state, dualH: zero, dualW: zero };
  },
  step(given, state) {
    const point = pogmPoint(given, state);
    const last: Field = { alongH: state.dualH, alongW: state.dualW };
    const p = dualStep(point.z, last, mul(point.gamma, given.weight));
    const x = sub(point.z, gradientAdjoint(p));
    return { ...point, x, dualH: p.alongH, dualW: p.alongW };
  },
};

/** min 1/2 |A x - y|^2 + weight TV(x), isotropic, joint in real and imaginary part. */
export const tv: Method = {
  name: "tv",
  summary: "compressed sensing with isotropic total variation of the complex image",
  citation: "Block et al. 2007, Undersampled radial MRI with multiple coils, Magn Reson Med " +
    "57:1086-1098; Beck and Teboulle 2009, IEEE Trans Image Process 18:2419-2434",
  needsMaps: true,
  weightRole: "the regularisation parameter, the weight of the total variation",
  prepare: (runtime, geometry, { steps = STEPS, weight = 1 } = {}) =>
    iterativeSolver(runtime, geometry, tvIteration, {
      method: "tv",
      steps,
      weightOf: (problem) => weight * tvWeight(problem, geometry),
    }),
};
