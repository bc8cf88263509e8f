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
import { type Iteration, iterativeMethod } from "./iteration.ts";
import { pogmPoint, pogmStart, type PogmState } from "./pogm.ts";
import { tvWeight } from "./weights.ts";

/** Iterations after which validation slices (R = 2 to 10) are within about 0.1 dB of the limit. */
const STEPS = 40;
/** 1 / |D|^2 for forward differences along two axes. */
const DUAL_STEP_SIZE = 1 / 8;
/** Smallest radius that is divided by. */
const MIN_RADIUS = 1e-12;

/** H and W. */
const AXES = [2, 3];

/** Differences along H and along W, each `[1, 2, H, W]`. */
export type Field = readonly Tensor[];

/** Forward differences D x; zero at the last row and column, where there is no next one. */
export function gradient(x: Tensor): Field {
  return AXES.map((axis) => {
    const size = x.shape[axis];
    if (size === 1) return mul(x, 0);
    const following = concat([slice(x, axis, 1, size), slice(x, axis, size - 1, size)], axis);
    return sub(following, x);
  });
}

/**
 * D^H p, the negative divergence. The last row of the differences along H and the last column of those
 * along W must be zero, as in every field made of gradients: so the neighbour before the first is the
 * last.
 */
export function gradientAdjoint(p: Field): Tensor {
  const [alongH, alongW] = p.map((part, k) => {
    const [axis, size] = [AXES[k], part.shape[AXES[k]]];
    if (size === 1) return part;
    const last = slice(part, axis, size - 1, size);
    return sub(concat([last, slice(part, axis, 0, size - 1)], axis), part);
  });
  return add(alongH, alongW);
}

/** Squared radius below which total variation is round, so that it has a derivative at 0. */
const ROUND = 1e-8;

/** Total variation of each pixel, isotropic and joint in the channels, `[N, 1, H, W]`. */
export function variation(x: Tensor): Tensor {
  const [h, w] = gradient(x).map((part) => mul(part, part));
  return sqrt(add(reduceSum(add(h, w), [1], { keepDims: true }), ROUND));
}

/** Projects onto fields whose magnitude, over both directions and re/im, is at most `radius`. */
function project(p: Field, radius: Tensor): Field {
  const [h, w] = p.map((part) => mul(part, part));
  const square = reduceSum(add(h, w), [1], { keepDims: true });
  const r = max(radius, MIN_RADIUS);
  const factor = div(r, max(sqrt(square), r));
  return p.map((part) => mul(part, factor));
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
  const ascent = gradient(sub(v, gradientAdjoint(p)));
  return project(p.map((part, k) => add(part, mul(DUAL_STEP_SIZE, ascent[k]))), radius);
}

/**
 * POGM for TV. The proximal map of total variation has no closed form; one step on its dual (Beck
 * and Teboulle 2009), from where the last one stopped, converges along with the image.
 */
export const tvIteration: Iteration<TvState> = {
  start(problem) {
    const state = pogmStart(problem);
    const zero = mul(state.x, 0);
    return { ...state, dualH: zero, dualW: zero };
  },
  step(problem, state) {
    const point = pogmPoint(problem, state);
    const radius = mul(point.gamma, problem.weight);
    const p = dualStep(point.z, [state.dualH, state.dualW], radius);
    return { ...point, x: sub(point.z, gradientAdjoint(p)), dualH: p[0], dualW: p[1] };
  },
};

/** min 1/2 |A x - y|^2 + weight TV(x), isotropic, joint in real and imaginary part. */
export const tv: Method = iterativeMethod({
  name: "tv",
  summary: "compressed sensing with isotropic total variation of the complex image",
  citation: "Block et al. 2007, Undersampled radial MRI with multiple coils, Magn Reson Med " +
    "57:1086-1098; Beck and Teboulle 2009, IEEE Trans Image Process 18:2419-2434",
  weightRole: "the regularisation parameter, the weight of the total variation",
}, { iteration: tvIteration, steps: STEPS, weightOf: tvWeight });
