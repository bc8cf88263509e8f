/** The prediction of --dry-run against what a process really takes. */
import assert from "node:assert/strict";
import { predictMemory } from "../../../src/recon/plan_memory.ts";
import { Rng } from "../../../src/rng.ts";
import { inFolder } from "../../io/support.ts";
import { run, testWith } from "../../tools.ts";
import { writeH5 } from "../support.ts";

interface Size {
  readonly coils: number;
  readonly height: number;
  readonly width: number;
}

/** The least of what is reconstructed in practice, and a slice of fastMRI's knees. */
const CASES: readonly (Size & { readonly method: string })[] = [
  { method: "zero-filled", coils: 4, height: 96, width: 96 },
  { method: "rss", coils: 15, height: 368, width: 640 },
  { method: "wavelet", coils: 15, height: 368, width: 640 },
];

/** A peak of noise that all coils see with weights of their own, as of one object, and noise of each. */
function kspaceOf({ coils, height, width }: Size) {
  const plane = 2 * height * width;
  const object = new Rng(2).normals(plane), data = new Rng(1).normals(coils * plane);
  for (let i = 0; i < data.length; i++) {
    const x = i % width - Math.floor(width / 2);
    const y = Math.floor(i / width) % height - Math.floor(height / 2);
    const weight = (1 + Math.floor(i / plane)) / coils;
    data[i] = 0.01 * data[i] + weight * object[i % plane] * Math.exp(-(x * x + y * y) / 200);
  }
  return { data, shape: [coils, 2, height, width] };
}

const linux = Deno.build.os === "linux" ? undefined : "Linux's /proc";

for (const { method, ...size } of CASES) {
  const label = `${method}, ${size.coils} x ${size.height} x ${size.width}`;
  testWith(
    linux,
    `the planned memory is within a third of the real one, which lacks the command line: ${label}`,
    () =>
      inFolder(async (at) => {
        const path = await writeH5(at("k.h5"), {
          slices: 1,
          ...size,
          kspace: () => kspaceOf(size),
        });
        const script = new URL("peak_memory.ts", import.meta.url).pathname;
        const measured = async (what: "plan" | "run") => {
          const args = ["run", "--allow-all", "--no-check", script, what, path, method];
          return Number(await run(Deno.execPath(), args));
        };
        const [planned, peak] = [await measured("plan"), await measured("run")];
        const ratio = planned / peak;
        assert.ok(ratio > 0.75 && ratio < 1.34, `planned ${planned}, taken ${peak}`);
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
