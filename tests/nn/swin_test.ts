/** Window attention: against SwinIR's own code, its derivative, and what it refuses. */
import assert from "node:assert/strict";
import { InputError } from "../../src/errors.ts";
import { constantOf, gradcheck, type Tensor } from "../../src/graph/mod.ts";
import { ndarray, sizeOf } from "../../src/ndarray.ts";
import {
  constantScope,
  initialParameters,
  parameterSpecs,
  Scope,
  shiftedWindowMask,
  swinBlock,
  swinir,
  swinirConfig,
  swinirSpecs,
} from "../../src/nn/mod.ts";
import { Rng } from "../../src/rng.ts";
import { generator } from "../graph/random.ts";
import { runtime } from "../runtime.ts";
import { fixture, relativeError, weightsOf } from "../unrolled/support.ts";

const PUBLISHED = { window: 4, threeConvolutions: false };
const CASES = {
  grey: { channels: 1, features: 8, depths: [2, 3], heads: [2, 4], hidden: 16, ...PUBLISHED },
  complex: {
    ...{ channels: 2, features: 8, depths: [2], heads: [2], hidden: 16 },
    ...{ ...PUBLISHED, threeConvolutions: true },
  },
  colour: { channels: 3, features: 6, depths: [2], heads: [3], hidden: 12, ...PUBLISHED },
};

for (const [name, config] of Object.entries(CASES)) {
  Deno.test(`swinir() agrees with the authors' code (${name}, 10 x 15)`, async () => {
    const { image, result, ...rest } = fixture(`swinir_${name}`);
    const weights = weightsOf(rest);
    assert.deepEqual(swinirConfig(weights, name), config);
    const program = await runtime.build(
      { image: image.shape },
      (t) => ({ y: swinir(constantScope(weights), t.image, config) }),
    );
    const { y } = await program.run({ image });
    assert.ok(relativeError(y, result) < 1e-5, `${relativeError(y, result)}`);
  });
}

Deno.test("the gradient of a shifted block by image and weights is its central difference", async () => {
  const config = { heads: 2, window: 2, hidden: 5 };
  const size = [1, 4, 6, 4];
  const mask = () => shiftedWindowMask(4, 6, 2);
  const specs = parameterSpecs((scope) =>
    swinBlock(scope, constantOf(new Float32Array(sizeOf(size)), size), config, mask())
  );
  const rng = new Rng(5);
  const values = [{ shape: size }, ...specs].map(({ shape }, i) => {
    const data = Float64Array.from(rng.split(i).normals(sizeOf(shape)), (v) => 0.5 * v);
    return { data, shape };
  });
  const { error } = await gradcheck(
    (x, ...weights) => {
      const named = new Map(specs.map(({ name }, i) => [name, weights[i]]));
      return swinBlock(new Scope(({ name }) => named.get(name)!), x, config, mask());
    },
    values,
    { random: generator(7) },
  );
  assert.ok(error < 1e-6, `${error}`);
});

Deno.test("an untrained swinir() gives its input, and refuses images of half a window", async () => {
  const config = CASES.grey;
  const parameters = initialParameters(swinirSpecs(config), new Rng(1));
  const build = (size: number) => {
    const shape = [1, 1, size, size];
    const run = (x: Tensor) => ({ y: swinir(constantScope(parameters), x, config) });
    return runtime.build({ x: shape }, ({ x }) => run(x));
  };
  const x = ndarray(new Rng(2).normals(25), [1, 1, 5, 5]);
  const { y } = await (await build(5)).run({ x });
  assert.deepEqual(y.data, x.data);
  await assert.rejects(async () => await build(2), InputError);
  assert.throws(() => swinirConfig({ "conv_first.weight": x }, "x"), InputError);
});
