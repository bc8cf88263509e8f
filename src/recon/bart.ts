/**
 * BART as a peer: `bart pics` on the very problems that our methods are given (the same scaled samples,
 * mask and maps), as methods of the same pipeline, so that its images are finished and measured alike.
 *
 * The weights are published ones, found without a look at the reference: those of the total-variation
 * baseline of fastMRI (`pics -S -R T:7:0:0.01 -i 200`, fastmri_examples/cs/run_bart.py; Zbontar et al.
 * 2018), the same weight for the wavelet and for l2. BART scales the data by its own estimate before
 * they apply, as there (`-S` undoes it).
 * @module
 */
import { join } from "node:path";
import { InputError, UsageError } from "../errors.ts";
import { readCfl, writeCflCoils } from "../io/cfl.ts";
import { planarCoils } from "../io/planar.ts";
import { dftW } from "../mri/physics/dft.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import type { Method } from "../method/problem.ts";
import { asBatch, type NdArray, ndarray, onlyOf } from "../ndarray.ts";

/** Weight and iterations of fastMRI's baseline. */
const WEIGHT = 0.01;
const ITERATIONS = 200;

export const BART_ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  "bart:l2": ["-S", "-l2", "-r", `${WEIGHT}`, "-i", `${ITERATIONS}`],
  "bart:wavelet": ["-S", "-R", `W:3:0:${WEIGHT}`, "-i", `${ITERATIONS}`],
  "bart:tv": ["-S", "-R", `T:3:0:${WEIGHT}`, "-i", `${ITERATIONS}`],
};

export const bartMethods: readonly Method[] = Object.entries(BART_ARGUMENTS).map(
  ([name, args]) => ({
    name,
    summary: `bart pics ${args.join(" ")}`,
    citation: "Uecker et al., Berkeley Advanced Reconstruction Toolbox, Proc. ISMRM 2015",
    needsMaps: true,
    fixedSteps: true,
    prepare: async (runtime, { coils, mask }) => {
      const transform = await runtime.build({ y: mask.yShape(coils) }, ({ y }) => ({
        kspace: onAllLines(mask.isLines ? dftW(y, "forward") : y, mask),
      }));
      return {
        nfe: 0,
        steps: ITERATIONS,
        solve: async ({ y, inputs }, { onProgress, signal } = {}) => {
          signal?.throwIfAborted();
          const { kspace } = await transform.run({ y });
          const image = await pics(onlyOf(kspace), asBatch(inputs.maps), args, signal);
          onProgress?.(1);
          return image;
        },
      };
    },
  }),
);

/** The version of the BART that is installed. @throws {UsageError} when it cannot be run */
export async function bartVersion(): Promise<string> {
  try {
    return (await bart(["version"])).trim();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    throw new UsageError("Cannot compare with BART: the command bart is required, found none", {
      hint: "Install it (Debian: apt install bart) or leave out --peer",
      cause,
    });
  }
}

/**
 * Runs `bart pics`; the images `[2 S, H, W]` of the sets of maps.
 * @param maps `[1, S, C, 2, H, W]`
 */
async function pics(
  kspace: NdArray,
  maps: NdArray,
  args: readonly string[],
  signal?: AbortSignal,
): Promise<NdArray> {
  const folder = await Deno.makeTempDir({ prefix: "larmor-bart-" });
  const at = (name: string) => join(folder, name);
  try {
    await writeCflCoils(at("kspace"), kspace);
    await writeCflCoils(at("maps"), maps);
    const [, , height, width] = kspace.shape;
    let input = at("kspace");
    // `pics` of BART 0.8 centres with `fftmod` on k-space where it needs the inverse. Both are the
    // same for sizes that are multiples of 4; elsewhere undoing `fftmod` twice beforehand makes up
    // for it (see tests/integration/bart_case.sh).
    for (const name of height % 4 === 0 && width % 4 === 0 ? [] : ["once", "twice"]) {
      await bart(["fftmod", "-i", "3", input, at(name)], signal);
      input = at(name);
    }
    await bart(["pics", ...args, input, at("maps"), at("image")], signal);
    const from = { transpose: false, source: at("image"), slice: 0 };
    const sets = maps.shape[1]; // where the coils of k-space would be
    const { data } = planarCoils(readCfl(at("image")).data, sets, height, width, from);
    return ndarray(data, [2 * sets, height, width]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function bart(args: readonly string[], signal?: AbortSignal): Promise<string> {
  const command = new Deno.Command("bart", { args: [...args], stdin: "null", signal });
  const { code, stdout, stderr } = await command.output();
  signal?.throwIfAborted();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (code === 0) return text(stdout);
  throw new InputError(
    `Cannot reconstruct with bart ${args[0]}: it ended with ${code}: ${text(stderr).trim()}`,
  );
}
