/**
 * Reconstructions of a real slice with default weights against what was measured: no change may cost a
 * tenth of a decibel unnoticed.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { openKspace } from "../../src/io/mod.ts";
import type { MapSets } from "../../src/mri/calibration/calibrate.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import { runtime } from "../runtime.ts";
import { DATA, needsData, testWith } from "../tools.ts";

const SLICE = "kspace/brain7_fastmri.h5";

/**
 * PSNR over the head, dB, as in docs/results.md. The default method is the one without a name. With
 * `auto` both masks take two sets of coil maps; the second table is of one set.
 */
const MEASURED: [mask: string, mapSets: MapSets, methods: Record<string, number>][] = [
  ["equispaced:R=4,acs=24", "auto", {
    "zero-filled": 24.10,
    sense: 30.77,
    wavelet: 35.15,
    tv: 35.53,
    default: 36.99,
  }],
  ["equispaced:R=8,acs=16", "auto", {
    "zero-filled": 20.90,
    sense: 24.58,
    wavelet: 29.44,
    tv: 29.37,
    default: 31.17,
  }],
  ["equispaced:R=4,acs=24", 1, { sense: 30.78, wavelet: 35.19, tv: 35.48 }],
  ["equispaced:R=8,acs=16", 1, { sense: 25.23, wavelet: 29.33, tv: 29.16 }],
];
/** What it may be below, dB: the threads of onnxruntime and the rounding of the table. */
const SLACK = 0.05;

for (const [mask, mapSets, methods] of MEASURED) {
  for (const [name, measured] of Object.entries(methods)) {
    testWith(
      needsData(SLICE),
      `a real slice at ${mask} by ${name}, ${mapSets} sets of maps: PSNR as measured or better`,
      async () => {
        using file = await openKspace(join(DATA, SLICE));
        const method = name === "default" ? undefined : name;
        const { metrics } = await reconstruct(file, { method, mask, mapSets, device: runtime });
        const found = metrics!.head.psnr!;
        assert.ok(found > measured - SLACK, `${measured} dB was measured, found ${found}`);
      },
    );
  }
}
