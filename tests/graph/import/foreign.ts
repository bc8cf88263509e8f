/** Small ONNX models written by hand, as other tools write them. @module */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType as Type,
  AttributeProtoSchema,
  type MessageInitShape,
  ModelProtoSchema,
  type NodeProtoSchema,
} from "../onnx.ts";

/** An attribute: whole numbers are `int`, other numbers have to be wrapped as `{ float }`. */
export type Attribute =
  | number
  | readonly number[]
  | string
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Weight };

/** A weight: int64 where `int64` is set, else float32. */
export interface Weight {
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Elements. */
  readonly data: readonly number[];
  /** Whether the elements are int64. */
  readonly int64?: boolean;
}

/** One node. */
export interface Node {
  /** Operator. */
  readonly op: string;
  /** Names of the inputs. */
  readonly inputs: readonly string[];
  /** Names of the outputs; `y` by default. */
  readonly outputs?: readonly string[];
  /** Attributes by name. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

/** A model to be written. */
export interface Model {
  /** Version of the operator set; 17 by default. */
  readonly opset?: number;
  /** Shapes of the inputs, all float32. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Weights by name. */
  readonly weights?: Readonly<Record<string, Weight>>;
  /** Nodes in order. */
  readonly nodes: readonly Node[];
  /** Outputs (float32); `y` by default. */
  readonly outputs?: readonly string[];
}

/** int64 values as a weight. */
export const ints = (...data: number[]): Weight => ({ shape: [data.length], data, int64: true });

/** float32 values as a weight. */
export const floats = (...data: number[]): Weight => ({ shape: [data.length], data });

/** The bytes of a model. */
export function writeModel(model: Model): Uint8Array<ArrayBuffer> {
  const { opset = 17, inputs, weights = {}, nodes, outputs = ["y"] } = model;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: "", version: BigInt(opset) }],
      graph: {
        name: "test",
        node: nodes.map(nodeOf),
        initializer: Object.entries(weights).map(([name, weight]) => ({
          ...tensorOf(weight),
          name,
        })),
        input: Object.entries(inputs).map(([name, shape]) => valueOf(name, shape)),
        output: outputs.map((name) => valueOf(name)),
      },
    }),
  );
}

function nodeOf(
  { op, inputs, outputs = ["y"], attributes = {} }: Node,
): MessageInitShape<typeof NodeProtoSchema> {
  return {
    name: `the_${op}`,
    opType: op,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([name, value]) => attributeOf(name, value)),
  };
}

function attributeOf(name: string, value: Attribute): AttributeProto {
  const make = (init: MessageInitShape<typeof AttributeProtoSchema>) =>
    create(AttributeProtoSchema, { name, ...init });
  if (typeof value === "number") return make({ type: Type.INT, i: BigInt(value) });
  if (typeof value === "string") {
    return make({ type: Type.STRING, s: new TextEncoder().encode(value) });
  }
  if ("float" in value) return make({ type: Type.FLOAT, f: value.float });
  if ("floats" in value) return make({ type: Type.FLOATS, floats: [...value.floats] });
  if ("tensor" in value) return make({ type: Type.TENSOR, t: tensorOf(value.tensor) });
  return make({ type: Type.INTS, ints: value.map(BigInt) });
}

function tensorOf({ shape, data, int64 = false }: Weight) {
  const dims = shape.map(BigInt);
  return int64
    ? { dims, dataType: 7, int64Data: data.map(BigInt) }
    : { dims, dataType: 1, floatData: [...data] };
}

function valueOf(name: string, shape?: readonly (number | string)[]) {
  const dim = shape?.map((size) => ({
    value: typeof size === "number"
      ? { case: "dimValue" as const, value: BigInt(size) }
      : { case: "dimParam" as const, value: size },
  }));
  const tensorType = { elemType: 1, ...(dim && { shape: { dim } }) };
  return { name, type: { value: { case: "tensorType" as const, value: tensorType } } };
}
