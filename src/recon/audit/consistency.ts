/**
 * How far an image explains the acquired samples, against their noise.
 *
 * The residual r = y - A x of an image x falls into two parts. The first, (I - P) y, is what no image
 * at all explains with these coil maps: P projects onto what the operator A can make. It is the same for
 * every method, and depends on noise, maps and motion. The second, P r = A (x_ls - x), is how far the image
 * is from the least-squares one in the data: 0 for unregularised least squares, as large as the noise
 * within P for the truth or a posterior sample, more when the image departs from the data.
 *
 * The expectation of each part is what is left of white noise of variance 1 after the same projection, in
 * the same graph. It is one draw (the mean of several for small matrices), the same for every slice; over a band of N numbers its relative standard
 * deviation is sqrt(2 / N). P is applied by conjugate gradients, whose polynomial depends on the array they
 * are run on, so P differs slightly between data and noise; after 12 steps the truth shows no bias (tests).
 * @module
 */
import {
  concat,
  constantOf,
  matMul,
  mul,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sub,
  swapLastAxes,
  type Tensor,
} from "../../graph/mod.ts";
import { asBatch, type NdArray, ndarray, sizeOf, zeros } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { dftW, type Direction } from "../../mri/physics/dft.ts";
import type { SamplingMask } from "../../mri/sampling/masks.ts";
import { deadCoils, silenced } from "../../method/dead_coils.ts";
import { compileInverse } from "../../method/inverse.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Problem, SamplingGeometry } from "../../method/problem.ts";

/**
 * Tikhonov weight of the projection: what it leaves of an image error e is at most e sqrt(weight) / 2 =
 * e / 20, which for the error of a usable image is below the noise.
 */
const WEIGHT = 0.01;

/** Steps of conjugate gradients of the projection; data and noise go through the same number. */
const ITERATIONS = 12;

/**
 * Distances from the centre of k-space that part the bands; 1 is the farthest corner. They double, as the
 * signal falls steeply near the centre.
 */
const BAND_EDGES = [0, 0.06, 0.12, 0.25, 0.5, 1] as const;

/** Beyond this distance the samples are taken for noise: the signal there is next to none. */
const OUTER = 0.5;

/**
 * Draws of noise that the expectations are means over: as many as give so many samples of a coil beyond
 * {@link OUTER}, so that small matrices are not judged by the accidents of one draw. Slices of usual size
 * have enough with one.
 */
const ENOUGH_SAMPLES = 4000, MOST_DRAWS = 8;

/** Bands of fewer samples (all coils together) are left out: their chi-square says nothing. */
const MIN_SAMPLES = 50;

/** Energies of one part of k-space: sums of squares over real and imaginary parts. */
export interface ResidualEnergies {
  /** Real numbers that were measured there. */
  readonly count: number;
  readonly signal: number;
  /** Of the residual y - A x. */
  readonly residual: number;
  /** Of what no image explains, and what noise of variance 1 leaves there. */
  readonly unexplained: number;
  readonly unexplainedNoise: number;
  /** Of what a least-squares fit of the residual explains, and the same of noise of variance 1. */
  readonly fitted: number;
  readonly fittedNoise: number;
}

/** What the comparison of an image with its data finds. */
export interface ConsistencyEnergies {
  /** By distance from the centre of k-space, as parts of the largest distance. */
  readonly bands: readonly (ResidualEnergies & Band)[];
  /**
   * What no image explains in the outer part of k-space: how much of each coil's noise is there for
   * noise of variance 1 (mean 1 over the coils), one number for each coil that holds anything.
   */
  readonly coilNoise: readonly number[];
  /** Largest correlation of that between two coils beyond what white noise leaves, 0 to 1. */
  readonly correlation: number;
}

/**
 * The distance of every sample of k-space from the centre, in the order of the samples (K x W values);
 * NaN, which is in no band, where nothing was acquired.
 */
function sampleDistances(mask: SamplingMask): Float64Array {
  const { height, width, lines, columns: [first, end] = [0, width] } = mask;
  const part = (index: number, size: number) =>
    (index - Math.floor(size / 2)) / Math.max(1, Math.floor(size / 2));
  return Float64Array.from({ length: lines.length * width }, (_, i) => {
    const line = lines[Math.floor(i / width)], x = i % width;
    const held = mask.keeps(line, x) && x >= first && x < end;
    return held ? Math.hypot(part(line, height), part(x, width)) / Math.SQRT2 : NaN;
  });
}

