/** Simulated k-space to files. @module */
import { writeCflCoils } from "../../io/cfl.ts";
import { writeFastmri } from "../../io/hdf5/fastmri_write.ts";
import { writeNpyComplex } from "../../io/numpy/npy.ts";
import type { SamplingMask } from "../../mri/sampling/masks.ts";
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import type { SimulatedKspace } from "../../recon/simulated.ts";

/** A format of simulated k-space. */
export type OutputFormat = "h5" | "cfl" | "npy";

/** What a simulation gives. */
export interface SimulatedContent {
  /** Sizes and geometry. */
  readonly file: SimulatedKspace;
  /** Number of slices that are written. */
  readonly slices: number;
  /** What is kept of k-space; everything if absent. */
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
    await writeCflCoils(path.replace(/\.cfl$/i, ""), await wholeKspace(content));
  },
  npy: async (path, content) => await writeNpyComplex(path, turned(await wholeKspace(content))),
};

async function writeWithTruth(path: string, content: SimulatedContent): Promise<void> {
  const { file, slices, mask } = content;
  const { coils, height, width, geometry } = file;
  const truth = await truthVolume(content);
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

async function truthVolume({ file, slices, truth }: SimulatedContent): Promise<NdArray> {
  const volume = zeros([slices, file.width, file.height]);
  for (let slice = 0; slice < slices; slice++) {
    volume.data.set((await truth(slice)).data, slice * file.width * file.height);
  }
  return volume;
}

async function wholeKspace({ file, slices, mask, kspace }: SimulatedContent): Promise<NdArray> {
  const whole = zeros([slices, file.coils, 2, file.height, file.width]);
  const size = whole.data.length / slices;
  for (let slice = 0; slice < slices; slice++) {
    whole.data.set(undersampled(await kspace(slice), mask).data, slice * size);
  }
  return whole;
}

/** Zero where the mask keeps nothing. */
function undersampled(kspace: NdArray, mask: SamplingMask | undefined): NdArray {
  if (mask === undefined) return kspace;
  const width = kspace.shape[3];
  const block = mask.isLines ? width : 1;
  const data = kspace.data.slice();
  for (let start = 0; start < data.length; start += mask.values.length * block) {
    mask.values.forEach((kept, i) => {
      if (kept === 0) data.fill(0, start + i * block, start + (i + 1) * block);
    });
  }
  return ndarray(data, kspace.shape);
}

/** `[..., H, W]` to `[..., W, H]`: a .npy has the phase-encode axis last. */
function turned({ data, shape }: NdArray): NdArray {
  const [width, height] = shape.toReversed();
  const result = new Float32Array(data.length);
  for (let start = 0; start < data.length; start += height * width) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) result[start + x * height + y] = data[start + y * width + x];
    }
  }
  return ndarray(result, [...shape.slice(0, -2), width, height]);
}
