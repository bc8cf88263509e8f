/** The covariance of the coils' noise from a noise scan in a file of its own. @module */
import { InputError } from "../errors.ts";
import { type Runtime, Runtime as Graphs } from "../graph/mod.ts";
import { coilCovariance } from "../mri/calibration/coil_compression.ts";
import { noiseCovariance } from "../mri/calibration/noise_covariance.ts";
import type { NdArray } from "../ndarray.ts";
import type { NoiseCovariance } from "./coil_noise.ts";
import { readKspace } from "./open.ts";

/** Most samples of a coil that are looked at: a standard error of 0.3 %. */
const MAX_SAMPLES = 1 << 17;

/**
 * Reads a noise scan: a file of k-space, all of whose samples are noise.
 * @param coils that it must have
 * @throws {InputError} when it cannot be read, has other coils or too few samples
 */
export async function readNoiseCovariance(
  path: string,
  { coils, runtime }: { readonly coils: number; readonly runtime?: Runtime },
): Promise<NoiseCovariance> {
  await using own = runtime === undefined ? await Graphs.open("cpu") : undefined;
  const graphs = runtime ?? own!;
  using file = await readKspace(path, { runtime: graphs, noiseScans: false });
  if (file.coils !== coils) {
    throw new InputError(
      `Cannot use the noise scan ${path}: ${coils} coils are required, found ${file.coils}`,
    );
  }
  const size = 2 * coils;
  const total = { data: new Float32Array(size * size), shape: [size, size] };
  let count = 0;
  for (let slice = 0; slice < file.slices && count < MAX_SAMPLES; slice++) {
    const kspace = await file.readSlice(slice);
    const program = await graphs.build({ kspace: kspace.shape }, ({ kspace }) => ({
      sum: coilCovariance(kspace),
    }));
    const { sum } = await program.run({ kspace });
    sum.data.forEach((value, i) => total.data[i] += value);
    count += acquired(kspace);
  }
  if (count < coils) {
    throw new InputError(
      `Cannot whiten with ${path}: at least ${coils} noise samples are required for ${coils} coils, ` +
        `found ${count}`,
    );
  }
  return { covariance: noiseCovariance(total, count), source: path };
}

/** Samples at which any coil holds something. */
function acquired({ data, shape: [coils, , height, width] }: NdArray): number {
  const plane = height * width;
  let count = 0;
  for (let i = 0; i < plane; i++) {
    for (let part = 0; part < 2 * coils; part++) {
      if (data[part * plane + i] === 0) continue;
      count++;
      break;
    }
  }
  return count;
}
