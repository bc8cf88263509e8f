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

/** Memory of a graph, or of several. */
export interface GraphMemory {
  /** Bytes of its constants. */
  readonly constants: number;
  /**
   * Largest sum of bytes of the values that are alive at one time, outputs included. Inputs are the
   * caller's.
   */
  readonly values: number;
}

/**
 * The memory of a graph that runs node by node and frees each value after its last use. In which order
 * onnxruntime runs the nodes depends on how it rewrites the graph: the larger of two orders counts. That
 * it may also reuse an input's memory is not counted.
 */
export function graphMemory(outputs: readonly Tensor[]): GraphMemory {
  const order = topological(outputs);
  const constants = order.filter(({ op }) => op === "Constant").map(bytesOf);
  return {
    constants: constants.reduce((sum, bytes) => sum + bytes, 0),
    values: Math.max(mostAlive(order, outputs), mostAlive(lastFirst(order), outputs)),
  };
}

/** Most bytes of values that are alive at one time. */
function mostAlive(order: readonly Tensor[], outputs: readonly Tensor[]): number {
  const lastUse = new Map<Tensor, number>();
  order.forEach((tensor, step) => {
    for (const input of tensor.inputs) lastUse.set(owner(input), step);
  });
  for (const output of outputs) lastUse.set(owner(output), Infinity);
  const ending = new Map<number, number>();
  for (const [tensor, step] of lastUse) {
    if (isValue(tensor)) ending.set(step, (ending.get(step) ?? 0) + bytesOf(tensor));
  }
  let alive = 0, most = 0;
  order.forEach((tensor, step) => {
    if (isValue(tensor) && owner(tensor) === tensor) alive += bytesOf(tensor);
    most = Math.max(most, alive);
    alive -= ending.get(step) ?? 0;
  });
  return most;
}

/** Depth first from the last results, of the inputs of a node the one that was made last first. */
function lastFirst(made: readonly Tensor[]): Tensor[] {
  const place = new Map(made.map((tensor, i) => [tensor, i]));
  const used = new Set(made.flatMap(({ inputs }) => inputs));
  const order = new Set<Tensor>();
  const stack = made.filter((tensor) => !used.has(tensor));
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const missing = order.has(top) ? [] : top.inputs.filter((input) => !order.has(input));
    if (missing.length > 0) {
      stack.push(missing.reduce((a, b) => place.get(b)! > place.get(a)! ? b : a));
    } else {
      order.add(top);
      stack.pop();
    }
  }
  return [...order];
}

const isValue = ({ op }: Tensor) => op !== "Constant" && op !== "Input";

/** The tensor whose memory holds a value. */
function owner(tensor: Tensor): Tensor {
  return VIEWS.has(tensor.op) ? owner(tensor.inputs[0]) : tensor;
}

const bytesOf = ({ dtype, shape }: Tensor): number => BYTES[dtype] * sizeOf(shape);
