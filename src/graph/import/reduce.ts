/** Foreign reductions and normalisations. @module */
import * as g from "../ops/elementwise.ts";
import { reshape } from "../ops/movement.ts";
import {
  argMax,
  type Reduce,
  reduceL2,
  reduceMax,
  reduceMean,
  reduceMin,
  reduceSum,
} from "../ops/reduce.ts";
import { normalizeAxis } from "../shapes.ts";
import type { Tensor } from "../tensor.ts";
import type { ForeignNode, ForeignRule, ForeignRules } from "./node.ts";

/** Axes are an attribute in old operator sets and an input in new ones; none means all. */
const reduction = (reduce: Reduce): ForeignRule => (node) => {
  const x = node.input(0);
  const axes = node.intsOf("axes", 1) ?? [];
  if (axes.length === 0 && node.int("noop_with_empty_axes", 0) === 1) return x;
  const keepDims = node.int("keepdims", 1) === 1;
  return reduce(x, axes.length === 0 ? undefined : axes, { keepDims });
};

const squared = (x: Tensor) => g.mul(x, x);

const sumOfSizes: Reduce = (x, axes, options) => reduceSum(g.abs(x), axes, options);

const epsilonOf = (node: ForeignNode) => node.float("epsilon", 1e-5);

/** The axes from the attribute `axis` on. */
function lastAxes(node: ForeignNode, x: Tensor): number[] {
  const first = normalizeAxis("normalise", node.int("axis", -1), x.rank);
  return x.shape.map((_, axis) => axis).slice(first);
}

/** Foreign reductions and normalisations, by name. */
export const reduceRules: ForeignRules = {
  ReduceSum: reduction(reduceSum),
  ReduceMean: reduction(reduceMean),
  ReduceMax: reduction(reduceMax),
  ReduceMin: reduction(reduceMin),
  ReduceL2: reduction(reduceL2),
  ReduceL1: reduction(sumOfSizes),
  ReduceSumSquare: reduction((x, axes, options) => reduceSum(squared(x), axes, options)),
  ReduceLogSum: reduction((x, axes, options) => g.log(reduceSum(x, axes, options))),
  ReduceLogSumExp: reduction((x, axes, options) => {
    const largest = reduceMax(x, axes, { keepDims: true });
    const sum = reduceSum(g.exp(g.sub(x, largest)), axes, { keepDims: true });
    return reduceSum(g.add(g.log(sum), largest), axes, options);
  }),
  ArgMax: (node) => indexOfMax(node, node.input(0)),
  ArgMin: (node) => indexOfMax(node, g.neg(node.input(0))),
  LpNormalization: (node) => {
    const x = node.input(0);
    const axes = [node.int("axis", -1)];
    const p = node.int("p", 2);
    node.require(p === 1 || p === 2, `p = ${p}`);
    const norm = p === 2 ? reduceL2 : sumOfSizes;
    return g.div(x, norm(x, axes, { keepDims: true }));
  },
  BatchNormalization: (node) => {
    node.require(node.int("training_mode", 0) === 0 && !node.outputs[1], "training mode");
    const [x, scale, bias, mean, variance] = [0, 1, 2, 3, 4].map((i) => node.input(i));
    const factor = g.div(scale, g.sqrt(g.add(variance, epsilonOf(node))));
    const offset = g.sub(bias, g.mul(mean, factor));
    return g.add(g.mul(x, perChannel(factor, x)), perChannel(offset, x));
  },
  InstanceNormalization: (node) => {
    const [x, scale, bias] = [0, 1, 2].map((i) => node.input(i));
    const axes = x.shape.map((_, axis) => axis).slice(2);
    const { centred, rate } = standardised(x, axes, epsilonOf(node));
    return g.add(g.mul(centred, g.mul(rate, perChannel(scale, x))), perChannel(bias, x));
  },
  GroupNormalization: groupNorm,
  LayerNormalization: (node) => {
    node.require(!node.outputs[1] && !node.outputs[2], "the statistics as outputs");
    const [x, scale, bias] = [node.input(0), node.input(1), node.inputs[2]];
    const { centred, rate } = standardised(x, lastAxes(node, x), epsilonOf(node));
    const scaled = g.mul(g.mul(centred, rate), scale);
    return bias === undefined ? scaled : g.add(scaled, bias);
  },
  RMSNormalization: (node) => {
    const [x, scale] = [node.input(0), node.input(1)];
    const power = reduceMean(squared(x), lastAxes(node, x), { keepDims: true });
    return g.mul(g.div(x, g.sqrt(g.add(power, epsilonOf(node)))), scale);
  },
};

function indexOfMax(node: ForeignNode, x: Tensor): Tensor {
  node.require(node.int("select_last_index", 0) === 0, "select_last_index");
  return argMax(x, node.int("axis", 0), { keepDims: node.int("keepdims", 1) === 1 });
}

/** One number per channel, shaped to broadcast over `[batch, channels, ...space]`. */
function perChannel(values: Tensor, x: Tensor): Tensor {
  return reshape(values, [values.shape[0], ...x.shape.slice(2).map(() => 1)]);
}

/** x without its mean over the axes, and one over its standard deviation. */
function standardised(x: Tensor, axes: readonly number[], epsilon: number) {
  const centred = g.sub(x, reduceMean(x, axes, { keepDims: true }));
  const variance = reduceMean(squared(centred), axes, { keepDims: true });
  return { centred, rate: g.reciprocal(g.sqrt(g.add(variance, epsilon))) };
}

/** Scale and bias are given by group up to operator set 20, then by channel. */
function groupNorm(node: ForeignNode): Tensor {
  const [x, scale, bias] = [0, 1, 2].map((i) => node.input(i));
  const groups = node.int("num_groups");
  const [batch, channels] = x.shape;
  const { centred, rate } = standardised(reshape(x, [batch, groups, -1]), [2], epsilonOf(node));
  if (scale.shape[0] === groups && node.opset < 21) {
    const scaled = g.mul(centred, g.mul(rate, reshape(scale, [groups, 1])));
    return reshape(g.add(scaled, reshape(bias, [groups, 1])), x.shape);
  }
  if (scale.shape[0] !== channels) throw new RangeError(`scales for ${channels} channels required`);
  const normal = reshape(g.mul(centred, rate), x.shape);
  return g.add(g.mul(normal, perChannel(scale, x)), perChannel(bias, x));
}
