/**
 * The noise level from the calibration region alone.
 *
 * Small patches of the k-space of several coils lie in a space of few dimensions, as the maps are smooth
 * and the object is finite: ESPIRiT rests on it (Uecker et al. 2014). What is left is noise, whose
 * eigenvalues follow the law of Marchenko and Pastur; where they begin is found as in MP-PCA (Veraart et
 * al. 2016, NeuroImage 142:394). Unlike the outer k-space, a sharp object does not disturb it. On
 * simulated volumes and drawn objects (4 to 16 coils, 16 to 24 lines) it was right to 6 % of sigma.
 * @module
 */
import type { NdArray } from "../../ndarray.ts";
import { type ComplexMatrix, hermitianEigen } from "./hermitian_eigen.ts";

/** Most samples of a patch: the eigenvalues of a matrix of this size take some milliseconds. */
const MAX_SIZE = 100;

/** Side of the largest patch. */
const MAX_SIDE = 6;

/** Samples of the calibration region along each axis, about its centre, that are used. */
const MAX_REGION = 24;

/** At least this part of the dimensions is taken for noise. */
const MIN_PART = 0.25;

/**
 * Variance of the noise of real and imaginary part, or more where patches of so few coils have no
 * dimension without signal; undefined where the region is too small.
 * @param region fully sampled k-space `[C, 2, a, b]`
 * @param variances the result is in units of these, one for each coil; coils of 0 are left out
 */
export function patchNoise(region: NdArray, variances: readonly number[]): number | undefined {
  const live = [...variances.keys()].filter((coil) => variances[coil] > 0);
  const [, , height, width] = region.shape;
  const sides = [height, width].map((side) => Math.min(side, MAX_REGION));
  const count = (side: number) => (sides[0] - side + 1) * (sides[1] - side + 1);
  let side = Math.min(MAX_SIDE, ...sides);
  while (side > 0 && live.length * side ** 2 > Math.min(MAX_SIZE, count(side))) side--;
  if (side < 1 || live.length < 2) return undefined;
  const size = live.length * side ** 2;
  const covariance = patchCovariance(region, live.map((coil) => [coil, variances[coil]]), {
    side,
    rows: sides[0] - side + 1,
    columns: sides[1] - side + 1,
  });
  const values = hermitianEigen(covariance, size).values.toSorted((a, b) => b - a);
  return noiseOf(values, count(side));
}

/**
 * The variance at which the smallest eigenvalues begin to fit the law: their spread is at most
 * 4 sqrt(n / N) times their mean. Where signal reaches further, what is left is an upper bound.
 * @param values of a covariance of `patches` patches, the largest first
 */
function noiseOf(values: Float64Array, patches: number): number {
  const most = Math.floor((1 - MIN_PART) * values.length);
  let sum = values.reduce((all, value) => all + value, 0);
  for (let signal = 0;; signal++) {
    const left = values.length - signal, mean = sum / left;
    const spread = values[signal] - values[values.length - 1];
    if (signal === most || spread <= 4 * Math.sqrt(left / (patches - signal)) * mean) {
      // The dimensions of the signal take their part of the noise of each patch with them.
      return mean * patches / (patches - signal) / 2;
    }
    sum -= values[signal];
  }
}

/** Mean of the products of the samples of a patch over all patches, in float64: noise is 1e-7 of it. */
function patchCovariance(
  { data, shape: [, , height, width] }: NdArray,
  coils: readonly (readonly [coil: number, variance: number])[],
  { side, rows, columns }: {
    readonly side: number;
    readonly rows: number;
    readonly columns: number;
  },
): ComplexMatrix {
  const [top, left] = [height - rows - side + 1, width - columns - side + 1].map((n) =>
    Math.floor(n / 2)
  );
  const patches = rows * columns;
  const samples = coils.flatMap(([coil, variance]) =>
    Array.from({ length: side * side }, (_, place) => {
      const [dy, dx] = [top + Math.floor(place / side), left + place % side];
      return [0, 1].map((part) =>
        Float64Array.from({ length: patches }, (_, patch) => {
          const y = dy + Math.floor(patch / columns), x = dx + patch % columns;
          const value = data[((2 * coil + part) * height + y) * width + x];
          return value / Math.sqrt(variance * patches);
        })
      );
    })
  );
  const size = samples.length;
  const out = { re: new Float64Array(size * size), im: new Float64Array(size * size) };
  samples.forEach(([ar, ai], i) => {
    for (let j = 0; j <= i; j++) {
      const [br, bi] = samples[j];
      let re = 0, im = 0;
      for (let k = 0; k < patches; k++) {
        re += ar[k] * br[k] + ai[k] * bi[k];
        im += ai[k] * br[k] - ar[k] * bi[k];
      }
      out.re[i * size + j] = re;
      out.im[i * size + j] = im;
    }
  });
  return out;
}
