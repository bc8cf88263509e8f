/** Noise and white images that the regularised inverse is probed with. @module */
import type { Runtime } from "../../graph/mod.ts";
import {
  compileAdjoint,
  compileInverse,
  compileSeen,
  eachOf,
  type InverseTask,
} from "../../method/inverse.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { SamplingGeometry } from "../../method/problem.ts";
import { type NdArray, ndarray, sizeOf } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";

/** Probes of noise and of white images. */
export const PROBES = 2;

/** 1 where y holds a sample, 0 where a mask of the plane left it empty; it repeats. */
function acquiredPoints({ mask }: SamplingGeometry): Float32Array {
  return mask.isLines ? Float32Array.of(1) : mask.grid().data;
}

/**
 * Compiles what the regularised inverse makes of probes `[PROBES, 2 S, H, W]`: of noise of the samples, as
 * `noise`; and what it does not see of white images, as `probes`.
 */
export async function compileProbes(
  runtime: Runtime,
  geometry: SamplingGeometry,
): Promise<(solve: InverseTask) => Promise<Record<"noise" | "probes", NdArray>>> {
  const measurement = mriMeasurement(geometry);
  const { image: size, sets = 1, y: [, ...sampled] } = measurement;
  const shape = [PROBES, 2 * sets, ...size];
  const images = ndarray(new Rng(1).normals(sizeOf(shape)), shape);
  const kept = acquiredPoints(geometry);
  const white = new Rng(2).normals(PROBES * sizeOf(sampled));
  const noise = ndarray(white.map((v, i) => v * kept[i % kept.length]), [PROBES, ...sampled]);
  const adjoint = await compileAdjoint(runtime, measurement);
  const inverse = await compileInverse(runtime, measurement);
  const seen = await compileSeen(runtime, measurement);
  return async (solve) => {
    const starts = await eachOf(noise, async (y) => {
      using start = (await adjoint.run({ y, ...solve.inputs })).adjoint;
      return await start.read();
    });
    const { data } = await seen(images, solve);
    return {
      noise: await inverse(starts, solve),
      probes: ndarray(images.data.map((value, i) => value - data[i]), shape),
    };
  };
}
