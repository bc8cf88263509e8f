import assert from "node:assert/strict";
import ort from "onnxruntime-node";
import { InputError } from "../../src/errors.ts";
import { guarded } from "../../src/cli/entry.ts";
import { vjp } from "../../src/cli/commands/vjp.ts";
import { importOnnx, vjpModel } from "../../src/graph/mod.ts";
import { ints, writeModel } from "./import/foreign.ts";
import { assertClose } from "./random.ts";

const FIXTURE = new URL("../fixtures/onnx/unet.onnx", import.meta.url);

const open = writeModel({
  inputs: { x: ["n", 2], scale: [] },
  weights: { axes: ints(1) },
  nodes: [
    { op: "Mul", inputs: ["x", "scale"], outputs: ["scaled"] },
    { op: "Sin", inputs: ["scaled"] },
    { op: "ReduceSum", inputs: ["scaled", "axes"], outputs: ["sum"], attributes: { keepdims: 0 } },
  ],
  outputs: ["y", "sum"],
});

Deno.test("vjpModel() adds a cotangent per output and a product per input, for plain onnxruntime", async () => {
  const session = await ort.InferenceSession.create(vjpModel(open, { shapes: { x: [1, 2] } }));
  assert.deepEqual(session.inputNames, ["x", "scale", "cotangent_y", "cotangent_sum"]);
  assert.deepEqual(session.outputNames, ["y", "sum", "vjp_x", "vjp_scale"]);
  const tensor = (shape: number[], ...data: number[]) => new ort.Tensor("float32", data, shape);
  const results = await session.run({
    x: tensor([1, 2], 0.25, 0.5),
    scale: tensor([], 2),
    cotangent_y: tensor([1, 2], 1, 3),
    cotangent_sum: tensor([1], 5),
  });
  await session.release();
  const slopes = [Math.cos(0.5) + 5, 3 * Math.cos(1) + 5];
  assertClose(results.vjp_x.data as Float32Array, slopes.map((v) => 2 * v), 1e-6);
  assertClose(results.vjp_scale.data as Float32Array, [0.25 * slopes[0] + 0.5 * slopes[1]], 1e-6);
});

Deno.test("vjpModel() of a PyTorch U-Net loads, and can be imported", async () => {
  const once = vjpModel(await Deno.readFile(FIXTURE));
  const session = await ort.InferenceSession.create(once);
  assert.deepEqual(session.outputNames, ["y", "vjp_x", "vjp_sigma"]);
  await session.release();
  assert.deepEqual(importOnnx(once).inputs.map(({ name }) => name), ["x", "sigma", "cotangent_y"]);
  assert.throws(() => vjpModel(once), /the model uses the name cotangent_y itself/);
});

Deno.test("vjpModel() says what it needs and what it cannot do", () => {
  const round = writeModel({ inputs: { x: [2] }, nodes: [{ op: "Round", inputs: ["x"] }] });
  assert.throws(() => vjpModel(open), {
    name: "InputError",
    message: /\[n, 2\] of input x leaves sizes open/,
  });
  assert.throws(
    () => vjpModel(open, { shapes: { z: [1] } }),
    /the inputs of the model are x, scale/,
  );
  assert.throws(() => vjpModel(open, { shapes: { x: [2, 3] } }), InputError);
  assert.throws(() => vjpModel(round), {
    name: "InputError",
    message: /differentiate Round \(node the_Round\)/,
  });
});

async function run(...args: string[]) {
  let [out, err] = ["", ""];
  const console = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isTerminal: false,
  };
  const code = await guarded(vjp, args, { console, signal: new AbortController().signal });
  return { code, out, err };
}

Deno.test("the command vjp writes a model, or says why not and writes nothing", async () => {
  const folder = await Deno.makeTempDir();
  const [model, output] = [`${folder}/m.onnx`, `${folder}/g.onnx`];
  await Deno.writeFile(model, open);
  const done = await run(model, "--output", output, "--shape", "x=3,2,scale=1");
  assert.equal(done.code, 3, done.err); // scale has no axes
  assert.equal((await run(model, "--output", output)).code, 3);
  assert.equal((await run(model, "--shape", "x=0")).code, 2);
  assert.equal((await run()).code, 2);
  assert.equal((await run(`${folder}/none.onnx`)).code, 3);
  await assert.rejects(Deno.stat(output));
  const written = await run(model, "--output", output, "--shape", "x=3,2");
  assert.deepEqual([written.code, written.out], [0, `${output}\n`]);
  assert.deepEqual(importOnnx(await Deno.readFile(output)).inputs[0].shape, [3, 2]);
  await Deno.remove(folder, { recursive: true });
});
