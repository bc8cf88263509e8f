/** K-space whose every sample is known, as Siemens raw data. */
import type { NdArray } from "../../../src/ndarray.ts";
import { readKspace, type ReadOptions } from "../../../src/recon/open.ts";
import { Rng } from "../../../src/rng.ts";
import { runtime } from "../../runtime.ts";
import { inFolder, refuses, tabulate } from "../support.ts";
import { type ScanSpec, vbFile, vdFile } from "./writer.ts";

export const COILS = 2, ROWS = 5, COLUMNS = 12;
export const KSPACE = tabulate(
  [COILS, 2, ROWS, COLUMNS],
  (coil, part, row, column) => 1 + coil + part / 3 + row / 7 + Math.sin(column),
);

/** A row of k-space `[C, 2, H, W]` as a scan. */
export function row(kspace: NdArray, line: number, more: Partial<ScanSpec> = {}): ScanSpec {
  const [coils, , height, width] = kspace.shape;
  const samples = (coil: number) =>
    Float32Array.from({ length: 2 * width }, (_, i) => {
      return kspace.data[((2 * coil + i % 2) * height + line) * width + Math.floor(i / 2)];
    });
  const all = Array.from({ length: coils }, (_, coil) => samples(coil));
  return { line, coils: all, ...more };
}

export const rows = (kspace = KSPACE, more: Partial<ScanSpec> = {}) =>
  Array.from({ length: kspace.shape[2] }, (_, line) => row(kspace, line, more));

export const WRITERS = { VB: vbFile, VD: vdFile } as const;

/** Opens a file; the samples stay as they are stored unless the options say otherwise. */
export async function opened<T>(
  bytes: Uint8Array<ArrayBuffer>,
  use: (file: Awaited<ReturnType<typeof readKspace>>) => Promise<T> | T,
  options: ReadOptions = {},
): Promise<void> {
  await inFolder(async (at) => {
    await Deno.writeFile(at("meas.dat"), bytes);
    using file = await readKspace(at("meas.dat"), { runtime, fourierSign: "-", ...options });
    await use(file);
  });
}

export const refused = (bytes: Uint8Array<ArrayBuffer>, message: RegExp) =>
  refuses(() => opened(bytes, () => {}), message);

/** Noise of two receivers, one ten times as loud, that says which receiver it is. */
export function noiseScan(channelIds: readonly number[], loud: number): ScanSpec {
  const rng = new Rng(5);
  const coils = channelIds.map((id) =>
    Float32Array.from({ length: 2048 }, () => rng.normal() * (id === loud ? 10 : 1))
  );
  return { flags: ["noise"], coils, channelIds, uid: 99, line: 0 };
}
