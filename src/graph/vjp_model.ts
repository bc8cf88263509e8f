/** The gradient of a whole ONNX model, as a model of its own. @module */
import { InputError } from "../errors.ts";
import { type ForeignValue, importOnnx, type ImportOptions } from "./import/import_onnx.ts";
import { isFloat } from "./ops/elementwise.ts";
import { input } from "./ops/leaf.ts";
import { encodeModel, type NamedTensors } from "./proto.ts";
import { formatShape } from "./shapes.ts";
import type { Shape, Tensor } from "./tensor.ts";
import { vjp } from "./vjp.ts";

/** Options of `vjpModel`. */
export interface VjpModelOptions extends ImportOptions {
  /** Shapes of inputs by name; needed where the model leaves sizes open. */
  readonly shapes?: Readonly<Record<string, Shape>>;
}

/**
 * Writes the model that computes what `bytes` computes and its vector-Jacobian products.
 *
 * Its inputs are those of the original and `cotangent_<output>` for each float output; its outputs
 * those of the original and `vjp_<input>` for each float input. Any onnxruntime can run it.
 * @param bytes an ONNX model
 * @throws {InputError} when the model cannot be read, leaves a size open that `shapes` does not give,
 * or has an operator without a derivative between its inputs and outputs
 * @example
 * ```ts
 * import { encodeModel, importOnnx, input, sin, vjpModel } from "@larmor/larmor/graph";
 *
 * const x = input("x", [2]);
 * const gradient = importOnnx(vjpModel(encodeModel({ x }, { y: sin(x) })));
 * console.assert(gradient.inputs[1].name === "cotangent_y");
 * console.assert(gradient.outputs[1].name === "vjp_x");
 * ```
 */
export function vjpModel(
  bytes: Uint8Array,
  { shapes = {}, ...options }: VjpModelOptions = {},
): Uint8Array<ArrayBuffer> {
  const model = importOnnx(bytes, options);
  const names = model.inputs.map(({ name }) => name);
  const unknown = Object.keys(shapes).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InputError(
      `Cannot give ${unknown} a shape: the inputs of the model are ${names.join(", ")}`,
    );
  }
  const inputs = Object.fromEntries(
    model.inputs.map((value) => [value.name, inputOf(value, shapes[value.name])]),
  );
  const outputs = model.apply(inputs);
  const wanted = floatsOf(inputs);
  const from = floatsOf(outputs);
  const cotangents = Object.fromEntries(from.map(([name, { shape, dtype }]) => {
    const cotangent = `cotangent_${name}`;
    return [cotangent, input(cotangent, shape, dtype)];
  }));
  try {
    const tensors = (entries: [string, Tensor][]) => entries.map(([, tensor]) => tensor);
    const products = vjp(tensors(from), tensors(wanted), Object.values(cotangents));
    const gradients = Object.fromEntries(wanted.map(([name], i) => [`vjp_${name}`, products[i]]));
    return encodeModel(joined(inputs, cotangents), joined(outputs, gradients));
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new InputError(`Cannot write the gradient of the model: ${cause.message}`, { cause });
  }
}

const floatsOf = (tensors: NamedTensors) =>
  Object.entries(tensors).filter(([, { dtype }]) => isFloat(dtype));

function joined(first: NamedTensors, second: NamedTensors): NamedTensors {
  const taken = Object.keys(second).find((name) => Object.hasOwn(first, name));
  if (taken !== undefined) throw new TypeError(`the model uses the name ${taken} itself`);
  return { ...first, ...second };
}

function inputOf({ name, dtype, shape }: ForeignValue, given: Shape | undefined): Tensor {
  const sizes = given ?? shape?.filter((size) => typeof size === "number" && size > 0) ?? [];
  if (given === undefined && sizes.length !== shape?.length) {
    throw new InputError(
      `Cannot differentiate the model: the shape [${shape?.join(", ") ?? "?"}] of input ${name} ` +
        `leaves sizes open`,
      { hint: `Give all of them, as in --shape ${name}=1,3,64,64` },
    );
  }
  if (!sizes.every((size) => Number.isInteger(size) && Number(size) > 0)) {
    const found = formatShape(sizes as Shape);
    throw new InputError(
      `Cannot give ${name} the shape ${found}: positive whole sizes are required`,
    );
  }
  return input(name, sizes as Shape, dtype);
}
