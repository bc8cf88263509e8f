/** `deno task vjp`: an ONNX model in, the model of its gradient out. @module */
import { dirname } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { externalLoader, type Shape, vjpModel } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { command } from "../options/help.ts";
import { COMMON } from "../options/shared.ts";
import { option, type Parse } from "../options/table.ts";
import { path } from "../options/values.ts";
import { asFreshFile, jsonLine, readInput } from "../files.ts";

/** `x=1,3,64,64,sigma=1` by name; a comma before `name=` ends a shape. */
const shapes: Parse<Readonly<Record<string, Shape>>> = (text, option) =>
  Object.fromEntries(
    text.split(/,(?=[^,=]+=)/).map((entry) => {
      const at = entry.lastIndexOf("=");
      const sizes = entry.slice(at + 1).split(",").map(Number);
      if (at < 1 || !sizes.every((size) => Number.isInteger(size) && size > 0)) {
        throw new UsageError(
          `Cannot read ${option} ${entry}: NAME=N,N,... with positive sizes is required`,
        );
      }
      return [entry.slice(0, at), sizes];
    }),
  );

export const vjp = command({
  usage: "deno task vjp MODEL.onnx [options]",
  about:
    "Writes a model of the vector-Jacobian product of an ONNX model, which any onnxruntime can " +
    "run. Its inputs are those of the model and cotangent_<output> for each float output; its " +
    "outputs are those of the model and vjp_<input> for each float input.",
  options: {
    output: option("FILE", "file of the gradient model. Default: MODEL.vjp.onnx", path),
    shape: {
      ...option(
        "NAME=N,...",
        "shape of an input whose sizes the model leaves open, as x=1,3,64,64; of several " +
          "inputs x=1,3,64,64,sigma=1",
        shapes,
      ),
      multiple: true,
    },
    ...COMMON,
  },
  examples: [
    "deno task vjp denoiser.onnx --output denoiser.vjp.onnx --shape x=1,2,256,256,sigma=1",
  ],
}, async ({ inputs, shape = {}, json, ...request }, { console }) => {
  if (inputs.length !== 1) {
    throw new UsageError(
      `Cannot tell what to differentiate: one model is required, found ${inputs.length}`,
    );
  }
  const [path] = inputs;
  const output = request.output ?? `${path.replace(/\.onnx$/i, "")}.vjp.onnx`;
  const bytes = differentiated(path, await readInput(path, "the model"), shape);
  await asFreshFile(output, (partial) => writeFileWhole(partial, bytes));
  console.out(json ? jsonLine({ output }) : `${output}\n`);
  return 0;
});

/** Errors say which model they are about. */
function differentiated(path: string, bytes: Uint8Array, shapes: Readonly<Record<string, Shape>>) {
  try {
    return vjpModel(bytes, { shapes, external: externalLoader(dirname(path)) });
  } catch (cause) {
    if (!(cause instanceof InputError)) throw cause;
    const { message, hint } = cause;
    throw new InputError(`${path}: ${message}`, { cause, hint });
  }
}
