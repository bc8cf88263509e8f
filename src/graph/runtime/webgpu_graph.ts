/**
 * Graphs as the WebGPU provider computes them right. In onnxruntime 1.30 a convolution whose input has
 * 6, 9, 15, 18, ... channels (more than three, divided by three and not by four) gives numbers that have
 * nothing to do with the right ones; microsoft/onnxruntime issue 29651 is of this kind. Its input and its
 * weights get channels of zeros up to a multiple of four.
 * @module
 */
import { apply } from "../apply.ts";
import type { ConstantData } from "../ops/attributes.ts";
import { constantOf } from "../ops/leaf.ts";
import { concat } from "../ops/movement.ts";
import { sizeOf } from "../../ndarray.ts";
import { type Shape, type Tensor, topological } from "../tensor.ts";

/** Whether a convolution of so many channels is computed wrong. */
const isWrong = (channels: number): boolean =>
  channels > 3 && channels % 3 === 0 && channels % 4 !== 0;

/** The same values by operators that WebGPU computes right. */
export function forWebgpu<O extends string>(outputs: Readonly<Record<O, Tensor>>) {
  const made = new Map<Tensor, Tensor>();
  for (const node of topological(Object.values<Tensor>(outputs))) {
    const inputs = node.inputs.map((tensor) => made.get(tensor)!);
    made.set(node, rebuilt(node, inputs));
  }
  const entries = Object.entries<Tensor>(outputs).map((
    [name, tensor],
  ) => [name, made.get(tensor)!]);
  return Object.fromEntries(entries) as Record<O, Tensor>;
}

function rebuilt(node: Tensor, inputs: readonly Tensor[]): Tensor {
  if (node.op === "Conv") {
    const { attributes } = node as Tensor<"Conv">;
    const [x, weight, ...bias] = inputs;
    if (attributes.group === 1 && isWrong(x.shape[1])) {
      return apply("Conv", [widened(x), widened(weight), ...bias], attributes);
    }
  }
  if (inputs.every((tensor, i) => tensor === node.inputs[i])) return node;
  return apply(node.op, inputs, node.attributes);
}

/** `[A, C, ...]` with channels of zeros after its own, up to a multiple of four. */
function widened(x: Tensor): Tensor {
  const [count, channels, ...rest] = x.shape;
  const more = 4 - channels % 4;
  const shape: Shape = [count, more, ...rest];
  const zeros = constantOf(new Float32Array(sizeOf(shape)), shape);
  if (x.op !== "Constant") return concat([x, zeros], 1);
  const { data } = (x as Tensor<"Constant">).attributes;
  const each = channels * sizeOf(rest), wide = (channels + more) * sizeOf(rest);
  const padded = new Float32Array(count * wide);
  for (let i = 0; i < count; i++) {
    padded.set(floats(data).subarray(i * each, (i + 1) * each), i * wide);
  }
  return constantOf(padded, [count, channels + more, ...rest]);
}

const floats = (data: ConstantData): Float32Array =>
  data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>);
