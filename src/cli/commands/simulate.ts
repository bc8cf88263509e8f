/** `deno task simulate`: an image in, multi-coil k-space with the truth in it out. @module */
import { UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writePiecesWhole } from "../../io/atomic.ts";
import { cflStem, writeCflCoils } from "../../io/cfl.ts";
import { writeFastmri } from "../../io/hdf5/fastmri_write.ts";
import { encodeMessage } from "../../io/mrd/messages.ts";
import { MrdWriter } from "../../io/mrd/mrd_writer.ts";
import { mrdHeaderXml } from "../../io/mrd/xml_writer.ts";
import { writeNpyComplex } from "../../io/numpy/npy.ts";
import { openImage } from "../../io/open.ts";
import type { ImageFile } from "../../io/types.ts";
import type { Contrast } from "../../mri/phantom/phantom.ts";
import type { SamplingMask } from "../../mri/sampling/masks.ts";
import { exchanged, type NdArray, ndarray, stack } from "../../ndarray.ts";
import { phantomImage } from "../../recon/example.ts";
import { geometryOf, sliceRange } from "../../recon/volume.ts";
import { requestedMask } from "../../recon/sampling.ts";
import { simulatedKspace } from "../../recon/simulated.ts";
import {
  simulatedAcquisitions,
  simulatedHeader,
  type SimulatedScan,
} from "../../recon/simulated_mrd.ts";
import type { CommandContext } from "../entry.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE, INPUT, MASK, SIMULATION_OPTIONS } from "../options/shared.ts";
import { option, type RequestOf } from "../options/table.ts";
import { number, oneOf, path } from "../options/values.ts";
import { ProgressLine } from "../render/progress.ts";
import { asFreshFile, jsonLine } from "../files.ts";

const CONTRASTS = ["T1", "T2", "FLAIR", "PD"] as const satisfies readonly Contrast[];
const DEFAULT_SIZE = 256;

const OPTIONS = {
  ...SIMULATION_OPTIONS,
  mask: {
    ...MASK.mask,
    summary: "undersample, such as equispaced:R=4,acs=24 (see recon). Default: all lines",
  },
  slices: INPUT.slices,
  output: option(
    "FILE",
    ".h5 (fastMRI layout), .cfl (BART), .npy, .mrd.h5 (raw ISMRMRD acquisitions) or .mrd " +
      "(a stream of them). Only .h5 holds the truth (reconstruction_rss); it and MRD hold the " +
      "affine and which lines were acquired",
    path,
    "simulated.h5",
  ),
  size: {
    value: "N",
    summary: `rows and columns of the phantom. Default: ${DEFAULT_SIZE}`,
    // A head of fewer pixels is no head; more than this is no image.
    parse: number({ integer: true, min: 32, max: 2048 }),
  },
  contrast: option(
    "NAME",
    "T1, T2, FLAIR or PD: contrast of the phantom. Default: T1",
    oneOf(CONTRASTS),
  ),
  lesions: option(
    "N",
    "number of lesions of the phantom. Default: 0",
    number({ integer: true, min: 0, max: 24 }),
  ),
  ...DEVICE,
  ...COMMON,
};

const SCHEMA = "larmor.simulate/1";

export const simulate = command({
  usage: "deno task simulate [IMAGE] [options]",
  about:
    "Makes multi-coil k-space from an image (NIfTI, or .npy with axes ([slice,] row, column)). " +
    "Rows are the readout, columns the phase-encode axis. Without IMAGE a brain phantom is drawn.",
  options: OPTIONS,
  examples: [
    "deno task simulate volume.nii.gz --coils 8 --noise 0.02 --output k.h5",
    "deno task simulate --contrast FLAIR --lesions 5 --output phantom.h5",
  ],
}, async (request, context) => {
  const write = writerOf(request);
  const { inputs: [input], output, coils, noise, seed } = request;
  const { size = DEFAULT_SIZE, contrast = "T1", lesions = 0 } = request;
  await using runtime = await Runtime.open(request.device, request);
  using image = input === undefined
    ? await phantomImage(runtime, { size, contrast, lesions, seed })
    : await openImage(input);
  const content = await simulatedContent(runtime, image, request, context);
  await asFreshFile(output, (partial) => write(partial, content));
  const { file: { width: readout, height: phase }, slices, mask } = content;
  const report = {
    schema: SCHEMA,
    input: { path: image.path, format: image.format },
    output: { path: output, slices, coils, readout, phase },
    coils,
    noise,
    seed,
    mask: mask?.spec ?? null,
  };
  context.console.out(
    request.json
      ? jsonLine(report)
      : `${output}: slice ${slices}, coil ${coils}, readout ${readout}, phase ${phase}; ` +
        `noise ${noise}, ${mask?.spec ?? "all lines"}\n`,
  );
  return 0;
});

type SimulateRequest = RequestOf<typeof OPTIONS>;