/** Compares an image with its data. @param image complex `[2 S, H, W]` on the scale of the problem */
export type MeasureConsistency = (problem: Problem, image: NdArray) => Promise<ConsistencyEnergies>;

export async function compileConsistency(
  runtime: Runtime,
  geometry: SamplingGeometry,
): Promise<MeasureConsistency> {
  const { coils, mask } = geometry;
  const measurement = mriMeasurement(geometry);
  const { image: size, sets = 1, y: shape, inputs, operator } = measurement;
  const distance = sampleDistances(mask);
  const bands = bandsOf(distance, coils);
  const membership = bandMatrix(bands, distance);
  const outer = Float32Array.from(distance, (d) => d >= OUTER ? 1 : 0);
  const samples = Math.max(1, outer.filter((inside) => inside === 1).length);
  const draws = Math.min(MOST_DRAWS, Math.ceil(ENOUGH_SAMPLES / samples));
  const noise = noiseFor([draws, ...shape.slice(1)], distance);
  const placed = (y: Tensor, direction: Direction) => mask.isLines ? dftW(y, direction) : y;
  const place = (y: Tensor) => placed(y, "forward");
  const residuals = await runtime.build<string, "both" | "adjoint">(
    { y: shape, ...inputs, image: [1, 2 * sets, ...size], noise: noise.shape },
    ({ y, image, noise, ...arrays }) => {
      const data = acquiredColumns(sub(y, operator(arrays, 1).forward(image)), mask);
      const both = concat([data, placed(noise, "inverse")], 0);
      return { both, adjoint: operator(arrays, 1 + draws).adjoint(both) };
    },
  );
  const inverse = await compileInverse(runtime, measurement);
  const energies = await runtime.build<string, string>(
    {
      y: shape,
      ...inputs,
      both: [1 + draws, ...shape.slice(1)],
      images: [1 + draws, 2 * sets, ...size],
    },
    ({ y, both, images, ...arrays }): Record<string, Tensor> => {
      const fit = operator(arrays, 1 + draws).forward(images);
      const rest = place(sub(both, fit));
      return {
        signal: overBands(place(y), membership),
        residual: overBands(place(slice(both, 0, 0, 1)), membership),
        fitted: overBands(place(fit), membership),
        unexplained: overBands(rest, membership),
        covariance: coilProducts(rest, constantOf(outer, [1, outer.length])),
      };
    },
  );
  return async ({ y, inputs }, image) => {
    const dead = deadCoils(y), live = coils - dead.length;
    const { both, adjoint } = await residuals.run({
      ...{ y, ...inputs, image: asBatch(image), noise: silenced(noise, dead) },
    });
    // The part of the residual, and of noise, that some image explains: A (A^H A + weight I)^-1 A^H y.
    const images = await inverse(adjoint, { inputs, weight: WEIGHT, iterations: ITERATIONS });
    const out = await energies.run({ y, ...inputs, both, images });
    const [fitted, unexplained, covariance] = [out.fitted, out.unexplained, out.covariance].map(
      ofDataAndNoise,
    );
    return {
      bands: bands.map(({ count, ...band }, i) => ({
        ...band,
        count: count * live / coils,
        signal: out.signal.data[i],
        residual: out.residual.data[i],
        fitted: fitted.data[i],
        fittedNoise: fitted.data[bands.length + i],
        unexplained: unexplained.data[i],
        unexplainedNoise: unexplained.data[bands.length + i],
      })),
      ...coilFigures(covariance),
    };
  };
}

/** Hybrid samples without what lies in columns of k-space that hold no data. */
function acquiredColumns(y: Tensor, { isLines, columns, width }: SamplingMask): Tensor {
  if (!isLines || columns === undefined) return y;
  const [first, end] = columns;
  const held = Float32Array.from({ length: width }, (_, x) => x >= first && x < end ? 1 : 0);
  return dftW(mul(dftW(y, "forward"), constantOf(held, [width])), "inverse");
}

interface Band {
  readonly from: number;
  readonly to: number;
  readonly count: number;
}

