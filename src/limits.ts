/** What is possible at most. @module */

/** Most bytes of a file that is read whole, and of a model's weights: ONNX knows no larger models. */
export const MOST_BYTES: number = 2 ** 31;
