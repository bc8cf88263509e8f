/** The built-in example: a brain phantom with simulated coils. @module */
import { Runtime } from "../graph/mod.ts";
import type { ImageFile, KspaceFile } from "../io/types.ts";
import { brainPhantom, type Contrast, phantomPixel } from "../mri/phantom/phantom.ts";
import { zeros } from "../ndarray.ts";
import { oneSliceFile, simulatedKspace, type SimulationRequest } from "./simulated.ts";

/** Mask of the example when none is named. */
export const EXAMPLE_MASK = "equispaced:R=4,acs=24";

const EXAMPLE_SIMULATION: SimulationRequest = { coils: 8, noise: 0.02, seed: 0 };

const EXAMPLE_SIZE = 256;

/** A brain phantom as an image of one slice; `seed` is that of its shape and intensities. */
export async function phantomImage(
  runtime: Runtime,
  { size, ...options }:
    & { readonly size: number; readonly seed?: number }
    & Pick<SimulatedBrainOptions, "contrast" | "lesions">,
): Promise<ImageFile> {
  const { data } = await brainPhantom(runtime, { height: size, width: size, ...options });
  const image = zeros([2, size, size]);
  image.data.set(data);
  const pixel = phantomPixel(size, size);
  const affine = [pixel, 0, 0, 0, 0, pixel, 0, 0, 0, 0, pixel, 0, 0, 0, 0, 1];
  // The name stands in place of the path of a file.
  return { ...oneSliceFile("example", image, { affine, known: false }), complex: false };
}

export async function openExample(
  runtime: Runtime,
  simulation: SimulationRequest = EXAMPLE_SIMULATION,
): Promise<KspaceFile> {
  const image = await phantomImage(runtime, { size: EXAMPLE_SIZE });
  return await simulatedKspace(runtime, image, simulation);
}

/** Options of {@link simulatedBrain}. */
export interface SimulatedBrainOptions extends Partial<SimulationRequest> {
  /** Rows and columns. Default 256. */
  readonly size?: number;
  /** Weighting. Default `T1`. */
  readonly contrast?: Contrast;
  /** Number of lesions. Default 0. */
  readonly lesions?: number;
}

/**
 * One slice of fully sampled multi-coil k-space of a brain phantom, for examples and tests.
 * @returns k-space that is held in memory
 */
export async function simulatedBrain(
  { size = EXAMPLE_SIZE, contrast, lesions, ...simulation }: SimulatedBrainOptions = {},
): Promise<KspaceFile> {
  await using runtime = await Runtime.open("cpu");
  const request = { ...EXAMPLE_SIMULATION, ...simulation };
  const image = await phantomImage(runtime, { size, seed: request.seed, contrast, lesions });
  const file = await simulatedKspace(runtime, image, request);
  const slice = await file.readSlice(0);
  return { ...file, readSlice: () => Promise.resolve(slice) };
}
