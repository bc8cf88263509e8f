/** Memory of `deno task recon`: what it predicts, and what a process of its own takes. Linux only. */
import { Rng } from "../../src/rng.ts";
import { taskCommand, writeH5 } from "./support.ts";

/** Slices, coils, height, width. */
export type Size = readonly [slices: number, coils: number, height: number, width: number];

/** Milliseconds between two readings of a process's high-water mark. */
const INTERVAL = 20;

/**
 * A peak of noise, and noise of each coil. The coils see it through ramps of phase, which shift it by a
 * sample of k-space: as copies of one image they would be taken for slices.
 */
function kspaceOf([, coils, height, width]: Size, slice: number) {
  const plane = height * width;
  const object = new Rng(2 + slice).normals(2 * plane);
  const data = new Rng(1).normals(2 * coils * plane).map((noise) => 0.01 * noise);
  const wrap = (i: number, size: number) => (i + size) % size;
  for (let coil = 0; coil < coils; coil++) {
    const [cos, sin] = [Math.cos(coil), Math.sin(coil)];
    const [down, right] = [coil % 3 - 1, Math.floor(coil / 3) % 3 - 1];
    for (let i = 0; i < plane; i++) {
      const [y, x] = [Math.floor(i / width) + down, i % width + right];
      const at = wrap(y, height) * width + wrap(x, width);
      const square = (y - Math.floor(height / 2)) ** 2 + (x - Math.floor(width / 2)) ** 2;
      const peak = Math.exp(-square / 200);
      const [re, im] = [object[at] * peak, object[plane + at] * peak];
      data[2 * coil * plane + i] += cos * re - sin * im;
      data[(2 * coil + 1) * plane + i] += sin * re + cos * im;
    }
  }
  return { data, shape: [coils, 2, height, width] };
}

/** Writes k-space of a size as fastMRI has it; returns its path. */
export function writeSized(path: string, size: Size): Promise<string> {
  const [slices, coils, height, width] = size;
  const kspace = (slice: number) => kspaceOf(size, slice);
  return writeH5(path, { slices, coils, height, width, kspace });
}

/** Predicted bytes, as `--dry-run` prints them. */
export async function predictedMemory(args: readonly string[]): Promise<number> {
  const { code, stdout, stderr } = await taskCommand("recon", [...args, "--dry-run", "--json"])
    .output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout)).memory;
}

/** The high-water mark of a run, bytes. */
export async function measuredMemory(args: readonly string[]): Promise<number> {
  const child = taskCommand("recon", [...args, "--quiet"], { stdout: "null", stderr: "inherit" })
    .spawn();
  let peak = 0;
  const timer = setInterval(() => {
    try {
      const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
      peak = Math.max(peak, 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0));
    } catch {
      // it has ended
    }
  }, INTERVAL);
  const { code } = await child.status;
  clearInterval(timer);
  if (code !== 0) throw new Error(`exit code ${code}`);
  return peak;
}
