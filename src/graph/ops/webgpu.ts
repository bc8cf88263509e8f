/** What onnxruntime's WebGPU provider cannot run. @module */
import type { OpName } from "./attributes.ts";

/** Operators for which WebGPU of onnxruntime-node 1.30 has no kernel at operator set 21. */
export const WITHOUT_WEBGPU: readonly OpName[] = ["Sign", "Round", "Or", "ArgMax"];
