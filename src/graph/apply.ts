/** Applies operators to tensors, with the rule table of all operators. @module */
import { elementwiseRules } from "./ops/elementwise.ts";
import { activationRules, softmaxRules } from "./ops/activation.ts";
import { linearRules } from "./ops/linear.ts";
import { convRules } from "./ops/conv.ts";
import { movementRules } from "./ops/movement.ts";
import { reduceRules } from "./ops/reduce.ts";
import { leafRules } from "./ops/leaf.ts";
import type { OpAttributes, OpName } from "./ops/attributes.ts";
import type { OpRule } from "./rule.ts";
import { Tensor } from "./tensor.ts";

type RuleTable = { readonly [K in OpName]: OpRule<K> };

let table: RuleTable | undefined;

function rules(): RuleTable {
  // Joined at first use: the files of ops/ import this one, so their tables may not exist yet
  // when it is evaluated.
  return table ??= {
    ...leafRules,
    ...elementwiseRules,
    ...activationRules,
    ...softmaxRules,
    ...linearRules,
    ...convRules,
    ...movementRules,
    ...reduceRules,
  };
}

/** The rule of an operator. */
export function ruleOf<K extends OpName>(op: K): OpRule<K> {
  return rules()[op] as unknown as OpRule<K>;
}

/** Names of all operators that have a rule. */
export const operatorNames = () => Object.keys(rules()) as OpName[];

/**
 * Applies an operator.
 * @throws {TypeError} for inputs of the wrong kind
 * @throws {RangeError} for shapes or attributes that do not fit
 */
export function apply<K extends OpName>(
  op: K,
  inputs: readonly Tensor[],
  attributes: OpAttributes[K],
): Tensor<K> {
  return new Tensor(op, inputs, attributes, ruleOf(op).infer(inputs, attributes, op));
}
