/**
 * What the size of an error is told from, for each pixel and without the truth.
 *
 * Four features look at the acquisition alone: how much of the noise of the samples the regularised
 * inverse leaves, how much of white images it does not see (both by probes), how far the samples lie apart,
 * and how noisy the data are.
 * Three look at the image: contrast, gradient and brightness. Three look at a second opinion, that of total
 * variation, whose prior knows nothing of anatomy: where it differs from the image, the prior decided. One
 * tells how far the method's own prior moves the image in what the data do not see, once noise was added there:
 * where it is sure of what belongs there, little is left.
 * Methods that draw posterior samples add their spread.
 * @module
 */
import {
  add,
  concat,
  constantOf,
  div,
  expand,
  max,
  mul,
  pad,
  reduceMean,
  reduceSum,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import {
  type Denoiser,
  type ModelChoice,
  openPrior,
  readModelFolder,
  setwise,
} from "../../nn/mod.ts";
import { methodModelPath } from "../../method/method_model.ts";
import { compileSeen } from "../../method/inverse.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Method, Problem, SamplingGeometry } from "../../method/problem.ts";
import { type NdArray, ndarray, SCALAR, scalar } from "../../ndarray.ts";
import { gapOf } from "./gap.ts";
import { compileProbes, PROBES } from "./probes.ts";
import { meanOver, rootMean, squares } from "../windows.ts";

/** Each feature and what it is. All are above 0, where bright tissue is about 1. */
export const FEATURES = {
  noise: "noise of the samples after the regularised inverse: noise level times g-factor",
  unseen: "share of a white image that the regularised inverse does not see",
  gap:
    "distance of k-space from the nearest sample, where pictures have most energy, the same for all pixels",
  level: "noise of the samples and error of the model together, the same for all pixels",
  contrast: "standard deviation of the magnitude over 5 x 5 pixels",
  edge: "gradient of the magnitude",
  brightness: "mean magnitude over 3 x 3 pixels",
  opinion: "difference from the magnitude of total variation, root mean square over 7 x 7 pixels",
  opinionNear: "the same over 3 x 3 pixels",
  moved: "change by the denoiser in what is not seen, once noise is added there, over 7 x 7 pixels",
  spread: "standard deviation over the posterior samples, root mean square over 5 x 5 pixels",
} as const;

/** The name of a feature. */
export type Feature = keyof typeof FEATURES;

/**
 * The features that a method has, in order.
 * @param samples posterior samples that it draws
 * @param denoises whether its network is a denoiser
 */
export function featuresOf(samples: number, denoises: boolean): readonly Feature[] {
  return (Object.keys(FEATURES) as Feature[]).filter((name) =>
    (samples > 1 || name !== "spread") && (denoises || name !== "moved")
  );
}

/** Smallest value of a feature: what is below counts as this. */
const FLOOR = 1e-4;

/**
 * A share that is not seen below this counts as this (white images have the size sqrt(2)): full data leave
 * next to nothing, whose logarithm would rule the size.
 */
const SMALLEST_UNSEEN = 0.5;

/** The same of `moved`: a tenth of the noise that is added. */
const SMALLEST_MOVED = 0.008;

/** Steps of conjugate gradients of the regularised inverse. */
export const ITERATIONS = 12;

/** Standard deviation of what the samples do not determine, relative to bright tissue, for the ridge. */
const PRIOR_DEVIATION = 0.1;

/** The ridge is at least this, so that noiseless data converge. */
const MIN_RIDGE = 1e-3;

/** The ridge of the regularised inverse, for noise of standard deviation `sigma` relative to bright tissue. */
export const ridgeOf = (sigma: number): number =>
  Math.max((sigma / PRIOR_DEVIATION) ** 2, MIN_RIDGE);

/**
 * Noise that is added to what is not seen, where bright tissue is 1: of 0.03, 0.08 and 0.2 the one after which
 * the change followed the errors of seven slices best.
 */
const MOVING_NOISE = 0.08;

/** Sides of the windows, pixels. */
const WINDOW = { probes: 9, contrast: 5, brightness: 3, wide: 7, near: 3, spread: 5 };

/** Images that the features of a slice are told from. */
export interface FeatureImages {
  /** The reconstruction `[2 S, H, W]`, of S sets of coil maps. */
  readonly image: NdArray;
  /** The posterior samples `[N, 2 S, H, W]` whose mean it is, of methods that draw several. */
  readonly samples?: NdArray;
  /** What total variation makes of the data, `[2 S, H, W]`. */
  readonly opinion: NdArray;
}

/**
 * The features of a slice, `[F, H, W]`. Images of several sets of coil maps are seen as one, whose square is
 * the sum of theirs.
 */
export type MeasureFeatures = (problem: Problem, images: FeatureImages) => Promise<NdArray>;

/** The denoiser of a method; undefined of a method whose network is none. */
export async function denoiserOf(
  method: Pick<Method, "name" | "defaultModel">,
  model: ModelChoice | undefined,
): Promise<Denoiser | undefined> {
  const path = await methodModelPath(method, model);
  const { description: { kind } } = await readModelFolder(path);
  return kind === "denoiser" ? (await openPrior(path)).denoise : undefined;
}

/** Which features are compiled. */
export interface AskedFeatures {
  /** Their names, in order. */
  readonly names: readonly Feature[];
  /** Posterior samples of the method. Default 1, of one that draws none. */
  readonly samples?: number;
  /** The denoiser of the method, where `moved` is among them. */
  readonly denoise?: Denoiser;
}

/** Compiles features. */
export async function compileFeatures(
  runtime: Runtime,
  geometry: SamplingGeometry,
  { names, samples = 1, denoise }: AskedFeatures,
): Promise<MeasureFeatures> {
  const measurement = mriMeasurement(geometry), { image: [height, width], sets = 1 } = measurement;
  const size = [1, 2 * sets, height, width], probed = [PROBES, ...size.slice(1)];
  const probe = await compileProbes(runtime, geometry);
  const seen = await compileSeen(runtime, measurement);
  const move = denoise && await runtime.build<string, "change">(
    { image: size, probes: probed },
    ({ image, probes }) => {
      const level = constantOf(Float32Array.of(MOVING_NOISE), SCALAR);
      const noisy = add(image, mul(probes, MOVING_NOISE));
      return { change: sub(setwise(denoise)(noisy, level), image) };
    },
  );
  const program = await runtime.build<string, "features">(
    {
      ...{ image: size, opinion: size, noise: probed, probes: probed, sigma: SCALAR },
      ...(samples > 1 && { samples: [samples, ...size.slice(1)] }),
      ...(denoise && { change: probed, seen: probed }),
    },
    (given) => {
      const found: Partial<Record<Feature, Tensor>> = {
        ...ofAcquisition(geometry, given),
        ...ofImages(given),
        ...(denoise && { moved: moved(given) }),
      };
      const all = concat(names.map((name) => expand(found[name]!, [1, 1, height, width])), 1);
      return { features: reshape(max(all, FLOOR), [names.length, height, width]) };
    },
  );
  return async ({ inputs, sigma }, images) => {
    const batches = Object.fromEntries(
      Object.entries(images)
        .filter(([name, image]) => image !== undefined && name in program.inputShapes)
        .map(([name, { data }]) => [name, ndarray(data, program.inputShapes[name])] as const),
    );
    const solve = { inputs, weight: ridgeOf(sigma), iterations: ITERATIONS };
    const probes = await probe(solve);
    const changed = await move?.run({ image: batches.image, probes: probes.probes });
    const { features } = await program.run({
      ...{ ...batches, ...probes, sigma: scalar(sigma) },
      ...(changed && { ...changed, seen: await seen(changed.change, solve) }),
    });
    return features;
  };
}

const KEEP = { keepDims: true } as const;

/** What the probes say, `[1, 1, H, W]` each. */
function ofAcquisition(
  geometry: SamplingGeometry,
  { noise, probes, sigma }: Readonly<Record<string, Tensor>>,
): Record<"noise" | "unseen" | "gap" | "level", Tensor> {
  const size = (x: Tensor) => rootMean(reduceMean(squares(x), [0], KEEP), WINDOW.probes);
  return {
    noise: mul(size(noise), sigma),
    unseen: max(size(probes), SMALLEST_UNSEEN),
    gap: constantOf(Float32Array.of(gapOf(geometry.mask)), SCALAR),
    level: sigma,
  };
}

/** What the denoiser changes of an image with noise in its unseen part, there and along its phase, `[1, 1, H, W]`. */
function moved({ image, change, seen }: Readonly<Record<string, Tensor>>): Tensor {
  const m = sqrt(squares(image));
  const along = div(reduceSum(mul(sub(change, seen), image), [1], KEEP), max(m, FLOOR));
  return max(rootMean(reduceMean(mul(along, along), [0], KEEP), WINDOW.wide), SMALLEST_MOVED);
}

/** What the images say, `[1, 1, H, W]` each. */
function ofImages(
  { image, opinion, samples }: Readonly<Record<string, Tensor>>,
): Partial<Record<Feature, Tensor>> {
  const m = sqrt(squares(image));
  const change = sub(sqrt(squares(opinion)), m), difference = mul(change, change);
  return {
    contrast: deviation(m, WINDOW.contrast),
    edge: gradient(m),
    brightness: meanOver(m, WINDOW.brightness),
    opinion: rootMean(difference, WINDOW.wide),
    opinionNear: rootMean(difference, WINDOW.near),
    ...(samples && { spread: rootMean(varianceOf(sqrt(squares(samples))), WINDOW.spread) }),
  };
}

/** Variance over the first axis, with S - 1 in the denominator. */
function varianceOf(x: Tensor): Tensor {
  const deviation = sub(x, reduceMean(x, [0], KEEP));
  return mul(reduceSum(mul(deviation, deviation), [0], KEEP), 1 / (x.shape[0] - 1));
}

/** Standard deviation over a window. */
function deviation(x: Tensor, side: number): Tensor {
  const average = meanOver(x, side);
  return sqrt(max(sub(meanOver(mul(x, x), side), mul(average, average)), 0));
}

/** Length of the gradient of `[1, 1, H, W]` by central differences; the image is zero beyond its edges. */
function gradient(x: Tensor): Tensor {
  const [, , height, width] = x.shape;
  const along = (axis: 2 | 3, count: number) => {
    const before = [0, 0, 0, 0], after = [0, 0, 0, 0];
    before[axis] = after[axis] = 1;
    const padded = pad(x, [...before, ...after]);
    return mul(sub(slice(padded, axis, 2, 2 + count), slice(padded, axis, 0, count)), 0.5);
  };
  const down = along(2, height), right = along(3, width);
  return sqrt(add(mul(down, down), mul(right, right)));
}
