/** The rows of `compare --peer bart` against BART run by hand. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { compare } from "../../src/cli/commands/compare.ts";
import { readCfl, writeCflCoils } from "../../src/io/cfl.ts";
import { writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { readNpy } from "../../src/io/numpy/npy.ts";
import { makeMask, parseMaskSpec } from "../../src/mri/sampling/masks.ts";
import { Preparation } from "../../src/recon/prepare.ts";
import { type NdArray, onlyOf } from "../../src/ndarray.ts";
import { bartVersion } from "../../src/recon/bart.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import type { Comparison } from "../../src/report/comparison.ts";
import { runHere } from "../cli/support.ts";
import { inFolder } from "../io/support.ts";
import { relativeError } from "../mri/support.ts";
import { needsCommand, run, testWith } from "../tools.ts";
import { runtime } from "../runtime.ts";

const SPEC = "equispaced:R=3,acs=12";
/** What docs/comparison.md says of each row. */
const ARGUMENTS: Record<string, string> = {
  "bart:l2": "-S -l2 -r 0.01 -i 200",
  "bart:wavelet": "-S -R W:3:0:0.01 -i 200",
  "bart:tv": "-S -R T:3:0:0.01 -i 200",
};
/**
 * Both run BART, on k-space that was scaled and transformed in float32 on one side: 2e-6 for l2 and tv,
 * up to 2e-4 for the wavelet, whose thresholds magnify roundings.
 */
const TOLERANCE = 1e-3;

for (const size of [48, 45]) {
  testWith(
    needsCommand("bart"),
    `compare --peer bart equals BART by hand, ${size} x ${size}`,
    () => oneThread(() => inFolder((at) => byHand(at, size))),
  );
}

/** BART's threads spin when others want the cores: small images are done sooner by one. */
async function oneThread(body: () => Promise<void>): Promise<void> {
  const before = Deno.env.get("OMP_NUM_THREADS");
  Deno.env.set("OMP_NUM_THREADS", "1");
  try {
    await body();
  } finally {
    if (before === undefined) Deno.env.delete("OMP_NUM_THREADS");
    else Deno.env.set("OMP_NUM_THREADS", before);
  }
}

async function byHand(at: (name: string) => string, size: number): Promise<void> {
  const kspace = await brain(at("k.h5"), size);
  const args = [at("k.h5"), "--mask", SPEC, "--methods", "rss", "--peer", "bart"];
  const options = ["--output", at("out"), "--device", "cpu", "--json"];
  const { code, out, err } = await runHere([...args, ...options], { command: compare });
  assert.equal(code, 0, err);
  const rows = (JSON.parse(out) as Comparison).runs.filter(({ method }) => method !== "rss");
  assert.deepEqual(rows.map(({ method }) => method), Object.keys(ARGUMENTS));
  assert.match(await bartVersion(), /^v?\d+\.\d+/);
  await writeInputs(at, kspace, size);
  // What `pics` needs of sizes that are no multiple of 4: see bart_case.sh.
  await run("bart", ["fftmod", "-i", "3", at("u"), at("once")]);
  await run("bart", ["fftmod", "-i", "3", at("once"), at("twice")]);
  for (const { method, files, nfe, peakMemory, head } of rows) {
    await run("bart", ["pics", ...ARGUMENTS[method].split(" "), at("twice"), at("m"), at("x")]);
    const { data } = readCfl(at("x"));
    const image = readNpy(join(at("out"), files.recon!)).data;
    // The file's images are [readout, phase]: the phase is the slower axis of BART's array.
    const expected = Float32Array.from(image, (_, i) => {
      const from = (i % size) * size + Math.floor(i / size);
      return Math.hypot(data[2 * from], data[2 * from + 1]);
    });
    const error = relativeError(image, expected);
    assert.ok(error < TOLERANCE, `${method}: ${error}`);
    assert.ok(head!.psnr! > 20, `${method}: ${head!.psnr}`);
    assert.deepEqual([nfe, peakMemory], [0, null]);
  }
}

async function brain(path: string, size: number): Promise<NdArray> {
  using file = await simulatedBrain({ size, coils: 4, seed: 2 });
  const kspace = await file.readSlice(0);
  const sizes = { slices: 1, coils: 4, height: size, width: size };
  await writeFastmri(path, { ...sizes, kspace: () => kspace });
  return kspace;
}

/** Undersampled k-space as it was in the file, and the maps of the pipeline. */
async function writeInputs(
  at: (name: string) => string,
  kspace: NdArray,
  size: number,
): Promise<void> {
  const spec = parseMaskSpec(SPEC);
  if (spec.kind === "file") throw new Error("a formula is required");
  const mask = makeMask(spec, size, size);
  const preparation = new Preparation(runtime, { coils: 4, mask, full: true });
  const { problem } = await preparation.slice(kspace, { kind: "espirit" });
  const kept = kspace.data.map((value, i) => mask.values[Math.floor(i / size) % size] * value);
  await writeCflCoils(at("u"), { data: kept, shape: kspace.shape });
  await writeCflCoils(at("m"), onlyOf(problem.inputs.maps));
}
