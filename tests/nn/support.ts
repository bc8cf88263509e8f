/** Helpers of the network tests. */
import { createHash } from "node:crypto";
import { stringify } from "yaml";
import { type Tensor } from "../../src/graph/mod.ts";
import { type NdArray, ndarray, sizeOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";
import { runtime } from "../runtime.ts";

/** Standard normal numbers of a shape. */
export function randomArray(shape: readonly number[], seed: number): NdArray {
  return ndarray(new Rng(seed).normals(sizeOf(shape)), shape);
}

/** The same number everywhere. */
export function filled(shape: readonly number[], value: number): NdArray {
  return ndarray(new Float32Array(sizeOf(shape)).fill(value), shape);
}

/** Runs a graph of named inputs with one output. */
export async function evaluate(
  arrays: Readonly<Record<string, NdArray>>,
  build: (inputs: Record<string, Tensor>) => Tensor,
): Promise<NdArray> {
  const shapes = Object.fromEntries(
    Object.entries(arrays).map(([name, { shape }]) => [name, shape]),
  );
  const program = await runtime.build(shapes, (inputs) => ({ result: build(inputs) }));
  return (await program.run(arrays)).result;
}

/** Norm of the difference over the norm of what is expected. */
export function relativeError(actual: NdArray, expected: ArrayLike<number>): number {
  let difference = 0, norm = 0;
  for (let i = 0; i < actual.data.length; i++) {
    difference += (actual.data[i] - expected[i]) ** 2;
    norm += expected[i] ** 2;
  }
  return Math.sqrt(difference / norm);
}

/** Writes a model's folder; `overrides` replace keys of model.yaml. */
export async function writeModel(
  folder: string,
  bytes: Uint8Array,
  overrides: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await Deno.writeFile(`${folder}/model.onnx`, bytes);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const content = {
    schema: "larmor.model/1",
    name: "test",
    kind: "denoiser",
    network: { sha256 },
    parameterisation: "x0",
    ...overrides,
  };
  await Deno.writeTextFile(`${folder}/model.yaml`, stringify(content));
}

/** Runs a test body with a folder that is removed afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
