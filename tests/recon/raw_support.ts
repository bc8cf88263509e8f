/** Raw files made from simulated k-space. */
import { MrdWriter } from "../../src/io/mrd/mrd_writer.ts";
import type { Acquisition } from "../../src/mrd/values.ts";
import type { MrdHeader } from "../../src/mrd/xml_header.ts";
import type { NdArray } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { headerXml, lineOf, type LineOptions } from "../mri/raw/support.ts";

/** Fully sampled k-space of a drawn brain, `[C, 2, H, W]`, almost without noise. */
export async function brainKspace(size: number, coils: number): Promise<NdArray> {
  using file = await simulatedBrain({ size, coils, noise: 1e-4 });
  return await file.readSlice(0);
}

/** Some rows of k-space as acquisitions. */
export function linesOf(
  kspace: NdArray,
  { rows = [0, kspace.shape[2]], step = 1, ...options }: LineOptions & {
    readonly rows?: readonly [number, number];
    readonly step?: number;
  } = {},
): Acquisition[] {
  const lines: Acquisition[] = [];
  for (let row = rows[0]; row < rows[1]; row += step) {
    lines.push(
      lineOf(kspace, row, { ...options, idx: { kspaceEncodeStep1: row, ...options.idx } }),
    );
  }
  return lines;
}

/** Writes a raw file. */
export async function writeRaw(
  path: string,
  header: MrdHeader,
  acquisitions: readonly Acquisition[],
): Promise<string> {
  await using writer = await MrdWriter.create(path, headerXml(header));
  for (const acquisition of acquisitions) writer.append(acquisition);
  await writer.finish();
  return path;
}
