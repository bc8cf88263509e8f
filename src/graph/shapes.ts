/** Shape arithmetic shared by the operator rules. @module */
import type { Shape, Tensor, TensorType } from "./tensor.ts";

/**
 * Shape of an elementwise result, by NumPy's rules.
 * @throws {RangeError} when two sizes differ and neither is 1
 */
export function broadcastShapes(action: string, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const out: number[] = new Array(rank).fill(1);
  for (const shape of shapes) {
    shape.forEach((size, i) => {
      const axis = i + rank - shape.length;
      if (size === 1 || size === out[axis]) return;
      if (out[axis] !== 1) {
        const found = shapes.map(formatShape).join(" and ");
        throw new RangeError(
          `Cannot ${action} ${found}: equal sizes or 1 are required ` +
            `on axis ${axis}, found ${out[axis]} and ${size}`,
        );
      }
      out[axis] = size;
    });
  }
  return out;
}

/** A shape as text, `[2, 3]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/**
 * A non-negative axis.
 * @throws {RangeError} when the axis is not one of the tensor's
 */
export function normalizeAxis(action: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new RangeError(
      `Cannot ${action} axis ${axis}: an axis from ${-rank} to ${rank - 1} is required`,
    );
  }
  return positive;
}

/**
 * The element type that all tensors share.
 * @throws {TypeError} when they differ
 */
export function commonType(action: string, tensors: readonly Tensor[]): TensorType["dtype"] {
  const [{ dtype }] = tensors;
  const other = tensors.find((tensor) => tensor.dtype !== dtype);
  if (other === undefined) return dtype;
  throw new TypeError(`Cannot ${action} ${dtype} and ${other.dtype}: one element type is required`);
}

/** @throws {TypeError} unless the number of inputs is one of those allowed */
export function requireInputs(op: string, inputs: readonly Tensor[], ...counts: number[]): void {
  if (!counts.includes(inputs.length)) {
    throw new TypeError(
      `Cannot apply ${op} to ${inputs.length} inputs: ${counts.join(" or ")} required`,
    );
  }
}

/** @throws {RangeError} unless a tensor broadcasts to a shape, keeping it */
export function requireBroadcast(what: string, { shape }: Tensor, to: Shape): void {
  const fits = shape.length <= to.length && sameShape(broadcastShapes(what, [shape, to]), to);
  if (fits) return;
  throw new RangeError(
    `Cannot ${what} ${formatShape(shape)} to ${formatShape(to)}: it must broadcast to it`,
  );
}

/** All positions of an array of this shape, in C order. */
export function positionsOf(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (lead, size) => lead.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );
}

/** Largest and smallest int64, as ONNX models write "to the end". */
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** A number as int64, truncated and limited to the range of int64. */
export function toInt64(value: number | bigint): bigint {
  if (typeof value === "bigint") return value;
  if (value >= 2 ** 63) return INT64_MAX;
  if (value <= -(2 ** 63)) return INT64_MIN;
  return Number.isNaN(value) ? 0n : BigInt(Math.trunc(value));
}

/** Whole numbers as an int64 vector, the form of ONNX's constant inputs. */
export function int64Vector(values: readonly number[]): { data: BigInt64Array; shape: Shape } {
  return { data: BigInt64Array.from(values, toInt64), shape: [values.length] };
}
