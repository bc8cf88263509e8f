/** Memory that a graph needs while it runs. @module */
import { sizeOf } from "../../ndarray.ts";
import { type DType, type Tensor, topological } from "../tensor.ts";

const BYTES: Record<DType, number> = {
  float32: 4,
  float64: 8,
  int32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
};

/** Operators that only change the shape: onnxruntime does not copy their input. */
const VIEWS: ReadonlySet<string> = new Set(["Reshape", "Identity"]);

/** Memory of a graph. */
export interface GraphMemory {
  /** Bytes of its constants. */
  readonly constants: number;
  /** Largest sum of bytes of the values that are alive at one time, inputs and outputs included. */
  readonly values: number;
}

/**
 * The memory of a graph that runs node by node in topological order and frees each value after its
 * last use, as onnxruntime does. That onnxruntime may also reuse an input's memory is not counted.
 */
export function graphMemory(outputs: readonly Tensor[]): GraphMemory {
  const order = topological(outputs);
  const lastUse = new Map<Tensor, number>();
  order.forEach((tensor, step) => {
    for (const input of tensor.inputs) lastUse.set(owner(input), step);
  });
  for (const output of outputs) lastUse.set(owner(output), Infinity);
  const ending = new Map<number, number>();
  for (const [tensor, step] of lastUse) {
    if (tensor.op !== "Constant") ending.set(step, (ending.get(step) ?? 0) + bytesOf(tensor));
  }
  let constants = 0, alive = 0, values = 0;
  order.forEach((tensor, step) => {
    if (tensor.op === "Constant") constants += bytesOf(tensor);
    else if (owner(tensor) === tensor) alive += bytesOf(tensor);
    values = Math.max(values, alive);
    alive -= ending.get(step) ?? 0;
  });
  return { constants, values };
}

/** The tensor whose memory holds a value. */
function owner(tensor: Tensor): Tensor {
  return VIEWS.has(tensor.op) ? owner(tensor.inputs[0]) : tensor;
}

const bytesOf = ({ dtype, shape }: Tensor): number => BYTES[dtype] * sizeOf(shape);
