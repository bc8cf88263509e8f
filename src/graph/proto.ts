/**
 * Graphs to ONNX bytes and back. The only file that imports protobuf code.
 * @module
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import { type NdArray, ndarray } from "../ndarray.ts";
import { ruleOf } from "./apply.ts";
import type { ConstantData, OpName } from "./ops/attributes.ts";
import { onnxType } from "./ops/elementwise.ts";
import { dtypeOfData } from "./ops/leaf.ts";
import type { Encoding, NodeAttribute } from "./rule.ts";
import { type Shape, type Tensor, topological } from "./tensor.ts";

export type {
  AttributeProto,
  FunctionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
};
export { AttributeType };

/**
 * Versions that onnxruntime 1.30 reads. At operator set 22 its WebGPU provider lacks Sin, Cos, Elu,
 * ConvTranspose and MaxPool, which it has at 21.
 */
const IR_VERSION = 10n;
const OPSET = 21n;

/** Named tensors: the inputs or outputs of a graph. */
export type NamedTensors = Readonly<Record<string, Tensor>>;

/** Sizes of an input or output as the file declares them: a text leaves a size open. */
export type DeclaredShape = readonly (string | number)[];

/** Options of `encodeModel`. */
export interface EncodeOptions {
  /**
   * Declared shapes of inputs and outputs by name, in place of their own, e.g. `["N", 2, "H", "W"]`.
   * The model runs at other sizes if its operators store none, as convolutions and additions do.
   */
  readonly shapes?: Readonly<Record<string, DeclaredShape>>;
}

/**
 * Writes the graph between inputs and outputs as an ONNX model (IR 10, opset 21).
 * @param inputs `Input` tensors by the name the model gives them
 * @param outputs tensors by the name the model gives them
 * @throws {TypeError} when an output depends on an `Input` that is not listed, when an input is no
 * `Input`, or when an input and an output share a name
 */
export function encodeModel(
  inputs: NamedTensors,
  outputs: NamedTensors,
  { shapes = {} }: EncodeOptions = {},
): Uint8Array<ArrayBuffer> {
  const writer = new GraphWriter(inputs, outputs);
  for (const tensor of topological(Object.values(outputs))) writer.add(tensor);
  for (const [name, tensor] of Object.entries(outputs)) writer.alias(tensor, name);
  const graph = create(GraphProtoSchema, {
    name: "larmor",
    node: writer.nodes,
    initializer: writer.initializers,
    input: declared(inputs, shapes),
    output: declared(outputs, shapes),
  });
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "larmor",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })],
    graph,
  });
  return toBinary(ModelProtoSchema, model);
}

class GraphWriter {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #names = new Map<Tensor, string>();
  readonly #outputNames = new Map<Tensor, string>();
  readonly #constants = new Map<string, string>();
  readonly #constantNames = new Set<string>();
  readonly #public: ReadonlySet<string>;

  constructor(inputs: NamedTensors, outputs: NamedTensors) {
    const names = [...Object.keys(inputs), ...Object.keys(outputs)];
    this.#public = new Set(names);
    if (this.#public.size < names.length) {
      throw new TypeError(
        `Cannot encode the graph: different names are required for inputs and outputs, ` +
          `found ${names.join(", ")}`,
      );
    }
    for (const [name, tensor] of Object.entries(inputs)) {
      if (tensor.op !== "Input") {
        throw new TypeError(
          `Cannot encode the graph: input ${name} must be an Input, found ${tensor.op}`,
        );
      }
      this.#names.set(tensor, name);
    }
    // An output is the name of the node that makes it. An Identity node with that name would be simpler,
    // but onnxruntime 1.30 breaks the graph when it removes one whose input is also padded for a Conv.
    for (const [name, tensor] of Object.entries(outputs)) {
      if (!this.#outputNames.has(tensor)) this.#outputNames.set(tensor, name);
    }
  }

  /** A name that is not one of the graph's inputs or outputs. */
  #fresh(name: string): string {
    return this.#public.has(name) ? this.#fresh(`${name}_`) : name;
  }

