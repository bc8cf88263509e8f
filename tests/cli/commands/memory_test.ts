/** The prediction of --dry-run against what a process really takes. */
import assert from "node:assert/strict";
import { predictMemory } from "../../../src/recon/plan_memory.ts";
import { inFolder } from "../../io/support.ts";
import { testWith } from "../../tools.ts";
import { measuredMemory, predictedMemory, type Size, writeSized } from "../memory_support.ts";

/** The least of what is reconstructed in practice, and a slice of fastMRI's knees. */
const CASES: readonly { readonly method: string; readonly size: Size }[] = [
  { method: "zero-filled", size: [1, 4, 96, 96] },
  { method: "rss", size: [1, 15, 368, 640] },
  { method: "wavelet --steps 3", size: [1, 15, 368, 640] },
];

const linux = Deno.build.os === "linux" ? undefined : "Linux's /proc";

for (const { method, size } of CASES) {
  testWith(
    linux,
    `the predicted memory is within 20 % of the real one: ${method}, ${size.join(" x ")}`,
    () =>
      inFolder(async (at) => {
        const path = await writeSized(at("k.h5"), size);
        const options = ["--mask", "equispaced:R=4,acs=24", "--device", "cpu"];
        const args = [path, "--method", ...method.split(" "), ...options, "--output", at("out")];
        const predicted = await predictedMemory(args);
        // Garbage is collected at other moments in each run.
        const peak = Math.max(await measuredMemory(args), await measuredMemory(args));
        const error = predicted / peak - 1;
        assert.ok(Math.abs(error) < 0.2, `predicted ${predicted}, taken ${peak}`);
      }),
  );
}

Deno.test("a slice more adds its images to the planned memory, and no k-space", () => {
  const needs = { file: { slices: 3, coils: 7, height: 216, width: 256 } };
  const [few, many] = [2, 3].map((slices) =>
    predictMemory({ ...needs, image: [slices, 256, 216] })
  );
  const [image, kspace] = [4 * 256 * 216, 7 * 8 * 256 * 216];
  assert.ok(many - few >= 4 * image, "magnitude, complex image and reference");
  assert.ok(many - few < kspace, `${many - few}`);
});
