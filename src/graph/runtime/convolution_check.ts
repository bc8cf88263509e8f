/**
 * Whether a device computes convolutions right. The WebGPU provider has been reported to get the first
 * convolution of a graph wrong where its input has more than three channels (microsoft/onnxruntime issue
 * 29651): images would be wrong without a word. So each device but the CPU computes a few before it is
 * used.
 * @module
 */
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { evaluate, type HostArray } from "../host/evaluate.ts";
import { conv, convTranspose } from "../ops/conv.ts";
import { constantOf, input } from "../ops/leaf.ts";
import type { Tensor } from "../tensor.ts";

/** Channels of the inputs: those of images, of coils, and numbers that four does not divide. */
const CHANNELS = [2, 3, 4, 5, 9, 16];
const SIZE = 24, OUTPUTS = 8, KERNEL = 3;
/** Largest error relative to the largest value: float32 gives 1e-6. */
const TOLERANCE = 1e-4;

/** Numbers between -1 and 1 that repeat only after a long while. */
const values = (count: number, step: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * step + 1) % 1009) / 504.5 - 1);

/** A graph of convolutions: each number of channels, as networks begin, and transposed. */
export interface Convolutions {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly feeds: Readonly<Record<string, NdArray>>;
}

/** The convolutions that a device computes before it is used. */
export function convolutions(): Convolutions {
  const inputs: Record<string, Tensor> = {}, outputs: Record<string, Tensor> = {};
  const feeds: Record<string, NdArray> = {};
  for (const channels of CHANNELS) {
    const name = `x${channels}`, shape = [1, channels, SIZE, SIZE];
    const x = inputs[name] = input(name, shape);
    feeds[name] = ndarray(values(sizeOf(shape), 271), shape);
    const weights = (shape: readonly number[]) => constantOf(values(sizeOf(shape), 613), shape);
    outputs[`conv${channels}`] = conv(x, weights([OUTPUTS, channels, KERNEL, KERNEL]), undefined, {
      padding: 1,
    });
    outputs[`transposed${channels}`] = convTranspose(
      x,
      weights([channels, OUTPUTS, 2, 2]),
      undefined,
      { stride: 2 },
    );
  }
  return { inputs, outputs, feeds };
}

/**
 * Compares what a device computed with the same in float64 on the host.
 * @throws {Error} when a convolution is wrong
 */
export function checkConvolutions(
  { inputs, outputs, feeds }: Convolutions,
  found: Readonly<Record<string, NdArray>>,
): void {
  const given = new Map(
    Object.entries(inputs).map(([name, tensor]) =>
      [tensor, { data: Float64Array.from(feeds[name].data), shape: tensor.shape }] as const
    ),
  );
  const expected: readonly HostArray[] = evaluate(Object.values(outputs), given);
  Object.keys(outputs).forEach((name, k) => {
    const { data } = found[name];
    let largest = 0, error = 0;
    expected[k].data.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      // NaN stays NaN, and is no agreement.
      error = Math.max(error, Math.abs(value - data[i]));
    });
    if (error <= TOLERANCE * largest) return;
    throw new Error(
      `right convolutions are required, found a relative error of ${
        (error / largest).toPrecision(2)
      } in ${name} (the number is that of its input channels)`,
    );
  });
}