  add(tensor: Tensor): void {
    if (this.#names.has(tensor)) return;
    if (tensor.op === "Input") {
      const { name } = (tensor as Tensor<"Input">).attributes;
      throw new TypeError(`Cannot encode the graph: input ${name} is used but not listed`);
    }
    if (tensor.op === "Constant") {
      const { data, name } = (tensor as Tensor<"Constant">).attributes;
      const { rank, shape } = tensor;
      const type = onnxType(tensor.dtype);
      const written = rank === 0 && name === undefined
        ? this.#shared(data, shape, type)
        : this.#initializer(data, shape, type, name);
      this.#names.set(tensor, written);
      return;
    }
    const encoding = ruleOf<OpName>(tensor.op).encode?.(tensor.attributes, tensor) ?? {};
    const label = `${tensor.op}_${this.nodes.length}`;
    const name = this.#outputNames.get(tensor) ?? this.#fresh(label);
    this.nodes.push(create(NodeProtoSchema, {
      name: tensor.origin === undefined ? label : `${label}:${tensor.origin}`,
      opType: tensor.op,
      input: [...tensor.inputs.map((x) => this.#names.get(x)!), ...this.#extraInputs(encoding)],
      output: [name],
      attribute: Object.entries(encoding.attributes ?? {}).map(([key, value]) =>
        attributeProto(key, value)
      ),
    }));
    this.#names.set(tensor, name);
  }

  /** Adds an Identity where an output is an input, a constant or another output as well. */
  alias(tensor: Tensor, name: string): void {
    if (this.#names.get(tensor) === name) return;
    const input = [this.#names.get(tensor)!];
    const node = { name: `Output_${name}`, opType: "Identity", input, output: [name] };
    this.nodes.push(create(NodeProtoSchema, node));
  }

  #extraInputs(encoding: Encoding): string[] {
    const names = (encoding.constants ?? []).map((constant) => {
      if (constant === null) return "";
      return this.#shared(constant.data, constant.shape, onnxType(dtypeOfData(constant.data)));
    });
    while (names.at(-1) === "") names.pop();
    return names;
  }

  /** An initializer; equal ones are written once. */
  #shared(data: ConstantData, shape: Shape, type: number): string {
    const key = `${type}|${shape}|${bytesOf(data)}`;
    const name = this.#constants.get(key) ?? this.#initializer(data, shape, type);
    this.#constants.set(key, name);
    return name;
  }

  #initializer(data: ConstantData, shape: Shape, dataType: number, wanted?: string): string {
    const free = wanted !== undefined && !this.#constantNames.has(wanted);
    const name = this.#fresh(free ? wanted : `constant_${this.initializers.length}`);
    this.#constantNames.add(name);
    const content = { name, dataType, dims: shape.map(BigInt), rawData: bytesOf(data) };
    this.initializers.push(create(TensorProtoSchema, content));
    return name;
  }
}

function bytesOf(data: ConstantData): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function attributeProto(name: string, value: NodeAttribute): AttributeProto {
  const attribute = () => {
    if (typeof value === "number" || typeof value === "boolean") {
      return { type: AttributeType.INT, i: BigInt(value) };
    }
    if (typeof value === "string") {
      return { type: AttributeType.STRING, s: new TextEncoder().encode(value) };
    }
    return "float" in value
      ? { type: AttributeType.FLOAT, f: value.float }
      : { type: AttributeType.INTS, ints: value.map(BigInt) };
  };
  return create(AttributeProtoSchema, { name, ...attribute() });
}

function declared(
  tensors: NamedTensors,
  shapes: Readonly<Record<string, DeclaredShape>>,
): ValueInfoProto[] {
  return Object.entries(tensors).map(([name, { dtype, shape }]) => {
    const dim = (shapes[name] ?? shape).map((size) => ({
      value: typeof size === "string"
        ? { case: "dimParam" as const, value: size }
        : { case: "dimValue" as const, value: BigInt(size) },
    }));
    const value = { elemType: onnxType(dtype), shape: { dim } };
    const type = { value: { case: "tensorType" as const, value } };
    return create(ValueInfoProtoSchema, { name, type });
  });
}

/**
 * Reads the bytes of an ONNX model.
 * @throws {Error} from the protobuf library when the bytes are no protobuf message
 */
export function decodeModel(bytes: Uint8Array): ModelProto {
  return fromBinary(ModelProtoSchema, bytes);
}

/** The float32 constants of a model that `encodeModel` wrote, by name, in the order of the file. */
export function modelWeights(bytes: Uint8Array): Record<string, NdArray> {
  const initializers = decodeModel(bytes).graph?.initializer ?? [];
  return Object.fromEntries(
    initializers.filter(({ dataType }) => dataType === onnxType("float32")).map((tensor) => [
      tensor.name,
      ndarray(new Float32Array(tensor.rawData.slice().buffer), tensor.dims.map(Number)),
    ]),
  );
}
