/**
 * Dense arrays on the host: float32 data in C order with a shape.
 *
 * Complex arrays are planar, with re/im as an axis of size 2 before the two image axes:
 * image `[N, 2, H, W]`, coil images and k-space `[N, C, 2, H, W]` (or without N for one slice).
 * H is the phase-encode axis, W the readout.
 * @module
 */

/** A dense float32 array in C order. */
export interface NdArray {
  /** Elements, the last axis fastest. */
  readonly data: Float32Array;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
}

/** Number of elements of an array of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * Wraps data with a shape.
 * @throws {RangeError} when the shape does not hold exactly the elements of `data`
 */
export function ndarray(data: Float32Array, shape: readonly number[]): NdArray {
  if (data.length !== sizeOf(shape)) {
    throw new RangeError(
      `Cannot view ${data.length} elements as [${shape}]: ${sizeOf(shape)} are required`,
    );
  }
  return { data, shape };
}

/** An array of zeros. */
export function zeros(shape: readonly number[]): NdArray {
  return { data: new Float32Array(sizeOf(shape)), shape };
}

/** One of the arrays along the first axis, on the same data. */
export function partOf({ data, shape: [count, ...rest] }: NdArray, index: number): NdArray {
  const size = data.length / count;
  return { data: data.subarray(index * size, (index + 1) * size), shape: rest };
}

/** The first `count` of the arrays along the first axis, on the same data. */
export function leading({ data, shape: [all, ...rest] }: NdArray, count: number): NdArray {
  return { data: data.subarray(0, data.length / all * count), shape: [count, ...rest] };
}

/** Arrays of one shape one after the other, along a new first axis. */
export function stack(arrays: readonly NdArray[]): NdArray {
  const whole = zeros([arrays.length, ...arrays[0].shape]);
  arrays.forEach(({ data }, i) => whole.data.set(data, i * data.length));
  return whole;
}

/** Magnitude of a complex image `[2, ...]`. */
export function magnitudeOf({ data, shape: [, ...image] }: NdArray): NdArray {
  const count = data.length / 2;
  const magnitude = data.subarray(0, count).map((re, i) => Math.hypot(re, data[i + count]));
  return { data: magnitude, shape: image };
}

/** Root sum of squares of the images of all sets of coil maps `[2 S, H, W]`: `[H, W]`. */
export function jointMagnitude({ data, shape: [, ...size] }: NdArray): NdArray {
  const energy = new Float32Array(sizeOf(size));
  data.forEach((value, i) => energy[i % energy.length] += value ** 2);
  return ndarray(energy.map(Math.sqrt), size);
}

/** Mean over the first axis. */
export function meanOf({ data, shape: [count, ...rest] }: NdArray): NdArray {
  const size = data.length / count;
  const mean = new Float32Array(size);
  for (let i = 0; i < data.length; i++) mean[i % size] += data[i] / count;
  return ndarray(mean, rest);
}

/** Planes `[..., rows, columns]` with rows and columns exchanged. */
export function exchanged<A extends Float32Array | Uint8Array>(
  planes: A,
  [rows, columns]: readonly [number, number],
): A {
  return planes.map((_, i) => {
    const at = i % (rows * columns);
    return planes[i - at + (at % rows) * columns + Math.floor(at / rows)];
  }) as A;
}

/** Shape of a scalar input of a graph: it broadcasts over batch, parts and image axes. */
export const SCALAR: readonly number[] = [1, 1, 1, 1];

/** A number as an input of shape {@link SCALAR}. */
export function scalar(value: number): NdArray {
  return { data: Float32Array.of(value), shape: SCALAR };
}

/** One array as a batch of one: `[1, ...shape]`, on the same data. */
export function asBatch({ data, shape }: NdArray): NdArray {
  return { data, shape: [1, ...shape] };
}

/** The only array of a batch of one, on the same data. */
export function onlyOf({ data, shape }: NdArray): NdArray {
  return { data, shape: shape.slice(1) };
}
