/** Graphs as WebGPU computes them right, and the check that a device computes convolutions. */
import assert from "node:assert/strict";
import { conv, input, mul, relu, type Tensor } from "../../src/graph/mod.ts";
import { evaluate } from "../../src/graph/host/evaluate.ts";
import { constantOf } from "../../src/graph/ops/leaf.ts";
import { checkConvolutions, convolutions } from "../../src/graph/runtime/convolution_check.ts";
import { forWebgpu } from "../../src/graph/runtime/webgpu_graph.ts";
import { topological } from "../../src/graph/tensor.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";

const normals = (shape: readonly number[], seed: number) =>
  new Rng(seed).normals(sizeOf(shape)) as Float32Array;

/** Channels of the inputs of all convolutions. */
const channelsIn = (outputs: readonly Tensor[]): number[] =>
  topological(outputs).filter(({ op }) => op === "Conv").map(({ inputs: [x] }) => x.shape[1]);

Deno.test("forWebgpu() keeps every value, and leaves no number of channels that fails", () => {
  const x = input("x", [2, 6, 5, 4]), w = input("w", [9, 6, 3, 3]);
  const inner = relu(conv(x, w, undefined, { padding: 1 }));
  const weights = (shape: readonly number[], seed: number) =>
    constantOf(normals(shape, seed), shape);
  const y = mul(conv(inner, weights([4, 9, 3, 3], 3), weights([4], 4)), 2);
  const z = conv(y, weights([5, 4, 1, 1], 5));
  const feeds = new Map(
    [x, w].map((tensor, i) =>
      [tensor, { data: Float64Array.from(normals(tensor.shape, i)), shape: tensor.shape }] as const
    ),
  );
  assert.deepEqual(channelsIn([z]), [6, 9, 4]);
  const right = forWebgpu({ z, y });
  assert.deepEqual(channelsIn([right.z]), [8, 12, 4]);
  const [expected, found] = [[z, y], [right.z, right.y]].map((tensors) => evaluate(tensors, feeds));
  found.forEach(({ data, shape }, k) => {
    assert.deepEqual(shape, expected[k].shape);
    data.forEach((value, i) => assert.ok(Math.abs(value - expected[k].data[i]) < 1e-12));
  });
});

Deno.test("forWebgpu() gives a graph without such convolutions back as it is", () => {
  const x = input("x", [1, 3, 4, 4]);
  const y = conv(x, constantOf(normals([12, 3, 1, 1], 1), [12, 3, 1, 1]));
  assert.equal(forWebgpu({ y }).y, y);
});

Deno.test("checkConvolutions() takes right numbers and refuses wrong ones and NaN", () => {
  const asked = convolutions();
  const feeds = new Map(
    Object.entries(asked.inputs).map(([name, tensor]) =>
      [tensor, { data: Float64Array.from(asked.feeds[name].data), shape: tensor.shape }] as const
    ),
  );
  const values = evaluate(Object.values(asked.outputs), feeds);
  const found = Object.fromEntries(
    Object.keys(asked.outputs).map((
      name,
      i,
    ) => [name, ndarray(Float32Array.from(values[i].data), values[i].shape)]),
  );
  checkConvolutions(asked, found);
  for (const wrong of [100, NaN]) {
    const damaged = ndarray(found.conv5.data.slice(), found.conv5.shape);
    damaged.data[7] = wrong;
    assert.throws(
      () => checkConvolutions(asked, { ...found, conv5: damaged }),
      /right convolutions are required.*conv5/,
    );
  }
});
