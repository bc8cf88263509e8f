/** Interpolation as a matrix along one axis. @module */
import type { OpAttributes } from "./attributes.ts";

type Resize = OpAttributes["Resize"];

/**
 * The matrix that resizes one axis, by rows: `sizes[axis]` of them, each with `inputSize` columns.
 * ONNX resizes each axis by itself, so the whole operator is a product of such matrices.
 */
export function resizeMatrix(attributes: Resize, axis: number, inputSize: number): Float64Array {
  const size = attributes.sizes[axis];
  const scale = Math.fround(attributes.scales?.[axis] ?? size / inputSize);
  const matrix = new Float64Array(size * inputSize);
  for (let i = 0; i < size; i++) {
    const at = sourcePosition(attributes.coordinates, i, inputSize, size, scale);
    if (attributes.mode === "nearest") {
      const index = Math.min(inputSize - 1, Math.max(0, nearest(attributes.rounding, at)));
      matrix[i * inputSize + index] = 1;
    } else if (attributes.mode === "cubic") {
      const low = Math.floor(at);
      cubicWeights(at - low).forEach((weight, tap) => {
        const index = Math.min(inputSize - 1, Math.max(0, low - 1 + tap));
        matrix[i * inputSize + index] += weight;
      });
    } else {
      const inside = Math.min(inputSize - 1, Math.max(0, at));
      const low = Math.min(Math.floor(inside), inputSize - 1);
      const high = Math.min(low + 1, inputSize - 1);
      matrix[i * inputSize + low] += 1 - (inside - low);
      matrix[i * inputSize + high] += inside - low;
    }
  }
  return matrix;
}

/** Shape of the cubic kernel: ONNX's default, which PyTorch uses too. */
export const CUBIC_A = -0.75;

/** Keys' cubic convolution at the four neighbours of a place `t` after the second of them. */
function cubicWeights(t: number): number[] {
  const near = (d: number) => ((CUBIC_A + 2) * d - (CUBIC_A + 3)) * d * d + 1;
  const far = (d: number) => ((CUBIC_A * d - 5 * CUBIC_A) * d + 8 * CUBIC_A) * d - 4 * CUBIC_A;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * Where in the input the i-th output lies, as ONNX's coordinate_transformation_mode has it. Rounded
 * to float32 at each step as onnxruntime does it, because "nearest" may hang on the last bit.
 */
function sourcePosition(
  mode: Resize["coordinates"],
  i: number,
  inputSize: number,
  outputSize: number,
  scale: number,
): number {
  switch (mode) {
    case "asymmetric":
      return Math.fround(i / scale);
    case "align_corners":
      return outputSize === 1 ? 0 : Math.fround(i * (inputSize - 1) / (outputSize - 1));
    case "pytorch_half_pixel":
      return outputSize === 1 ? 0 : Math.fround(Math.fround((i + 0.5) / scale) - 0.5);
    case "half_pixel":
      return Math.fround(Math.fround((i + 0.5) / scale) - 0.5);
  }
}

function nearest(rounding: Resize["rounding"], at: number): number {
  switch (rounding) {
    case "floor":
      return Math.floor(at);
    case "ceil":
      return Math.ceil(at);
    case "round_prefer_floor":
      return Math.ceil(at - 0.5);
    case "round_prefer_ceil":
      return Math.floor(at + 0.5);
  }
}