function writerOf(request: SimulateRequest) {
  const { inputs, output } = request;
  if (inputs.length > 1) {
    throw new UsageError(`Cannot simulate from ${inputs.length} images: one is required`);
  }
  const given = (["size", "contrast", "lesions"] as const).find((name) => name in request);
  if (given !== undefined && inputs.length > 0) {
    throw new UsageError(`Cannot use --${given} with ${inputs[0]}: it is for the phantom alone`);
  }
  const ending = Object.keys(WRITERS).find((each) => output.toLowerCase().endsWith(each));
  const write = ending === undefined ? undefined : WRITERS[ending];
  if (write !== undefined) return write;
  throw new UsageError(
    `Cannot write ${output}: a name that ends in ${Object.keys(WRITERS).join(", ")} is required`,
  );
}

type SimulatedContent = Awaited<ReturnType<typeof simulatedContent>>;

async function simulatedContent(
  runtime: Runtime,
  image: ImageFile,
  { slices, coils, noise, seed, mask: spec, quiet }: SimulateRequest,
  { console, signal }: CommandContext,
) {
  const file = await simulatedKspace(runtime, image, { coils, noise, seed });
  const [first, end] = sliceRange(file, [slices?.[0] ?? 0, slices?.[1] ?? file.slices]);
  const mask = spec === undefined ? undefined : requestedMask(spec, file);
  const count = end - first;
  return {
    file,
    slices: count,
    geometry: geometryOf(file, first),
    mask,
    /** The noiseless image `[readout, phase]` of a slice. */
    truth: (slice: number) => file.readTruth(first + slice),
    /** K-space `[C, 2, H, W]` of a slice, zero where the mask keeps nothing. */
    kspace: async (slice: number) => {
      signal.throwIfAborted();
      using line = new ProgressLine(console, image.path, { quiet });
      line.update({ stage: "simulate", slice, slices: count, fraction: slice / count });
      return undersampled(await file.readSlice(first + slice), mask);
    },
  };
}

function undersampled({ data, shape }: NdArray, mask?: SamplingMask): NdArray {
  if (mask === undefined) return { data, shape };
  const { height, width } = mask;
  const keeps = (i: number) => mask.keeps(Math.floor(i / width) % height, i % width);
  return ndarray(data.map((value, i) => keeps(i) ? value : 0), shape);
}

/** Writers of k-space by the ending of the file, which they write whole or not at all. */
const WRITERS: Readonly<Record<string, (path: string, from: SimulatedContent) => Promise<void>>> = {
  ".mrd.h5": async (path, content) => {
    const scan = scanOf(content);
    await using writer = await MrdWriter.create(path, mrdHeaderXml(simulatedHeader(scan)));
    for await (const acquisition of simulatedAcquisitions(scan)) writer.append(acquisition);
    await writer.finish();
  },
  ".mrd": async (path, content) => await writePiecesWhole(path, messages(scanOf(content))),
  ".h5": writeWithTruth,
  ".hdf5": writeWithTruth,
  ".cfl": async (path, { slices, kspace }) =>
    await writeCflCoils(cflStem(path), await stacked(slices, kspace)),
  // The phase-encode axis is the last one.
  ".npy": async (path, { slices, kspace, file: { height, width, coils } }) => {
    const { data } = await stacked(slices, kspace);
    const turned = exchanged(data, [height, width]);
    await writeNpyComplex(path, ndarray(turned, [slices, coils, 2, width, height]));
  },
};

const scanOf = ({ file, slices, geometry, mask, kspace }: SimulatedContent): SimulatedScan => ({
  ...file,
  slices,
  geometry,
  mask,
  kspace,
});

async function* messages(scan: SimulatedScan): AsyncGenerator<Uint8Array> {
  const text = mrdHeaderXml(simulatedHeader(scan));
  yield encodeMessage({ kind: "header", text, terminated: false });
  for await (const acquisition of simulatedAcquisitions(scan)) {
    yield encodeMessage({ kind: "acquisition", acquisition });
  }
  yield encodeMessage({ kind: "close" });
}

async function writeWithTruth(path: string, content: SimulatedContent): Promise<void> {
  const { file: { coils, height, width }, slices, geometry, mask, kspace } = content;
  const truth = await stacked(slices, content.truth);
  await writeFastmri(path, {
    slices,
    coils,
    height,
    width,
    kspace,
    reconstructionRss: truth,
    mask: mask?.isLines ? mask.values : undefined,
    geometry,
    attributes: {
      acquisition: "simulated",
      max: truth.data.reduce((most, value) => Math.max(most, value), 0),
      norm: Math.sqrt(truth.data.reduce((sum, value) => sum + value * value, 0)),
    },
  });
}

const stacked = async (slices: number, read: (slice: number) => Promise<NdArray>) =>
  stack(await Array.fromAsync({ length: slices }, (_, slice) => read(slice)));
