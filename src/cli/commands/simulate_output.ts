/** Simulated k-space to files. @module */
import { cflStem, writeCflCoils } from "../../io/cfl.ts";
import { writeFastmri } from "../../io/hdf5/fastmri_write.ts";
import { writeNpyComplex } from "../../io/numpy/npy.ts";
import type { SamplingMask } from "../../mri/sampling/masks.ts";
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import type { SimulatedKspace } from "../../recon/simulated.ts";

export type OutputFormat = "h5" | "cfl" | "npy";

/** A simulation, to be written. */
export interface SimulatedContent {
  readonly file: SimulatedKspace;
  readonly slices: number;
  readonly mask?: SamplingMask;
  /** The noiseless image `[readout, phase]` of a slice. */
  truth(slice: number): Promise<NdArray>;
  /** Fully sampled k-space `[C, 2, H, W]` of a slice. */
  kspace(slice: number): Promise<NdArray>;
}

/** Writes k-space in a format; each file whole or not at all. */
export const WRITERS: {
  readonly [F in OutputFormat]: (path: string, content: SimulatedContent) => Promise<void>;
} = {
  h5: writeWithTruth,
  cfl: async (path, content) => {
    await writeCflCoils(cflStem(path), await wholeKspace(content));
  },
  npy: async (path, content) => await writeNpyComplex(path, transposed(await wholeKspace(content))),
};

async function writeWithTruth(path: string, content: SimulatedContent): Promise<void> {
  const { file: { coils, height, width, geometry }, slices, mask } = content;
  const truth = await stacked(slices, content.truth);
  await writeFastmri(path, {
    slices,
    coils,
    height,
    width,
    kspace: async (slice) => undersampled(await content.kspace(slice), mask),
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

async function wholeKspace({ slices, mask, kspace }: SimulatedContent): Promise<NdArray> {
  return await stacked(slices, async (slice) => undersampled(await kspace(slice), mask));
}

/** Slices one after the other, with an axis of slices first. */
async function stacked(
  slices: number,
  read: (slice: number) => Promise<NdArray>,
): Promise<NdArray> {
  const first = await read(0);
  const whole = zeros([slices, ...first.shape]);
  for (let slice = 0; slice < slices; slice++) {
    const { data } = slice === 0 ? first : await read(slice);
    whole.data.set(data, slice * data.length);
  }
  return whole;
}

/** Zero where the mask keeps nothing. */
function undersampled(kspace: NdArray, mask: SamplingMask | undefined): NdArray {
  if (mask === undefined) return kspace;
  const { height, width } = mask;
  const keeps = (i: number) => mask.keeps(Math.floor(i / width) % height, i % width);
  return ndarray(kspace.data.map((value, i) => keeps(i) ? value : 0), kspace.shape);
}

/** `[..., H, W]` to `[..., W, H]`: a .npy has the phase-encode axis last. */
function transposed({ data, shape }: NdArray): NdArray {
  const [width, height] = shape.toReversed();
  const result = data.map((_, i) => {
    const y = i % height, x = Math.floor(i / height) % width;
    return data[i - x * height - y + y * width + x];
  });
  return ndarray(result, [...shape.slice(0, -2), width, height]);
}
