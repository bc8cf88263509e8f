/** Adaptation to a scan: a network of one parameter, whose best value is known. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { input, mul, reshape } from "../../src/graph/mod.ts";
import { mriMeasurement } from "../../src/method/measurement.ts";
import { maskedOperator } from "../../src/mri/physics/operator.ts";
import { type GeneratedMaskSpec, makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { ndarray, SCALAR, zeros } from "../../src/ndarray.ts";
import { constantScope } from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { type AdaptedNetwork, adaptedNetwork } from "../../src/train/adapt_objective.ts";
import { adaptNetwork, type AdaptProgress } from "../../src/train/adapt.ts";
import { runtime } from "../runtime.ts";

const SIZE = 32, COILS = 4;

/** The zero-filled image times a factor, which undoes what undersampling took if it is right. */
function scaling(factor: number): AdaptedNetwork {
  const init = { kind: "constant", value: factor } as const;
  return {
    kind: "modl",
    specs: [{ name: "factor", shape: [1], init }],
    weights: { factor: ndarray(Float32Array.of(factor), [1]) },
    image(scope, { kspace, given, maps }) {
      const image = maskedOperator(maps, given).adjoint(kspace);
      return {
        image: mul(image, reshape(scope.parameter("factor", [1], init), [1, 1, 1, 1])),
        maps,
      };
    },
  };
}

/** Coils with bumps along the lines, so that lines predict each other; a square. */
async function scan(spec: string) {
  const mask = makeMask(parseMaskSpec(spec) as GeneratedMaskSpec, SIZE, SIZE);
  const geometry = { coils: COILS, height: SIZE, width: SIZE, mask };
  const maps = zeros([1, COILS, 2, SIZE, SIZE]), image = zeros([1, 2, SIZE, SIZE]);
  const plane = SIZE * SIZE, rng = new Rng(5);
  for (let i = 0; i < plane; i++) {
    const row = Math.floor(i / SIZE), column = i % SIZE;
    const bumps = Array.from(
      { length: COILS },
      (_, c) => Math.exp(-((row - (c + 0.5) * SIZE / COILS) ** 2) / 40),
    );
    const norm = Math.hypot(...bumps);
    bumps.forEach((bump, c) => maps.data[2 * c * plane + i] = bump / norm);
    if (row > 4 && row < 28 && column > 6 && column < 26) image.data[i] = 1 + 0.2 * rng.normal();
  }
  const { y: shape, inputs, operator } = mriMeasurement(geometry);
  const shapes: Record<string, readonly number[]> = { x: image.shape, ...inputs };
  const program = await runtime.build<string, "y">(shapes, ({ x, ...arrays }) => ({
    y: operator(arrays, 1).forward(x),
  }));
  const { y } = await program.run({ x: image, maps });
  const noisy = y.data.map((value) => value + 0.01 * rng.normal());
  return { geometry, problems: [{ y: ndarray(noisy, shape), inputs: { maps }, sigma: 0.01 }] };
}

const OPTIONS = { steps: 60, rate: 0.1, seed: 1, every: 10 };

Deno.test("adaptNetwork() improves lines that it never saw, and says by how much", async () => {
  const events: AdaptProgress[] = [];
  const onProgress = (event: AdaptProgress) => events.push(event);
  const found = await adaptNetwork(runtime, scaling(-1), await scan("equispaced:R=2,acs=6"), {
    ...OPTIONS,
    onProgress,
  });
  assert.ok(found.helped);
  assert.ok(found.weights.factor.data[0] > 0, `${found.weights.factor.data[0]}`);
  assert.ok(found.after < 0.8 * found.before, `${found.before} ${found.after}`);
  assert.ok(found.gain > found.gainError && found.step > 0 && found.lines > 0);
  assert.equal(events.length, 61);
  assert.equal(events.filter(({ stop }) => stop !== undefined).length, 7);
});

Deno.test("the models that come with Larmor can be adapted", async () => {
  const mask = makeMask(parseMaskSpec("equispaced:R=2,acs=8") as GeneratedMaskSpec, SIZE, SIZE);
  const lines = {
    kspace: input("kspace", [1, COILS, 2, SIZE, SIZE]),
    given: input("given", [SIZE, 1]),
    maps: input("maps", [1, COILS, 2, SIZE, SIZE]),
    sigma: input("sigma", SCALAR),
  };
  for (const model of ["modl-brain", "varnet-brain", "unet-brain"]) {
    const { image, weights } = await adaptedNetwork(model);
    const seen = image(constantScope(weights), lines, mask);
    assert.deepEqual(seen.image.shape, [1, 2, SIZE, SIZE], model);
  }
});

Deno.test("adaptNetwork() keeps a network that is right", async () => {
  const data = await scan("equispaced:R=2,acs=6");
  const { weights } = await adaptNetwork(runtime, scaling(-1), data, { ...OPTIONS, steps: 200 });
  const [best] = weights.factor.data;
  const again = await adaptNetwork(runtime, scaling(best), data, { ...OPTIONS, seed: 2, rate: 1 });
  assert.ok(!again.helped || again.gain < 0.05, `${again.gain}`);
});

Deno.test("adaptNetwork() and adaptedNetwork() refuse what they cannot use", async () => {
  const plane = await scan("poisson:R=2,acs=6");
  await assert.rejects(adaptNetwork(runtime, scaling(1), plane, OPTIONS), InputError);
  const few = await scan("equispaced:R=16,acs=24");
  await assert.rejects(adaptNetwork(runtime, scaling(1), few, OPTIONS), InputError);
  await assert.rejects(adaptedNetwork("prior-brain"), /kind modl, varnet, unet is required/);
});