const inBand = (distance: number, { from, to }: Pick<Band, "from" | "to">) =>
  distance >= from && (distance < to || (to === 1 && distance <= 1 + 1e-9));

/** The bands that hold enough samples; a band of too few joins the next one. */
function bandsOf(distance: Float64Array, coils: number): Band[] {
  const bands: Band[] = [];
  let from = 0;
  for (const to of BAND_EDGES.slice(1)) {
    const points = distance.filter((d) => inBand(d, { from, to })).length;
    if (points * coils < MIN_SAMPLES && to < 1) continue;
    if (points > 0) bands.push({ from, to, count: 2 * coils * points });
    from = to;
  }
  return bands;
}

/** 1 where a sample is in a band: `[K W, bands]`. */
function bandMatrix(bands: readonly Band[], distance: Float64Array): Tensor {
  const data = new Float32Array(distance.length * bands.length);
  distance.forEach((d, i) =>
    bands.forEach((band, b) => data[i * bands.length + b] = inBand(d, band) ? 1 : 0)
  );
  return constantOf(data, [distance.length, bands.length]);
}

/** Energy of `[N, C, 2, K, W]` in each band, `[N, bands]`. */
function overBands(y: Tensor, membership: Tensor): Tensor {
  const [batch, , , rows, width] = y.shape;
  const energy = reduceSum(mul(y, y), [1, 2]);
  return reshape(matMul(reshape(energy, [batch, 1, rows * width]), membership), [batch, -1]);
}

/** Products of the coils with each other over the outer samples, `[N, 2 C, 2 C]` in real form. */
function coilProducts(y: Tensor, outer: Tensor): Tensor {
  const [batch, coils, , rows, width] = y.shape;
  const flat = mul(reshape(y, [batch, 2 * coils, rows * width]), outer);
  return matMul(flat, swapLastAxes(flat));
}

/** Noise of variance 1 where something was acquired, the same for every slice. */
function noiseFor(shape: readonly number[], distance: Float64Array): NdArray {
  const noise = new Rng(0).normals(sizeOf(shape));
  return ndarray(noise.map((v, i) => Number.isNaN(distance[i % distance.length]) ? 0 : v), shape);
}

/** Of `[1 + draws, ...]`, the first of which is of the data: that, and the mean of the others `[2, ...]`. */
function ofDataAndNoise({ data, shape: [all, ...shape] }: NdArray): NdArray {
  const size = sizeOf(shape);
  const both = zeros([2, ...shape]);
  data.forEach((value, i) =>
    i < size ? both.data[i] = value : both.data[size + i % size] += value / (all - 1)
  );
  return both;
}

/** Noise of each coil and their largest correlation, of data and of white noise. */
function coilFigures(
  { data, shape: [, size] }: NdArray,
): Pick<ConsistencyEnergies, "coilNoise" | "correlation"> {
  const coils = size / 2;
  const entry = (set: number, i: number, j: number) => data[(set * size + i) * size + j];
  const power = (set: number, c: number) =>
    entry(set, 2 * c, 2 * c) + entry(set, 2 * c + 1, 2 * c + 1);
  const live = [...Array(coils).keys()].filter((c) => power(1, c) > 0);
  const ratios = live.map((c) => power(0, c) / power(1, c));
  const mean = ratios.reduce((sum, value) => sum + value, 0) / live.length;
  /** Complex correlation of two coils: sum of y_i conj(y_j) over the root of their powers. */
  const correlation = (set: number, i: number, j: number): [number, number] => {
    const norm = Math.sqrt(power(set, i) * power(set, j));
    const re = entry(set, 2 * i, 2 * j) + entry(set, 2 * i + 1, 2 * j + 1);
    const im = entry(set, 2 * i + 1, 2 * j) - entry(set, 2 * i, 2 * j + 1);
    return [ratio(re, norm), ratio(im, norm)];
  };
  let largest = 0;
  for (let i = 0; i < coils; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [correlation(0, i, j), correlation(1, i, j)];
      largest = Math.max(largest, Math.min(1, Math.hypot(a[0] - b[0], a[1] - b[1])));
    }
  }
  return { coilNoise: ratios.map((value) => ratio(value, mean)), correlation: largest };
}

const ratio = (a: number, b: number) => b > 0 ? a / b : 0;
