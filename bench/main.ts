/**
 * Times of the main job beside its peers', measured in one run: `deno task bench`.
 *
 *     deno task bench [--repeats N] [--python PYTHON] [--kspace FILE.h5]
 *
 * PYTHON needs numpy, scipy and h5py (Debian: /usr/bin/python3 with python3-scipy and python3-h5py);
 * BART is found on the PATH. A peer that is absent leaves its columns empty. The floor of a transform is
 * its arithmetic at the rate of onnxruntime's own MatMul, measured in the same run.
 */
import { benchOptions, say } from "./options.ts";
import { existsSync } from "node:fs";
import { Runtime } from "../src/graph/mod.ts";
import { openKspace } from "../src/io/mod.ts";
import { makeMask, parseMaskSpec, type SamplingMask } from "../src/mri/sampling/masks.ts";
import { Preparation, type PreparedSlice } from "../src/recon/prepare.ts";
import type { KspaceFile } from "../src/io/types.ts";
import { findMethod } from "../src/recon/methods.ts";
import { fourierCases } from "./fourier.ts";
import { matMulRate } from "./rate.ts";
import { type Case, median, type PeerTimes, peerTimes, printTable } from "./table.ts";

const options = benchOptions(import.meta.url, {
  repeats: { type: "string", default: "7" },
  python: { type: "string", default: "/usr/bin/python3" },
  kspace: {
    type: "string",
    default: new URL("../../shared/data/kspace/brain7_fastmri.h5", import.meta.url).pathname,
  },
});
const repeats = Number(options.repeats);

/** Sampling of the two cases that data/README.md tabulates. */
const MASKS = ["equispaced:R=4,acs=24", "equispaced:R=8,acs=16"];

function maskOf(spec: string, file: KspaceFile): SamplingMask {
  const parsed = parseMaskSpec(spec);
  if (parsed.kind === "file") throw new Error("a formula is required");
  return makeMask(parsed, file.height, file.width);
}

/** ESPIRiT and the classical methods on the brain7 slice, graphs compiled beforehand. */
async function reconstructionCases(runtime: Runtime, file: KspaceFile): Promise<Case[]> {
  const kspace = await file.readSlice(0);
  const cases: Case[] = [];
  for (const spec of MASKS) {
    const mask = maskOf(spec, file);
    const label = `${spec.slice(spec.indexOf(":") + 1).replace(",", " ")}`;
    const preparation = new Preparation(runtime, { coils: file.coils, mask, full: false });
    const prepared: PreparedSlice = await preparation.slice(kspace, { kind: "espirit" });
    cases.push({
      name: `ESPIRiT, scale and noise, ${label}`,
      peer: ["bart", `ecalib ${label}`],
      run: () => preparation.slice(kspace, { kind: "espirit" }),
    });
    const geometry = { coils: file.coils, height: mask.height, width: mask.width, mask };
    for (const name of ["sense", "wavelet", "tv"]) {
      // BART's wavelet needs its default 30 iterations at R=4 and 100 at R=8 to arrive.
      const entry = name === "wavelet" && label.startsWith("R=4")
        ? "wavelet, default iterations"
        : name;
      const solver = await findMethod(name).prepare(runtime, geometry);
      cases.push({
        name: `${name}, ${label}`,
        peer: ["bart", `${entry} ${label}`],
        run: () => solver.solve(prepared.problem),
      });
    }
  }
  return cases;
}

/** Median seconds of one evaluation, after one that is not timed. */
async function timed(run: () => Promise<unknown>, per = 1): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    await run();
    times.push((performance.now() - start) / 1000 / per);
  }
  return median(times);
}

await using runtime = await Runtime.open("cpu");
const cases = await fourierCases(runtime);
if (existsSync(options.kspace)) {
  using file = await openKspace(options.kspace);
  cases.push(...await reconstructionCases(runtime, file));
} else {
  say(`Reconstructions are left out: ${options.kspace} is absent`);
}
const peers: PeerTimes = await peerTimes(options.python, options.kspace, repeats);
const gflops = await matMulRate(runtime, timed);
const ours = new Map<string, number>();
for (const { name, run, per } of cases) ours.set(name, await timed(run, per));
printTable(cases, ours, peers, gflops);
