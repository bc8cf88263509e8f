/** BART (Debian's package) as the judge of our reconstructions and coil maps. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Runtime } from "../../src/graph/mod.ts";
import { writeCfl } from "../../src/io/cfl.ts";
import { interleave } from "../../src/io/planar.ts";
import { openKspace, readMapsFile } from "../../src/io/mod.ts";
import { conjugateGradients } from "../../src/mri/physics/cg.ts";
import { dft2 } from "../../src/mri/physics/dft.ts";
import { headMask } from "../../src/mri/metrics/metrics.ts";
import {
  detectMask,
  makeMask,
  maskFromLines,
  parseMaskSpec,
} from "../../src/mri/sampling/masks.ts";
import { mriOperator, regularised } from "../../src/mri/physics/operator.ts";
import { Preparation } from "../../src/recon/prepare.ts";
import { type NdArray, onlyOf, partOf } from "../../src/ndarray.ts";
import { projectionResidual } from "../mri/calibration/calibration_support.ts";
import { evaluate, relativeError } from "../mri/support.ts";
import { DATA, needsCommand, needsData, ROOT, run, testWith } from "../tools.ts";
import { runtime } from "../runtime.ts";

/** Regularisation of bart_case.sh. */
const LAMBDA = 0.01;

const bart = needsCommand("bart");

testWith(bart, "CG-SENSE with BART's own maps equals `bart pics -l2`", async () => {
  const folder = await Deno.makeTempDir();
  await run("sh", [join(ROOT, "tests/integration/bart_case.sh"), folder]);
  for (const name of ["even", "wide", "odd"]) {
    const kspace = await readOnly(join(folder, name, "kspace.cfl"));
    const found = partOf(readMapsFile(join(folder, name, "maps.cfl")), 0);
    const lines = detectMask(kspace);
    assert.ok(lines.isLines);
    const image = await cgSense(runtime, kspace, found, lines.values);
    const expected = await readOnly(join(folder, name, "pics.cfl"));
    const error = relativeError(image.data, expected.data);
    assert.ok(error < 1e-3, `${name}: ${error}`);
  }
  await Deno.remove(folder, { recursive: true });
});

async function readOnly(path: string): Promise<NdArray> {
  using file = await openKspace(path);
  return await file.readSlice(0);
}

async function cgSense(
  runtime: Runtime,
  kspace: NdArray,
  maps: NdArray,
  lines: Uint8Array,
): Promise<NdArray> {
  const [coils, , height, width] = kspace.shape;
  const mask = maskFromLines(lines, width);
  const program = await runtime.build(
    { kspace: [1, coils, 2, height, width], maps: maps.shape },
    ({ kspace, maps }) => {
      const operator = mriOperator(
        maps,
        mask.with({ isLines: false, values: plane(mask.values, width) }),
      );
      return {
        image: conjugateGradients(
          regularised(operator, LAMBDA),
          operator.adjoint(kspace),
          50,
        ),
      };
    },
  );
  const { image } = await program.run({
    kspace: { data: kspace.data, shape: [1, ...kspace.shape] },
    maps,
  });
  return image;
}

/** A mask of lines as one of the plane, so that raw k-space needs no readout transform. */
function plane(lines: Uint8Array, width: number): Uint8Array {
  return Uint8Array.from({ length: lines.length * width }, (_, i) => lines[Math.floor(i / width)]);
}

for (const spec of ["equispaced:R=4,acs=24", "equispaced:R=8,acs=16"]) {
  testWith(
    bart ?? needsData("kspace/brain7_fastmri.h5"),
    `ESPIRiT maps of a real slice span the coil images as well as BART's, ${spec}`,
    async () => {
      const folder = await Deno.makeTempDir();
      const kspace = await readOnly(join(DATA, "kspace/brain7_fastmri.h5"));
      const [coils, , height, width] = kspace.shape;
      const parsed = parseMaskSpec(spec);
      if (parsed.kind === "file") throw new Error("a formula is required");
      const mask = makeMask(parsed, height, width);
      const images = await evaluate(runtime, kspace, (x) => dft2(x, "inverse"));
      const preparation = new Preparation(runtime, { coils, mask, full: true });
      const prepared = await preparation.slice(kspace, { kind: "espirit" });
      await writeUndersampled(join(folder, "u"), kspace, mask.values);
      await run("bart", ["ecalib", "-m1", `-r${mask.acs}`, join(folder, "u"), join(folder, "s")]);
      const theirs = readMapsFile(join(folder, "s.cfl"));
      const regions = {
        head: headMask({ data: prepared.reference!.data, shape: [1, height, width] }),
        whole: new Uint8Array(height * width).fill(1),
      };
      for (const [name, region] of Object.entries(regions)) {
        const ours = projectionResidual(onlyOf(prepared.problem.inputs.maps), images, region);
        const peer = projectionResidual(
          { data: theirs.data, shape: theirs.shape.slice(2) },
          images,
          region,
        );
        assert.ok(ours < 1.05 * peer, `${name}: ours ${ours}, BART ${peer}`);
      }
      await Deno.remove(folder, { recursive: true });
    },
  );
}

async function writeUndersampled(stem: string, kspace: NdArray, lines: Uint8Array): Promise<void> {
  const [coils, , height, width] = kspace.shape;
  const data = kspace.data.map((value, i) => lines[Math.floor(i / width) % height] * value);
  await writeCfl(stem, [width, height, 1, coils], interleave({ data, shape: kspace.shape }));
}

testWith(bart, "k-space made by `bart phantom` reconstructs to BART's own image", async () => {
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  await run("bart", ["phantom", "-k", "-s", "4", "-x", "48", at("k")]);
  await run("bart", ["fft", "-i", "-u", "3", at("k"), at("images")]);
  await run("bart", ["rss", "8", at("images"), at("rss")]);
  const { reconstruct } = await import("../../src/recon/reconstruct.ts");
  using file = await openKspace(at("k.cfl"));
  const result = await reconstruct(file, { method: "rss", device: "cpu" });
  const expected = await readOnly(at("rss.cfl"));
  const magnitude = expected.data.subarray(0, 48 * 48);
  assert.ok(relativeError(result.magnitude.data, magnitude) < 1e-5);
  await Deno.remove(folder, { recursive: true });
});
