/** HUMUS-Net: against the authors' code, from their state dict, and as a method. */
import assert from "node:assert/strict";
import { importWeightsCommand } from "../../src/cli/commands/import_weights.ts";
import { swapLastAxes } from "../../src/graph/mod.ts";
import { dftW } from "../../src/mri/physics/dft.ts";
import { maskFromLines } from "../../src/mri/sampling/masks.ts";
import { ndarray } from "../../src/ndarray.ts";
import { constantScope, countParameters, encodeSafetensors } from "../../src/nn/mod.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import {
  authorsHumus,
  constantVarNetMask,
  type HumusConfig,
  humusConfig,
  humusNet,
  humusSpecs,
  loadHumus,
} from "../../src/unrolled/mod.ts";
import { runHere } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { runtime } from "../runtime.ts";
import { fixture, relativeError, turned, weightsOf } from "./support.ts";

const COMMON = {
  ...{ features: 6, depths: [2, 1], heads: [2, 3], window: 4, mlpRatio: 2 },
  ...{ sensitivityChannels: 2, sensitivityPools: 2 },
};
const CASES: Readonly<Record<string, HumusConfig>> = {
  down: {
    ...{ ...COMMON, cascades: 2, adjacent: 1, bottleneck: { depth: 2, heads: 4 } },
    ...{ halved: true, threeConvolutions: false, residual: true },
  },
  adjacent: {
    ...{ ...COMMON, cascades: 1, adjacent: 3, bottleneck: { depth: 1, heads: 4 } },
    ...{ halved: false, threeConvolutions: true, residual: false },
  },
};

for (const [name, config] of Object.entries(CASES)) {
  Deno.test(`humusNet() agrees with the authors' code (${name})`, async () => {
    const { kspace, mask: values, result, ...rest } = fixture(`humus_${name}`);
    const parameters = authorsHumus(weightsOf(rest));
    const { residual: _, ...sizes } = config;
    assert.deepEqual(humusConfig(parameters, name), sizes);
    const full = turned(kspace);
    const mask = constantVarNetMask(maskFromLines(values.data, full.shape[4]));
    const program = await runtime.build({ kspace: full.shape }, (t) => {
      const hybrid = dftW(t.kspace, "inverse");
      const { magnitude } = humusNet(constantScope(parameters), hybrid, mask, config);
      return { y: swapLastAxes(magnitude) };
    });
    const { y } = await program.run({ kspace: full });
    assert.ok(relativeError(y, result) < 1e-4, `${relativeError(y, result)}`);
  });
}

Deno.test("import-weights makes a folder from the authors' state dict, which reconstructs at any size", () =>
  inFolder(async (at) => {
    const { kspace: _k, mask: _m, result: _r, ...rest } = fixture("humus_down");
    const tensors = Object.fromEntries(
      Object.entries(weightsOf(rest)).map(([key, value]) => [`model.${key}`, value]),
    );
    const block = "model.cascades.0.model.layers_down.0.residual_group.blocks.1";
    tensors[`${block}.attn_mask`] = ndarray(new Float32Array(1), [1]);
    await Deno.writeFile(at("s.safetensors"), encodeSafetensors({ tensors, metadata: {} }));
    const args = ["humus-net", at("s.safetensors"), "--output", at("net")];
    const { code, err } = await runHere(args, { command: importWeightsCommand });
    assert.equal(code, 0, err);
    assert.deepEqual((await loadHumus(at("net"))).config, CASES.down);
    using file = await simulatedBrain({ size: 41, coils: 3 });
    const options = { mask: "equispaced:R=2,acs=8", device: "cpu" } as const;
    const { nfe } = await reconstruct(file, { ...options, method: "humus", model: at("net") });
    assert.equal(nfe, 3);
    assert.throws(() => humusConfig({}, "x"), /HUMUS-Net is required.*no weights/);
  }));

Deno.test("HUMUS-Net of the published sizes has its published number of parameters", () => {
  const config: HumusConfig = {
    ...{ cascades: 8, adjacent: 1, features: 66, depths: [2, 2, 2], heads: [3, 6, 12] },
    ...{ bottleneck: { depth: 2, heads: 24 }, window: 8, mlpRatio: 2, halved: true },
    ...{ threeConvolutions: false, residual: true },
    ...{ sensitivityChannels: 16, sensitivityPools: 4 },
  };
  const count = countParameters(humusSpecs(config));
  assert.ok(Math.abs(count - 109e6) < 2e6, `${count}`);
});
