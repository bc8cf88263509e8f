/** The prediction of --dry-run against what a process really took. */
import assert from "node:assert/strict";
import { predictMemory } from "../../src/recon/plan.ts";

/**
 * Peak resident memory as /usr/bin/time -f %M measured it on Linux x64 with 2 cores (22 Nov 2026),
 * one fully sampled slice, equispaced:R=4,acs=24, bytes.
 */
const MEASURED: readonly {
  readonly method: string;
  readonly needsMaps: boolean;
  readonly brain7: number;
  readonly knee: number;
}[] = [
  { method: "rss", needsMaps: false, brain7: 371e6, knee: 629e6 },
  { method: "sense", needsMaps: true, brain7: 523e6, knee: 1537e6 },
  { method: "tv", needsMaps: true, brain7: 547e6, knee: 1703e6 },
  { method: "wavelet", needsMaps: true, brain7: 605e6, knee: 1955e6 },
];

const BRAIN7 = { coils: 7, height: 216, width: 256 };
const KNEE = { coils: 15, height: 368, width: 640 };

Deno.test("predictMemory() is within a factor of two of measured peaks", () => {
  for (const { method, needsMaps, brain7, knee } of MEASURED) {
    for (const [file, measured] of [[BRAIN7, brain7], [KNEE, knee]] as const) {
      const image = [1, file.width, file.height];
      const predicted = predictMemory({ file, solverCoils: needsMaps ? file.coils : 0, image });
      const ratio = predicted / measured;
      assert.ok(ratio > 0.5 && ratio < 2, `${method}: ${predicted} for ${measured}`);
    }
  }
});

Deno.test("predictMemory() does not grow with the file, only with the slices taken", () => {
  const few = predictMemory({ file: BRAIN7, solverCoils: 7, image: [2, 256, 216] });
  const many = predictMemory({ file: BRAIN7, solverCoils: 7, image: [3, 256, 216] });
  assert.equal(many - few, 10 * 4 * 256 * 216);
});
