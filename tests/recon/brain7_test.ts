/** Reconstruction of a real slice with default weights, beside what BART reaches with chosen ones. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Runtime } from "../../src/graph/mod.ts";
import { openKspace } from "../../src/io/mod.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { DATA, needsData, testWith } from "../tools.ts";

const SLICE = "kspace/brain7_fastmri.h5";

/** Least PSNR over the head, dB: what the main job was asked for. */
const LEAST = {
  "equispaced:R=4,acs=24": { sense: 30.3, wavelet: 34.5, tv: 34.8 },
  "equispaced:R=8,acs=16": { sense: 24.5, wavelet: 28.1, tv: 27.4 },
};

for (const [mask, methods] of Object.entries(LEAST)) {
  testWith(
    needsData(SLICE),
    `default weights reach the required PSNR on a real slice, ${mask}`,
    async () => {
      await using runtime = await Runtime.open("cpu");
      using file = await openKspace(join(DATA, SLICE));
      for (const [method, least] of Object.entries(methods)) {
        const { metrics } = await reconstruct(file, { method, mask, device: runtime });
        const found = metrics!.head.psnr!;
        assert.ok(found >= least, `${method}: at least ${least} dB required, found ${found}`);
      }
    },
  );
}
