/** Foreign ONNX models as functions on tensors. @module */
import { InputError } from "../../errors.ts";
import { reason } from "../../host.ts";
import { MOST_BYTES } from "../../limits.ts";
import { dtypeFrom, externalBytes, type ExternalLoader } from "./constants.ts";
import {
  functionKey,
  MAX_NODES,
  type ModelContext,
  opsetOf,
  runGraph,
  type Scope,
} from "./scope.ts";
import { decodeModel, type GraphProto, type ModelProto, type ValueInfoProto } from "../proto.ts";
import { formatShape } from "../shapes.ts";
import type { DType, Tensor } from "../tensor.ts";

export type { ExternalLoader };

/** An input or output of a foreign model. */
export interface ForeignValue {
  /** Name in the model. */
  readonly name: string;
  /** Element type; float16 is held as float32. */
  readonly dtype: DType;
  /** Sizes: numbers, names of open sizes, or `?`. Null: the number of axes is open too. */
  readonly shape: readonly (number | string)[] | null;
}

/** A foreign model, ready to be inlined into a graph any number of times. */
export interface ForeignModel {
  /** Inputs, without weights. */
  readonly inputs: readonly ForeignValue[];
  /** Outputs. */
  readonly outputs: readonly ForeignValue[];
  /**
   * The outputs for given inputs, whose shapes settle all others.
   * @throws {InputError} when an input is missing or does not fit, or for a node without a rule
   */
  apply(inputs: Readonly<Record<string, Tensor>>): Record<string, Tensor>;
}

/** Options of `importOnnx`. */
export interface ImportOptions {
  /** Reads weights kept in other files (see `externalLoader`). Without it such models are refused. */
  readonly external?: ExternalLoader;
}

/**
 * Reads an ONNX model (operator sets 7 to 22, as PyTorch's exporters write them) as a function on
 * tensors, which can be composed and differentiated like any other.
 *
 * Shapes are static: those of the tensors passed to `apply`. Shape arithmetic is computed at once.
 * @throws {InputError} when the bytes are no ONNX model
 * @example
 * ```ts
 * import { encodeModel, importOnnx, input, mul } from "@larmor/larmor/graph";
 *
 * const x = input("x", [2]);
 * const model = importOnnx(encodeModel({ x }, { y: mul(x, 2) }));
 * const { y } = model.apply({ x: input("z", [2]) });
 * console.assert(y.shape[0] === 2);
 * ```
 */
export function importOnnx(bytes: Uint8Array, { external }: ImportOptions = {}): ForeignModel {
  const model = decode(bytes);
  const { graph } = model;
  const opset = opsetOf(model);
  if (opset === undefined) {
    throw new InputError("Cannot read the ONNX model: it does not say its operator set");
  }
  requireRoom(externalBytes(graph.initializer));
  const held = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !held.has(name)).map(foreignValue);
  const outputs = graph.output.map(foreignValue);
  const weights: ModelContext["weights"] = new WeakMap();
  const functions = new Map(model.functions.map((body) => [functionKey(body), body]));
  return {
    inputs,
    outputs,
    apply(tensors) {
      requireInputs(inputs, tensors);
      const scope: Scope = new Map(Object.entries(tensors));
      const budget = { left: MAX_NODES };
      runGraph(graph, scope, { opset, functions, weights, external, budget, depth: 0 });
      return Object.fromEntries(outputs.map(({ name }) => {
        const tensor = scope.get(name);
        if (tensor === undefined) {
          throw new InputError(`Cannot import the model: no node makes its output ${name}`);
        }
        return [name, tensor];
      }));
    },
  };
}

function requireRoom(weights: number): void {
  if (weights <= MOST_BYTES) return;
  throw new InputError(
    `Cannot read the weights of the ONNX model: at most ${MOST_BYTES} bytes of a model are possible, ` +
      `found ${weights} in other files`,
  );
}

function decode(bytes: Uint8Array): ModelProto & { graph: GraphProto } {
  let model: ModelProto;
  try {
    model = decodeModel(bytes);
  } catch (cause) {
    const message = "Cannot read the ONNX model: the bytes are not one, or not all of one";
    throw new InputError(message, { cause });
  }
  if (model.graph === undefined || model.graph.output.length === 0) {
    throw new InputError(
      "Cannot read the ONNX model: a graph with outputs is required, found none",
    );
  }
  return model as ModelProto & { graph: GraphProto };
}

function foreignValue({ name, type }: ValueInfoProto): ForeignValue {
  if (type?.value.case !== "tensorType") {
    throw new InputError(`Cannot import the model: ${name} must be a tensor`);
  }
  const { elemType, shape } = type.value.value;
  const sizes = shape?.dim.map(({ value }) =>
    value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : "?"
  );
  try {
    return { name, dtype: dtypeFrom(elemType), shape: sizes ?? null };
  } catch (cause) {
    throw new InputError(`Cannot import the model: ${name}: ${reason(cause)}`, { cause });
  }
}

function requireInputs(
  inputs: readonly ForeignValue[],
  tensors: Readonly<Record<string, Tensor>>,
): void {
  const names = inputs.map(({ name }) => name);
  const unknown = Object.keys(tensors).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`Cannot feed ${unknown}: the inputs of the model are ${names.join(", ")}`);
  }
  // Sizes found so far for those that the model leaves open but names.
  const open = new Map<unknown, number>();
  for (const { name, dtype, shape } of inputs) {
    if (!Object.hasOwn(tensors, name)) {
      throw new InputError(`Cannot apply the model: input ${name} is missing`);
    }
    const found = tensors[name];
    const required = shape?.map((size) => open.get(size) ?? size);
    const fits = required === undefined || (required.length === found.rank &&
      required.every((size, axis) => typeof size === "string" || size === found.shape[axis]));
    if (!fits || found.dtype !== dtype) {
      const sizes = required?.join(", ") ?? "any";
      throw new InputError(
        `Cannot apply the model: input ${name} must be ${dtype} [${sizes}], ` +
          `found ${found.dtype} ${formatShape(found.shape)}`,
      );
    }
    shape?.forEach((size, axis) => {
      if (typeof size === "string" && size !== "?" && size !== "") {
        open.set(size, found.shape[axis]);
      }
    });
  }
}
