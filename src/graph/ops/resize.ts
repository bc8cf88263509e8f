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
    const at = POSITIONS[attributes.coordinates](i, inputSize, size, scale);
    const add = (index: number, weight: number) =>
      matrix[i * inputSize + Math.min(inputSize - 1, Math.max(0, index))] += weight;
    const low = Math.floor(at);
    if (attributes.mode === "nearest") add(ROUNDINGS[attributes.rounding](at), 1);
    else if (attributes.mode === "cubic") {
      cubicWeights(at - low).forEach((weight, tap) => add(low - 1 + tap, weight));
    } else {
      add(low, 1 - (at - low));
      add(low + 1, at - low);
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

type Position = (i: number, inputSize: number, outputSize: number, scale: number) => number;

const halfPixel: Position = (i, _inputSize, _outputSize, scale) =>
  Math.fround(Math.fround((i + 0.5) / scale) - 0.5);

/**
 * Where in the input the i-th output lies, as ONNX's coordinate_transformation_mode has it. Rounded
 * to float32 at each step as onnxruntime does it, because "nearest" may hang on the last bit.
 */
const POSITIONS: Readonly<Record<Resize["coordinates"], Position>> = {
  asymmetric: (i, _inputSize, _outputSize, scale) => Math.fround(i / scale),
  align_corners: (i, inputSize, outputSize) =>
    outputSize === 1 ? 0 : Math.fround(i * (inputSize - 1) / (outputSize - 1)),
  pytorch_half_pixel: (i, inputSize, outputSize, scale) =>
    outputSize === 1 ? 0 : halfPixel(i, inputSize, outputSize, scale),
  half_pixel: halfPixel,
};

const ROUNDINGS: Readonly<Record<Resize["rounding"], (at: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
};
