/** Builds the tensors of a foreign graph, node by node. @module */
import { sizeOf } from "../../ndarray.ts";
import { InputError } from "../../errors.ts";
import { reason } from "../../host.ts";
import { evaluate } from "../host/evaluate.ts";
import type { OpName } from "../ops/attributes.ts";
import { constantOf, typedData } from "../ops/leaf.ts";
import type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  NodeProto,
  TensorProto,
} from "../proto.ts";
import { type Tensor, topological } from "../tensor.ts";
import { arithmeticRules } from "./arithmetic.ts";
import { constantFrom, type ExternalLoader } from "./constants.ts";
import { movementRules } from "./movement.ts";
import { ForeignNode, type ForeignRules, numbersOf } from "./node.ts";
import { reduceRules } from "./reduce.ts";
import { windowRules } from "./window.ts";

/** Rules of the operators that a foreign model may have, by name. */
export const foreignRules: ForeignRules = {
  ...arithmeticRules,
  ...movementRules,
  ...windowRules,
  ...reduceRules,
};

/** What all graphs of a model share. */
export interface ModelContext {
  /** Version of the operator set. */
  readonly opset: number;
  /** Functions that the model defines itself, by `functionKey`. */
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Nodes that may still be built: nested functions could expand without limit. */
  readonly budget: { left: number };
  /** Weights read so far, shared by all uses of a model. */
  readonly weights: WeakMap<TensorProto, Tensor>;
  /** Reads weights from other files. */
  readonly external?: ExternalLoader;
  /** How deep the present graph is nested. */
  readonly depth: number;
}

/** Tensors by the name the model gives them. */
export type Scope = Map<string, Tensor>;

/** Deepest nesting of branches and functions, so that a function that calls itself ends. */
const MAX_DEPTH = 32;
/** Most values of a tensor that a node makes: 2 GiB of float32. A small file can ask for far more. */
const MAX_VALUES = 2 ** 29;

/** Most nodes of a model, with its functions inlined; large networks have some ten thousand. */
export const MAX_NODES = 200_000;

/** Largest constant that is computed here; larger ones are left to onnxruntime. */
const MAX_FOLDED = 1 << 14;

/** Operators whose cost is not bounded by the sizes of their inputs and outputs. */
const NOT_FOLDED: readonly OpName[] = ["Conv", "ConvTranspose", "AveragePool", "MaxPool", "Resize"];

/** Name under which a model's own function is called. */
export function functionKey({ domain, name }: Pick<FunctionProto, "domain" | "name">): string {
  return `${domain}::${name}`;
}

const isStandard = (domain: string) => domain === "" || domain === "ai.onnx";

/** Version of ONNX's own operators; undefined where it is not given. */
export function opsetOf({ opsetImport }: Pick<FunctionProto, "opsetImport">): number | undefined {
  const version = opsetImport.find(({ domain }) => isStandard(domain))?.version;
  return version === undefined ? undefined : Number(version);
}

/**
 * Adds the weights and the results of all nodes of a graph to the scope.
 * @throws {InputError} naming the node that cannot be imported
 */
export function runGraph(graph: GraphProto, scope: Scope, model: ModelContext): void {
  if (graph.sparseInitializer.length > 0) {
    throw new InputError("Cannot import the model: sparse weights are not supported");
  }
  for (const tensor of graph.initializer) {
    const read = () => model.weights.get(tensor) ?? constantFrom(tensor, model.external);
    const weight = attempt("the model", read);
    model.weights.set(tensor, weight);
    scope.set(tensor.name, weight);
  }
  runNodes(graph.node, scope, model);
}

function runNodes(
  nodes: readonly NodeProto[],
  scope: Scope,
  model: ModelContext,
  callerAttributes: readonly AttributeProto[] = [],
): void {
  if (model.depth > MAX_DEPTH) {
    throw new InputError(`Cannot import the model: functions are nested deeper than ${MAX_DEPTH}`);
  }
  for (const node of nodes) {
    if (model.budget.left-- <= 0) {
      throw new InputError(`Cannot import the model: it has more than ${MAX_NODES} nodes`);
    }
    const attributes = boundAttributes(node, callerAttributes);
    attempt(`node ${nameOf(node)} (${node.opType})`, () => runNode(node, attributes, scope, model));
  }
}

/** Turns errors into `InputError`s; an `InputError` already names its place. */
function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new InputError(`Cannot import ${what}: ${reason(cause)}`, { cause });
  }
}

