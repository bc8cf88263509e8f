/** The table of ONNX operators, from the rule tables. @module */
import { operatorNames, ruleOf } from "../../src/graph/apply.ts";
import { foreignRules } from "../../src/graph/import/scope.ts";
import { WITHOUT_WEBGPU } from "../../src/graph/ops/webgpu.ts";
import { type Page, table } from "./page.ts";

/** Not operators of ONNX. */
const LEAVES = ["Input", "Constant"];

export function operatorPage(): Page {
  const own = operatorNames().filter((name) => !LEAVES.includes(name)).toSorted();
  const rows = own.map((name) => {
    const { vjp } = ruleOf(name);
    const derivative = vjp === "none" ? "none" : vjp === "zero" ? "zero" : "yes";
    return [`\`${name}\``, "yes", derivative, WITHOUT_WEBGPU.includes(name) ? "no" : "yes"];
  });
  const composed = Object.keys(foreignRules).filter((name) => !own.some((op) => op === name));
  const text = `# Operators

What a network may contain (\`--model\`, \`importOnnx\`), made from the rule tables of
\`src/graph/ops\` and \`src/graph/import\` by \`deno task docs\`. Operator sets 7 to 22 are read; graphs
are written in operator set 21.

- **Derivative**: "yes" is a rule for reverse mode, which \`dps\`, \`pigdm\`, \`mcg\`, \`larmor vjp\` and
  training need. "zero" is a derivative that is zero almost everywhere. "none" is refused, with the
  name of the node.
- **WebGPU**: whether onnxruntime's WebGPU provider has a kernel. Where it has none, the graph runs on
  the CPU or CUDA, and \`--device webgpu\` is refused. A test runs each operator on a WebGPU adapter in
  software.

${table(["operator", "inference", "derivative", "WebGPU"], rows)}

## Made of these

Read too, and written with the operators above, so that their derivatives and devices follow from
those:

${composed.toSorted().map((name) => `\`${name}\``).join(", ")}.

Shapes must follow from the shapes of the inputs. \`If\` is taken where its condition is a constant; \`Loop\`, \`Scan\`, recurrent and quantised operators are
not read.
`;
  return { path: "docs/operators.md", text };
}
