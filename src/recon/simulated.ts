/** K-space that is simulated from an image, slice by slice, as if it were read from a file. @module */
import { frameCount, namedAxes } from "../io/axes.ts";
import { InputError } from "../errors.ts";
import { type Program, reshape, type Runtime, swapLastAxes } from "../graph/mod.ts";
import type { Geometry, ImageFile, KspaceFile } from "../io/types.ts";
import { magnitude } from "../mri/physics/complex.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { Simulator } from "../mri/phantom/simulate.ts";
import type { NdArray } from "../ndarray.ts";

/** How k-space is to be simulated from an image. */
export interface SimulationRequest {
  /** Number of coils. */
  readonly coils: number;
  /** Standard deviation of the noise, of real and imaginary part, relative to bright tissue. */
  readonly noise: number;
  /** Seed of coils, phase and noise. */
  readonly seed: number;
}

/** Simulated k-space, and the truth behind it. */
export interface SimulatedKspace extends KspaceFile {
  /** The noiseless image `[rows = readout, columns = phase]` of a slice, as all coils see it. */
  readTruth(index: number): Promise<NdArray>;
}

/** An image of one slice `[2, rows, columns]` as a file. */
export function oneSliceFile(path: string, image: NdArray, geometry?: Geometry): ImageFile {
  const [, rows, columns] = image.shape;
  return {
    path,
    format: "phantom",
    slices: 1,
    rows,
    columns,
    complex: true,
    geometry,
    readSlice: () => Promise.resolve(image),
    [Symbol.dispose]: () => {},
  };
}

/** Percentile of a slice's magnitude that stands for bright tissue. */
const BRIGHT_PERCENTILE = 99;

type Orient = Program<"image", "oriented" | "magnitude">;

/**
 * K-space of an image; rows are the readout and columns the phase-encode axis, as fastMRI has them.
 * The noise is the same in all slices: relative to the brightest slice's tissue. Slices are
 * simulated when they are read, each the same whatever was read before.
 *
 * @param image is disposed of with the result
 * @throws {InputError} when the image cannot be read or is zero everywhere
 */
export async function simulatedKspace(
  runtime: Runtime,
  image: ImageFile,
  { coils, noise, seed }: SimulationRequest,
): Promise<SimulatedKspace> {
  const { slices, frames = [], rows, columns, geometry, path, format } = image;
  const orient: Orient = await runtime.build({ image: [2, rows, columns] }, ({ image }) => ({
    oriented: swapLastAxes(image),
    magnitude: reshape(magnitude(image), [rows, columns]),
  }));
  const read = async (index: number) => await orient.run({ image: await image.readSlice(index) });
  const sigma = noise * await brightness(image, orient);
  const simulator = await Simulator.create(runtime, { coils, height: columns, width: rows, seed });
  return {
    path,
    format,
    axes: [
      ...frames.toReversed(),
      ...namedAxes(["slice", "readout", "phase1"], [slices / frameCount(frames), rows, columns]),
    ],
    slices,
    frames: frames.length > 0 ? frames : undefined,
    coils,
    height: columns,
    width: rows,
    transposed: true,
    geometry,
    readTruth: async (index) => (await read(index)).magnitude,
    readSlice: async (index) => {
      const { oriented } = await read(index);
      return await simulator.kspace(oriented, { sigma, slice: index });
    },
    [Symbol.dispose]: () => image[Symbol.dispose](),
  };
}

async function brightness(image: ImageFile, orient: Orient): Promise<number> {
  let brightest = 0, most = 0;
  for (let slice = 0; slice < image.slices; slice++) {
    const { magnitude: { data } } = await orient.run({ image: await image.readSlice(slice) });
    brightest = Math.max(brightest, percentile(data, BRIGHT_PERCENTILE));
    most = data.reduce((a, b) => Math.max(a, b), most);
  }
  if (most > 0) return brightest > 0 ? brightest : most;
  throw new InputError(
    `Cannot simulate k-space from ${image.path}: an image with values is required, found zeros`,
  );
}
