/** K-space that is simulated from an image, slice by slice, as if it were read from a file. @module */
import { InputError } from "../errors.ts";
import { type Program, type Runtime, swapLastAxes } from "../graph/mod.ts";
import type { ImageFile, KspaceFile } from "../io/types.ts";
import { percentile } from "../mri/percentile.ts";
import type { NdArray } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { Simulator } from "./stand_in.ts";

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
  /** The noiseless image `[rows = readout, columns = phase]` of a slice, as the full coils see it. */
  readTruth(index: number): Promise<NdArray>;
}
export async function simulatedKspace(
  runtime: Runtime,
  image: ImageFile,
  request: SimulationRequest,
): Promise<SimulatedKspace> {
  const { slices, rows, columns } = image;
  const sim = await Simulator.compile(runtime, { coils: request.coils, height: columns, width: rows, seed: request.seed });
  const turn: Program<"image", "turned"> = await runtime.build({ image: [2, rows, columns] }, ({ image }) => ({ turned: swapLastAxes(image) }));
  const magnitude = async (i: number) => {
    const { data } = await image.readSlice(i);
    const n = rows * columns;
    return { data: Float32Array.from({ length: n }, (_, k) => Math.hypot(data[k], data[n + k])), shape: [rows, columns] };
  };
  return {
    path: image.path, format: image.format, axes: `slice ${slices}, readout ${rows}, phase ${columns}`,
    slices, coils: request.coils, height: columns, width: rows, transposed: true,
    ...(image.geometry === undefined ? {} : { geometry: image.geometry }),
    readTruth: magnitude,
    readSlice: async (i) => {
      const slice = await image.readSlice(i);
      const { turned } = await turn.run({ image: slice });
      const bright = percentile((await magnitude(i)).data, 99);
      if (!(bright > 0)) throw new InputError(`${image.path}: zero image`);
      return await sim.simulate(turned, { sigma: request.noise * bright, rng: new Rng(request.seed, i) });
    },
    [Symbol.dispose]: () => image[Symbol.dispose](),
  };
}
