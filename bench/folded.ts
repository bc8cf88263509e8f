/**
 * An object that is larger than the field of view: validation slices whose phase field of view is cut, so
 * that they are folded, reconstructed with one and two sets of coil maps, beside BART's `ecalib -m2` and
 * `pics` where it is installed.
 *
 *     deno run --allow-all bench/folded.ts [--data ../shared/data/validation] [--part 0.7]
 *       [--mask equispaced:R=3,acs=24] [--methods sense,tv,wavelet,pnp-admm]
 *
 * PSNR over the head against the root sum of squares of the fully sampled, folded k-space. `whole` is the
 * same slice with its whole field of view. BART has the best of four weights, chosen with the reference.
 */
import { join } from "node:path";
import { benchOptions, say } from "./options.ts";
import { Runtime } from "../src/graph/mod.ts";
import { readCfl, writeCflCoils } from "../src/io/cfl.ts";
import { openImage } from "../src/io/open.ts";
import { planarCoils } from "../src/io/planar.ts";
import { measure } from "../src/mri/metrics/metrics.ts";
import { percentile } from "../src/mri/metrics/percentile.ts";
import { makeMask, parseMaskSpec } from "../src/mri/sampling/masks.ts";
import { type NdArray, ndarray } from "../src/ndarray.ts";
import { kspaceFromArray } from "../src/recon/open.ts";
import { reconstruct } from "../src/recon/reconstruct.ts";
import { simulatedKspace } from "../src/recon/simulated.ts";
import { Rng } from "../src/rng.ts";
import { foldedKspace } from "./folding.ts";

const options = benchOptions(import.meta.url, {
  data: {
    type: "string",
    default: new URL("../../shared/data/validation", import.meta.url).pathname,
  },
  part: { type: "string", default: "0.7" },
  mask: { type: "string", default: "equispaced:R=3,acs=24" },
  methods: { type: "string", default: "sense,tv,wavelet,pnp-admm" },
  /** Volume and number of simulated coils of each. */
  slices: {
    type: "string",
    default: "ds000011_sub-13_T1w_x:8,ds000011_sub-14_T1w_x:10,ds002748_sub-70_T1w_z:12," +
      "openms_patient19_study1_FLAIR:10,ulf3t_fig7B_T2w:8",
  },
  noise: { type: "string", default: "0.02" },
});

const WEIGHTS = [0.001, 0.003, 0.01, 0.03];
const PEER: Readonly<Record<string, (weight: number) => string[]>> = {
  sense: (w) => ["-l2", "-r", `${w}`],
  tv: (w) => ["-R", `T:3:0:${w}`],
  wavelet: (w) => ["-R", `W:3:0:${w}`],
};

function noisy({ data, shape }: NdArray, sigma: number): NdArray {
  const noise = new Rng(1).normals(data.length);
  return ndarray(data.map((value, i) => value + sigma * noise[i]), shape);
}

async function bart(...args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command("bart", { args, stdout: "null" }).output();
  if (code !== 0) throw new Error(`bart ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** The best PSNR of `bart pics` with two sets of maps, by method. */
async function peer(kspace: NdArray, reference: NdArray, text: string, methods: string[]) {
  const [, , height, width] = kspace.shape;
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") throw new Error("a formula is required");
  const { values, acs } = makeMask(spec, height, width);
  const folder = await Deno.makeTempDir();
  const at = (name: string) => join(folder, name);
  const data = kspace.data.map((value, i) => values[Math.floor(i / width) % height] * value);
  await writeCflCoils(at("k"), ndarray(data, kspace.shape));
  await bart("ecalib", "-m2", `-r${acs}`, at("k"), at("maps"));
  let input = at("k"); // see src/recon/bart.ts
  for (const name of height % 4 === 0 && width % 4 === 0 ? [] : ["once", "twice"]) {
    await bart("fftmod", "-i", "3", input, at(name));
    input = at(name);
  }
  const best: Record<string, number> = {};
  for (const method of methods.filter((name) => name in PEER)) {
    for (const weight of WEIGHTS) {
      await bart("pics", "-S", "-i", "100", ...PEER[method](weight), input, at("maps"), at("x"));
      await bart("rss", "16", at("x"), at("rss"));
      const from = { transpose: false, source: "rss", slice: 0 };
      const { data } = planarCoils(readCfl(at("rss")).data, 1, height, width, from);
      const magnitude = ndarray(data.slice(0, height * width), [1, height, width]);
      best[method] = Math.max(best[method] ?? 0, measure(magnitude, reference).head.psnr ?? 0);
    }
  }
  await Deno.remove(folder, { recursive: true });
  return best;
}

await using runtime = await Runtime.open("cpu", { threads: 2 });
const { data, part, mask, slices, noise } = options;
const methods = options.methods.split(",");
const hasBart = await bart("version").then(() => true, () => false);
say(`| slice | method | one set | two sets | default | BART -m2 | whole |`);
say(`| --- | --- | --: | --: | --: | --: | --: |`);
for (const [name, coils] of slices.split(",").map((text) => text.split(":"))) {
  using image = await openImage(join(data, `${name}.nii.gz`));
  const middle = Math.floor(image.slices / 2);
  const request = { coils: Number(coils), noise: 0, seed: 3 };
  const file = await simulatedKspace(runtime, image, request);
  const sigma = Number(noise) * percentile((await file.readTruth(middle)).data, 99);
  const kspace = await file.readSlice(middle);
  const height = 4 * Math.round(file.height * Number(part) / 4);
  const [whole, folded] = [
    noisy(kspace, sigma),
    noisy(await foldedKspace(runtime, kspace, height), sigma),
  ];
  const run = async (array: NdArray, method: string, mapSets: "auto" | 1 | 2) =>
    await reconstruct(kspaceFromArray(array), { method, mask, mapSets, device: runtime });
  let best: Record<string, number> = {};
  for (const method of methods) {
    const [one, two, auto, ofWhole] = [
      await run(folded, method, 1),
      await run(folded, method, 2),
      await run(folded, method, "auto"),
      await run(whole, method, "auto"),
    ];
    if (hasBart && method === methods[0]) best = await peer(folded, two.reference!, mask, methods);
    const figures = [one, two, auto, ofWhole].map(({ metrics }) => metrics!.head.psnr?.toFixed(2));
    const cells = [...figures.slice(0, 3), best[method]?.toFixed(2) ?? "", figures[3]];
    say(`| ${name} | ${method} | ${cells.join(" | ")} |`);
  }
}