function runNode(
  proto: NodeProto,
  attributes: readonly AttributeProto[],
  scope: Scope,
  model: ModelContext,
): void {
  const inputs = proto.input.map((name) => name === "" ? undefined : lookUp(scope, name));
  const node = new ForeignNode(proto, model.opset, inputs, attributes);
  const results = resultsOf(proto, node, attributes, scope, model);
  proto.output.forEach((name, i) => {
    if (name === "") return;
    if (results[i] === undefined) throw new TypeError(`output ${i} is not supported`);
    const values = sizeOf(results[i].shape);
    if (!(values <= MAX_VALUES)) {
      throw new RangeError(
        `at most ${MAX_VALUES} values are possible, found ${values} for ${name}`,
      );
    }
    scope.set(name, results[i]);
  });
}

const nameOf = (node: NodeProto) => node.name || node.output[0] || "without a name";

/** Marks what was made between the inputs of a node and a result with the name of the node. */
function setOrigin(result: Tensor, inputs: readonly (Tensor | undefined)[], name: string): void {
  if (result.origin !== undefined || result.inputs.length === 0 || inputs.includes(result)) return;
  result.origin = name;
  for (const input of result.inputs) setOrigin(input, inputs, name);
}

function resultsOf(
  proto: NodeProto,
  node: ForeignNode,
  attributes: readonly AttributeProto[],
  scope: Scope,
  model: ModelContext,
): readonly Tensor[] {
  const { domain, opType: op } = proto;
  const inner = { ...model, depth: model.depth + 1 };
  const custom = model.functions.get(functionKey({ domain, name: op }));
  if (custom !== undefined) return callFunction(custom, node, attributes, inner);
  if (isStandard(domain) && op === "If") {
    const [holds] = numbersOf(node.input(0), "the condition");
    const branch = node.graph(holds ? "then_branch" : "else_branch");
    const branchScope = new Map(scope);
    runGraph(branch, branchScope, inner);
    return branch.output.map(({ name }) => lookUp(branchScope, name));
  }
  if (!isStandard(domain) || !Object.hasOwn(foreignRules, op)) {
    const name = `${domain || "ai.onnx"}.${op}`;
    throw new TypeError(`operator ${name} (operator set ${model.opset}) is not supported`);
  }
  const results = [foreignRules[op](node)].flat();
  for (const result of results) setOrigin(result, node.inputs, nameOf(proto));
  return node.inputs.every((x) => x === undefined || isFoldable(x)) ? results.map(fold) : results;
}

function lookUp(scope: Scope, name: string): Tensor {
  const tensor = scope.get(name);
  if (tensor === undefined) {
    throw new TypeError(`${JSON.stringify(name)} is used, but nothing before it makes it`);
  }
  return tensor;
}

/** Attributes of a node; in a function's body, references are replaced by the caller's attributes. */
function boundAttributes(
  { attribute }: NodeProto,
  callerAttributes: readonly AttributeProto[],
): readonly AttributeProto[] {
  return attribute.flatMap((own) => {
    if (own.refAttrName === "") return [own];
    const given = callerAttributes.find(({ name }) => name === own.refAttrName);
    return given === undefined ? [] : [{ ...given, name: own.name }];
  });
}

function callFunction(
  body: FunctionProto,
  node: ForeignNode,
  attributes: readonly AttributeProto[],
  model: ModelContext,
): readonly Tensor[] {
  const scope: Scope = new Map();
  body.input.forEach((name, i) => {
    const value = node.inputs[i];
    if (value !== undefined) scope.set(name, value);
  });
  const given = [...attributes, ...body.attributeProto.filter((a) => !node.has(a.name))];
  runNodes(body.node, scope, { ...model, opset: opsetOf(body) ?? model.opset }, given);
  return body.output.map((name) => lookUp(scope, name));
}

function isFoldable(tensor: Tensor): boolean {
  return tensor.op === "Constant" && sizeOf(tensor.shape) <= MAX_FOLDED;
}

/** Computes a result whose inputs are all constants: shape arithmetic, and small weights. */
function fold(tensor: Tensor): Tensor {
  if (tensor.op === "Constant") return tensor;
  const known = topological([tensor]).every((node) =>
    node.op !== "Input" && !NOT_FOLDED.includes(node.op) && sizeOf(node.shape) <= MAX_FOLDED
  );
  if (!known) return tensor;
  const [{ data, shape }] = evaluate([tensor]);
  return constantOf(typedData(tensor.dtype, data), shape, tensor.dtype);
}
