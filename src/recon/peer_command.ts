/**
 * A method that is a program of the user's: it is given the very problem that our methods are given
 * (the same scaled samples, mask and maps), as files, so that its images are finished and measured
 * alike.
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InputError, UsageError } from "../errors.ts";
import { remove } from "../host.ts";
import { openImage } from "../io/open.ts";
import { writeNpy, writeNpyComplex } from "../io/numpy/npy.ts";
import type { Method } from "../method/problem.ts";
import { dftW } from "../mri/physics/dft.ts";
import { onAllLines } from "../mri/physics/operator.ts";
import { type NdArray, onlyOf, zeros } from "../ndarray.ts";

const PLACES = ["kspace", "mask", "maps", "out"] as const;
/** Last characters of what the program wrote that an error shows. */
const SHOWN = 500;

/**
 * The method of a command line with the places `{kspace}` (complex .npy `[coil, H, W]`, centred, zero
 * where nothing was acquired), `{mask}` (`[H, W]` of 0 and 1), `{maps}` (complex `[coil, H, W]`, or
 * `[set, coil, H, W]`) and `{out}` (.npy `[H, W]` to be written, complex or magnitude). H is the
 * phase-encode axis. The image is taken in the scale of the samples.
 * @throws {UsageError} for a command without `{kspace}` or `{out}`, or with other places
 */
export function peerCommand(name: string, command: string): Method {
  const places = [...command.matchAll(/\{(\w+)\}/g)].map(([, place]) => place);
  const unknown = places.find((place) => !PLACES.some((known) => known === place));
  if (unknown !== undefined || !places.includes("kspace") || !places.includes("out")) {
    throw new UsageError(
      `Cannot run the peer '${command}': the places {kspace} and {out} are required, {mask} and ` +
        `{maps} possible, found ${places.map((place) => `{${place}}`).join(" ") || "none"}`,
    );
  }
  return {
    name,
    summary: command,
    citation: "a program of the user's",
    needsMaps: true,
    fixedSteps: true,
    prepare: async (runtime, { coils, height, width, mask }) => {
      const transform = await runtime.build({ y: mask.yShape(coils) }, ({ y }) => ({
        kspace: onAllLines(mask.isLines ? dftW(y, "forward") : y, mask),
      }));
      const sampled = zeros([height, width]);
      sampled.data.forEach((_, i) => {
        sampled.data[i] = mask.values[mask.isLines ? Math.floor(i / width) : i];
      });
      return {
        nfe: 0,
        steps: 0,
        solve: async ({ y, inputs: { maps } }, { signal } = {}) => {
          const { kspace } = await transform.run({ y });
          const [sets] = maps.shape;
          const all = sets === 1 ? onlyOf(maps) : maps;
          const image = await run(command, { kspace: onlyOf(kspace), mask: sampled, maps: all }, {
            size: [height, width],
            signal,
          });
          if (sets === 1) return image;
          // The image of all sets stands in the first; the others are empty.
          const whole = zeros([2 * sets, height, width]);
          whole.data.set(image.data);
          return whole;
        },
      };
    },
  };
}

async function run(
  command: string,
  { kspace, mask, maps }: { kspace: NdArray; mask: NdArray; maps: NdArray },
  { size, signal }: { size: readonly number[]; signal?: AbortSignal },
): Promise<NdArray> {
  const folder = await mkdtemp(join(tmpdir(), "larmor-peer-"));
  try {
    const at = (name: string) => join(folder, `${name}.npy`);
    await writeNpyComplex(at("kspace"), kspace);
    await writeNpy(at("mask"), mask);
    await writeNpyComplex(at("maps"), maps);
    await shell(command.replace(/\{(\w+)\}/g, (_, place: string) => at(place)), signal);
    using image = await openImage(at("out"));
    const found = [image.rows, image.columns];
    if (image.slices === 1 && found.join() === size.join()) return await image.readSlice(0);
    throw new InputError(
      `Cannot use the image of '${command}': ${size.join(" x ")} pixels are required, found ` +
        `${image.slices} x ${found.join(" x ")}`,
    );
  } finally {
    await remove(folder);
  }
}

function shell(command: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, { shell: true, stdio: ["ignore", "pipe", "pipe"], signal });
    let said = "";
    const hear = (part: Uint8Array) => {
      said = (said + new TextDecoder().decode(part)).slice(-SHOWN);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (cause) => reject(signal?.aborted ? signal.reason : cause));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else reject(new InputError(`Cannot run '${command}': it ended with ${code}: ${said.trim()}`));
    });
  });
}
