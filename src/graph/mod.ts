/** Graphs of ONNX operators: written down in TypeScript, run by onnxruntime. @module */
export * from "./ops/activation.ts";
export * from "./ops/conv.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/leaf.ts";
export * from "./ops/linear.ts";
export * from "./ops/movement.ts";
export * from "./ops/reduce.ts";
export { type DType, type Shape, Tensor, type TensorType } from "./tensor.ts";
export { type InputShapes, type Program, Runtime } from "./session.ts";
export type { Device, DeviceRequest } from "./device.ts";
export { encodeModel, type NamedTensors } from "./proto.ts";
