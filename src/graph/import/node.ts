/** One node of a foreign model, as the rules of `import/` see it. @module */
import { type AttributeProto, AttributeType, type GraphProto, type NodeProto } from "../proto.ts";
import type { ConstantData } from "../ops/attributes.ts";
import type { Tensor } from "../tensor.ts";
import { constantFrom } from "./constants.ts";

/** A node of a foreign model with its inputs as tensors. */
export class ForeignNode {
  readonly op: string;
  /** Version of the operator set of the model. */
  readonly opset: number;
  /** Inputs in order; undefined where an optional one is left out. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Names of the outputs; empty where an optional one is left out. */
  readonly outputs: readonly string[];
  readonly #attributes: ReadonlyMap<string, AttributeProto>;

  constructor(
    { opType, output }: NodeProto,
    opset: number,
    inputs: readonly (Tensor | undefined)[],
    attributes: readonly AttributeProto[],
  ) {
    this.op = opType;
    this.opset = opset;
    this.inputs = inputs;
    this.outputs = output;
    this.#attributes = new Map(attributes.map((attribute) => [attribute.name, attribute]));
  }

  /** An input that is required. */
  input(index: number): Tensor {
    const tensor = this.inputs[index];
    if (tensor === undefined) throw new TypeError(`input ${index} is missing`);
    return tensor;
  }

  /** All inputs, none of which may be missing. */
  all(): Tensor[] {
    return this.inputs.map((_, index) => this.input(index));
  }

  has(name: string): boolean {
    return this.#attributes.has(name);
  }

  int(name: string, fallback?: number): number {
    return Number(this.#read(name, AttributeType.INT, fallback)?.i ?? fallback);
  }

  /** Undefined when the attribute is not given, as in `floats` and `tensor`. */
  ints(name: string): number[] | undefined {
    return this.#read(name, AttributeType.INTS, null)?.ints.map(Number);
  }

  float(name: string, fallback?: number): number {
    return this.#read(name, AttributeType.FLOAT, fallback)?.f ?? fallback!;
  }

  floats(name: string): number[] | undefined {
    return this.#read(name, AttributeType.FLOATS, null)?.floats;
  }

  text(name: string, fallback: string): string {
    const attribute = this.#read(name, AttributeType.STRING, fallback);
    return attribute === undefined ? fallback : new TextDecoder().decode(attribute.s);
  }

  /** One of the texts that are supported; the first where the attribute is not given. */
  choice<T extends string>(name: string, choices: readonly T[], fallback: T = choices[0]): T {
    const given = this.text(name, fallback) as T;
    this.require(choices.includes(given), `${name} ${given}`);
    return given;
  }

  tensor(name: string): Tensor<"Constant"> | undefined {
    const attribute = this.#read(name, AttributeType.TENSOR, null);
    return attribute?.t && constantFrom(attribute.t);
  }

  graph(name: string): GraphProto {
    const graph = this.#read(name, AttributeType.GRAPH)?.g;
    if (graph === undefined) throw new TypeError(`attribute ${name} holds no graph`);
    return graph;
  }

  /** Numbers of a constant input; undefined when the input is left out. */
  numbers(index: number, what: string): number[] | undefined {
    const tensor = this.inputs[index];
    return tensor && numbersOf(tensor, what);
  }

  /** Whole numbers that are an attribute in old operator sets and an input in new ones. */
  intsOf(name: string, index: number): number[] | undefined {
    return this.ints(name) ?? this.numbers(index, name);
  }

  /** Throws unless an attribute has a supported value. */
  require(fits: boolean, what: string): void {
    if (!fits) throw new TypeError(`${what} is not supported`);
  }

  #read(name: string, type: AttributeType, fallback?: unknown): AttributeProto | undefined {
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) {
      if (fallback !== undefined) return undefined;
      throw new TypeError(`attribute ${name} is missing`);
    }
    // Models older than 2018 leave the type out.
    if (attribute.type !== type && attribute.type !== AttributeType.UNDEFINED) {
      throw new TypeError(`attribute ${name} has type ${attribute.type}, ${type} is required`);
    }
    return attribute;
  }
}

/**
 * Numbers of a constant.
 * @throws {TypeError} when the tensor depends on an input of the model
 */
export function numbersOf(tensor: Tensor, what: string): number[] {
  if (tensor.op !== "Constant") {
    throw new TypeError(`${what} must be known when the graph is built, found a computed value`);
  }
  const { data } = tensor.attributes as { readonly data: ConstantData };
  return Array.from(data as ArrayLike<number | bigint>, Number);
}

/** Builds the results of a foreign operator, in the order of the node's outputs. */
export type ForeignRule = (node: ForeignNode) => Tensor | readonly Tensor[];

/** Rules by name of the foreign operator. */
export type ForeignRules = Readonly<Record<string, ForeignRule>>;
