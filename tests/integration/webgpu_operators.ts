/** Runs each operator on WebGPU and prints, as JSON, those that no kernel is there for or that disagree. */
import { checkOperators } from "../../src/graph/runtime/operator_check.ts";

const findings = await checkOperators("webgpu");
// deno-lint-ignore no-console -- the test reads it
console.log(JSON.stringify([...findings.missing, ...findings.wrong]));
