/** Raw files made from simulated k-space. */
import { MrdWriter } from "../../src/io/mrd/mrd_writer.ts";
import type { Acquisition } from "../../src/mrd/values.ts";
import type { MrdHeader } from "../../src/mrd/xml_header.ts";
import { Assembler } from "../../src/mri/raw/assembler.ts";
import type { NdArray } from "../../src/ndarray.ts";
import { simulatedBrain } from "../../src/recon/example.ts";
import { readKspace } from "../../src/recon/open.ts";
import { binFile } from "../../src/recon/raw_file.ts";
import { reconstruct } from "../../src/recon/reconstruct.ts";
import type { Reconstruction } from "../../src/recon/types.ts";
import { inFolder } from "../io/support.ts";
import { runtime } from "../runtime.ts";
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

/** The image of a file, and the same lines as a stream gives it. */
export async function bothWays(header: MrdHeader, lines: readonly Acquisition[], method = "rss") {
  const options = { method, device: runtime };
  let fromFile: Reconstruction;
  await inFolder(async (at) => {
    using file = await readKspace(await writeRaw(at("raw.h5"), header, lines), { runtime });
    fromFile = await reconstruct(file, options);
  });
  const assembler = new Assembler(header);
  const bins = [...lines.flatMap((line) => assembler.push(line)), ...assembler.flush()];
  const streamed = [];
  for (const bin of bins) {
    using file = binFile(runtime, bin);
    streamed.push(await reconstruct(file, options));
  }
  return { fromFile: fromFile!, streamed };
}

/** Codes of the warnings of a result. */
export const codes = ({ warnings }: Reconstruction) => warnings.map(({ code }) => code);
