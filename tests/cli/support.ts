/** What the tests of the command line share. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Command, guarded } from "../../src/cli/entry.ts";
import { recon } from "../../src/cli/commands/recon.ts";
import { MANIFEST } from "../../src/io/manifest.ts";
import { writeCflCoils } from "../../src/io/cfl.ts";
import { type FastmriContent, writeFastmri } from "../../src/io/hdf5/fastmri_write.ts";
import { writeNpyComplex } from "../../src/io/numpy/npy.ts";
import type { NdArray } from "../../src/ndarray.ts";
import { Rng } from "../../src/rng.ts";

/** How a command ended and what it wrote. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in this process. */
export async function runHere(
  args: readonly string[],
  { command = recon, signal = new AbortController().signal, isTerminal = false }: {
    command?: Command;
    signal?: AbortSignal;
    isTerminal?: boolean;
  } = {},
): Promise<Outcome> {
  let out = "", err = "";
  const console = {
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    isTerminal,
  };
  const code = await guarded(command, args, { console, signal });
  return { code, out, err };
}

/** The command that `deno task NAME` runs, with the same permissions and without network. */
export function taskCommand(
  name: "recon" | "compare" | "cohort" | "simulate" | "serve" | "sample",
  args: readonly string[],
  options: Deno.CommandOptions = {},
): Deno.Command {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  const [, ...words] = tasks[name].split(" ") as string[];
  const [script, command] = words.splice(-2);
  return new Deno.Command(Deno.execPath(), {
    args: [...words, "--config", `${root}deno.json`, `${root}${script}`, command, ...args],
    stdout: "piped",
    stderr: "piped",
    ...options,
  });
}

/** Runs a command as a process of its own. */
export async function runTask(
  name: "recon" | "compare" | "simulate" | "sample",
  args: readonly string[],
): Promise<Outcome> {
  const { code, stdout, stderr } = await taskCommand(name, args).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

/** Sizes of the k-space that the writers below write; no two are the same. */
export const SIZE = { slices: 2, coils: 3, height: 26, width: 20 };

/** One slice of k-space, brightest at its centre, different for each slice. */
export function someKspace(slice = 0, { coils, height, width } = SIZE): NdArray {
  const rng = new Rng(slice);
  const data = new Float32Array(coils * 2 * height * width);
  for (let i = 0; i < data.length; i++) {
    const x = i % width - Math.floor(width / 2);
    const y = Math.floor(i / width) % height - Math.floor(height / 2);
    data[i] = rng.normal() * (0.01 + Math.exp(-(x * x + y * y) / 8));
  }
  return { data, shape: [coils, 2, height, width] };
}

/** Writes fastMRI k-space; returns its path. */
export async function writeH5(path: string, content: Partial<FastmriContent> = {}) {
  await writeFastmri(path, { ...SIZE, kspace: (slice) => someKspace(slice), ...content });
  return path;
}

/** The slices of {@link someKspace} as a .npy (slice, coil, readout, phase). */
export async function writeNpyKspace(path: string, change?: (data: Float32Array) => void) {
  const { slices, coils, height, width } = SIZE;
  const shape = [slices, coils, 2, width, height];
  const data = new Float32Array(shape.reduce((a, b) => a * b));
  for (let slice = 0; slice < slices; slice++) {
    const planar = someKspace(slice, { ...SIZE, height: width, width: height }).data;
    data.set(planar, slice * planar.length);
  }
  change?.(data);
  await writeNpyComplex(path, { data, shape });
  return path;
}

/** One slice as a BART pair; returns the path of the .cfl. */
export async function writeCflKspace(stem: string) {
  await writeCflCoils(stem, someKspace());
  return `${stem}.cfl`;
}

/** Asserts a refusal: its code, one message on stderr, nothing on stdout. */
export function assertRefused({ code, out, err }: Outcome, expected: number, message: RegExp) {
  assert.equal(code, expected, err);
  assert.equal(out, "");
  assert.match(err, message);
  assert.equal(err.match(/^larmor: /gm)?.length, 1, `one message: ${err}`);
  assert.doesNotMatch(err, /^\s+at /m, "no stack");
}

/** Names in a folder, sorted; none where there is no folder. */
export function namesIn(folder: string): string[] {
  try {
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    return names.filter((name) => name !== MANIFEST).sort();
  } catch {
    return [];
  }
}
