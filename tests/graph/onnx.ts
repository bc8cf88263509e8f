/** The ONNX schema, for tests that write models by hand. @module */
export * from "onnx-buf";
export type { MessageInitShape } from "@bufbuild/protobuf";
