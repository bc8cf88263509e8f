/**
 * Reconstructions of a real slice with default weights against what was measured: no change may cost a
 * tenth of a decibel unnoticed.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openKspace } from "../../src/io/mod.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { runtime } from "../runtime.ts";
import { DATA, needsData, testWith } from "../tools.ts";

const SLICE = "kspace/brain7_fastmri.h5";

/** PSNR over the head, dB, as in docs/results.md. The default method is the one without a name. */
const MEASURED: Record<string, Record<string, number>> = {
  "equispaced:R=4,acs=24": {
    "zero-filled": 24.10,
    sense: 30.78,
    wavelet: 35.19,
    tv: 35.48,
    default: 36.56,
  },
  "equispaced:R=8,acs=16": {
    "zero-filled": 20.90,
    sense: 24.58, // two sets of coil maps; with one it was 25.23
    wavelet: 29.33,
    tv: 29.16,
    default: 30.21,
  },
};
/** What it may be below, dB: the threads of onnxruntime and the rounding of the table. */
const SLACK = 0.05;

for (const [mask, methods] of Object.entries(MEASURED)) {
  for (const [name, measured] of Object.entries(methods)) {
    testWith(
      needsData(SLICE),
      `a real slice at ${mask} by ${name}: PSNR as measured or better`,
      async () => {
        using file = await openKspace(join(DATA, SLICE));
        const method = name === "default" ? undefined : name;
        const { metrics } = await reconstruct(file, { method, mask, device: runtime });
        const found = metrics!.head.psnr!;
        assert.ok(found > measured - SLACK, `${measured} dB was measured, found ${found}`);
      },
    );
  }
}
