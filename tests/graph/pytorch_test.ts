import assert from "node:assert/strict";
import * as g from "../../src/graph/mod.ts";
import { type NdArray, ndarray } from "../../src/ndarray.ts";
import { assertClose } from "./random.ts";
import { runtime } from "../runtime.ts";

/** The agreement that the issue asks for; float32 alone gives about 1e-6. */
const TOLERANCE = 1e-4;

const FOLDER = new URL("../fixtures/onnx/", import.meta.url);

interface Values {
  readonly shape: readonly number[];
  readonly float32: string;
}

interface Reference {
  readonly inputs: Readonly<Record<string, Values>>;
  readonly output: Values;
  readonly cotangent: Values;
  readonly vjp: Readonly<Record<string, Values>>;
}

function array({ float32, shape }: Values): NdArray {
  const bytes = Uint8Array.from(atob(float32), (character) => character.charCodeAt(0));
  return ndarray(new Float32Array(bytes.buffer), shape);
}

async function compare(file: string, reference: Reference): Promise<void> {
  const model = g.importOnnx(await Deno.readFile(new URL(file, FOLDER)));
  assert.deepEqual(model.inputs.map(({ name }) => name), Object.keys(reference.inputs));
  const inputs = Object.fromEntries(
    Object.entries(reference.inputs).map(([name, { shape }]) => [name, g.input(name, shape)]),
  );
  const { y } = model.apply(inputs);
  const cotangent = g.input("cotangent", y.shape);
  const gradients = g.vjp([y], Object.values(inputs), [cotangent]);
  const names = Object.keys(inputs);
  const products = names.map((name, i) => [`vjp_${name}`, gradients[i]] as const);
  const all: Record<string, g.Tensor> = { ...inputs, cotangent };
  const outputs: Record<string, g.Tensor> = { y, ...Object.fromEntries(products) };
  const program = await runtime.compile(all, outputs);
  const feeds = Object.entries({ ...reference.inputs, cotangent: reference.cotangent });
  const results = await program.run(
    Object.fromEntries(feeds.map(([name, values]) => [name, array(values)])),
  );
  assert.deepEqual(results.y.shape, reference.output.shape);
  assertClose(results.y.data, array(reference.output).data, TOLERANCE);
  for (const name of names) {
    assertClose(results[`vjp_${name}`].data, array(reference.vjp[name]).data, TOLERANCE);
  }
}

for (const network of ["residual_cnn", "unet", "drunet", "upsampler"]) {
  for (const exporter of ["torchscript", "dynamo"]) {
    Deno.test(`${network} exported by ${exporter}: values and gradients are PyTorch's`, async () => {
      const reference = JSON.parse(await Deno.readTextFile(new URL(`${network}.json`, FOLDER)));
      await compare(`${network}${exporter === "dynamo" ? ".dynamo" : ""}.onnx`, reference);
    });
  }
}
