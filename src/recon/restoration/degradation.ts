/** What happened to a picture: the measurement of a task, and the picture that it left. @module */
import { InputError, UsageError } from "../../errors.ts";
import {
  add,
  constantOf,
  div,
  max,
  mul,
  reduceMax,
  type Shape,
  type Tensor,
} from "../../graph/mod.ts";
import type { Measurement } from "../../method/measurement.ts";
import {
  type Convolution,
  convolution,
  lenslessCamera,
  motionKernel,
  unitSum,
} from "../../mri/physics/convolution.ts";
import { imaginaryOnly, type Jpeg, jpeg } from "../../mri/physics/jpeg.ts";
import { compose, type LinearOperator } from "../../mri/physics/operator.ts";
import {
  convolutionSpectrum,
  pixelSpectrum,
  separableSpectrum,
} from "../../mri/physics/restoration_spectrum.ts";
import type { SpectralForm } from "../../mri/physics/spectrum.ts";
import {
  averagePooling,
  bicubicDownsampling,
  denoising,
  gaussianBlur,
  inpainting,
  type SeparableOperator,
} from "../../mri/physics/restoration_operators.ts";
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { phaseRetrieval } from "../../samplers/mod.ts";
import { numberOf, type RestorationTask, type TaskStep, wholeOf } from "./task.ts";

/** The pictures that a task is done to. */
export interface PictureShape {
  /** 1 for grey or complex pictures, 3 for colour. */
  readonly channels: number;
  /** H and W. */
  readonly size: readonly [number, number];
}

/** What a degradation takes from elsewhere. */
export interface DegradationSources extends PictureShape {
  /** Arrays `[h, w]` of the files that the task names, by path. */
  readonly files: Readonly<Record<string, NdArray>>;
  /** Seed of what is drawn: missing pixels, a point spread function. */
  readonly seed: number;
}

/** A degradation for pictures of one shape. */
export interface Degradation {
  /** For samplers. */
  readonly measurement: Measurement;
  /** Shape of the noise. */
  readonly noiseShape: Shape;
  /** The data of a picture `[1, 2 S, H, W]`, with noise. */
  observe(x: Tensor, noise: Tensor): Tensor;
  /** A picture of the data, of full size: what one would look at without a restoration. */
  view(y: Tensor): Tensor;
  /** JPEG for the picture that is stored, and what is done to a picture before. */
  readonly stored?: { readonly codec: Jpeg; readonly before: LinearOperator };
}

/** Share of the light of the best seen pixel below which a pixel of the view stays dark: beyond a sensor. */
const BARELY_SEEN = 0.05;

/** Sides of a drawn point spread function, and its points, as shares of the picture. */
const PSF_SIDE = 0.25, PSF_POINTS = 12;

/**
 * The degradation of a task.
 * @param scale what images are multiplied by to be from 0 (black) to 1 (white); JPEG depends on it
 * @throws {InputError} when the picture or a file does not fit
 * @throws {UsageError} for values that do not fit each other
 */
export function degradation(
  { steps }: RestorationTask,
  sources: DegradationSources,
  scale = 1,
): Degradation {
  const { channels, size } = sources;
  if (steps[0].name === "phase-retrieval") return phases(steps[0], sources);
  const named = (name: TaskStep["name"]) => steps.find((step) => step.name === name);
  const [sr, stored, lost] = [named("sr"), named("jpeg"), named("inpaint")];
  const before = (batch: number) =>
    steps.map((step) => linearStep(step, sources)).filter((make) => make !== undefined).reduce(
      (operator, make) => compose(make(operator.range), operator),
      denoising([batch, 2 * channels, ...size]),
    );
  const { range } = before(1);
  const small: [number, number] = [range[2], range[3]];
  const codec = stored && jpeg(small, wholeOf(stored, "quality", [1, 100]), scale);
  const coded = (x: Tensor) =>
    codec === undefined ? x : add(codec.decode(codec.encode(x)), imaginaryOnly(x));
  const kept = lost && keptPixels(lost, small, sources);
  const keep = (x: Tensor) => kept === undefined ? x : mul(x, constantOf(kept, small));
  const operator = (batch: number): LinearOperator => {
    const first = before(batch);
    const whole = kept === undefined ? first : compose(inpainting(first.range, kept), first);
    if (codec === undefined) return whole;
    return { ...whole, nonlinear: (x) => keep(coded(first.forward(x))) };
  };
  const resized = sr !== undefined || named("lensless") !== undefined;
  return {
    measurement: {
      image: size,
      sets: channels,
      y: range,
      inputs: {},
      operator: (_inputs, batch) => operator(batch),
      spectral: () => spectralForm(steps, sources),
    },
    noiseShape: range,
    observe: (x, noise) => keep(coded(add(before(1).forward(x), noise))),
    view(y) {
      if (!resized) return y;
      const { adjoint } = sr === undefined
        ? before(1)
        : linearStep(sr, sources)!([1, 2 * channels, ...size]);
      const seen = adjoint(add(mul(y, 0), 1));
      return div(adjoint(y), max(seen, mul(BARELY_SEEN, reduceMax(seen))));
    },
    stored: codec && kept === undefined ? { codec, before: before(1) } : undefined,
  };
}

/** The eigenbasis of a task of one linear step. @throws {InputError} for others */
function spectralForm(steps: readonly TaskStep[], sources: DegradationSources): SpectralForm {
  const { channels, size } = sources;
  const [step, ...more] = steps;
  const shape = [1, 2 * channels, ...size];
  if (more.length === 0) {
    if (step.name === "denoise") return pixelSpectrum(ones(size));
    if (step.name === "inpaint") {
      return pixelSpectrum(ndarray(keptPixels(step, size, sources), size));
    }
    const operator = linearStep(step, sources)?.(shape);
    if (operator !== undefined && "along" in operator) return separableSpectrum(operator);
    if (operator !== undefined && "squares" in operator) {
      return convolutionSpectrum(shape, operator);
    }
  }
  throw new InputError(
    "Cannot find the eigenbasis of the task: denoise, deblur, sr or inpaint alone is required, found " +
      steps.map(({ name }) => name).join("+"),
    { hint: "Use --method ddnm+ or pigdm, which need no eigenbasis" },
  );
}

const ones = (size: readonly [number, number]): NdArray =>
  ndarray(new Float32Array(size[0] * size[1]).fill(1), size);

/** The operator of a step on images of a shape; undefined where it has none, or comes later. */
function linearStep(
  step: TaskStep,
  sources: DegradationSources,
): ((shape: Shape) => LinearOperator | SeparableOperator | Convolution) | undefined {
  if (step.name === "deblur") return blur(step, sources);
  if (step.name === "sr") {
    const factor = wholeOf(step, "factor", [2, 8]);
    const pools = { bicubic: bicubicDownsampling, average: averagePooling };
    const { pool } = step.values;
    if (!Object.hasOwn(pools, pool)) {
      throw new UsageError(
        `Cannot read pool of sr: bicubic or average is required, found '${pool}'`,
      );
    }
    return (shape) => pools[pool as keyof typeof pools](shape, factor);
  }
  if (step.name !== "lensless") return undefined;
  const share = numberOf(step, "sensor", [0.1, 1]);
  const { psf } = step.values;
  const [height, width] = sources.size;
  const kernel = psf === undefined ? drawnPsf(sources) : kernelOf(psf, sources);
  const sensor = [height, width].map((side) => Math.max(1, Math.round(share * side)));
  return (shape) => lenslessCamera(shape, kernel, [sensor[0], sensor[1]]);
}

function blur(
  step: TaskStep,
  sources: DegradationSources,
): (shape: Shape) => SeparableOperator | Convolution {
  const { gaussian, motion, angle, kernel } = step.values;
  const kinds = [gaussian, motion, kernel].filter((value) => value !== undefined);
  if (kinds.length > 1 || (angle !== undefined && motion === undefined)) {
    throw new UsageError(
      "Cannot read the blur of deblur: one of gaussian, motion (with angle) and kernel is required",
    );
  }
  if (kernel !== undefined) {
    const array = kernelOf(kernel, sources);
    return (shape) => convolution(shape, array);
  }
  const most = Math.min(...sources.size) / 2;
  if (motion === undefined) {
    const sigma = numberOf(step, "gaussian", [0.1, most], DEFAULT_BLUR);
    return (shape) => gaussianBlur(shape, sigma);
  }
  const length = numberOf(step, "motion", [1, most]);
  const line = motionKernel(length, numberOf(step, "angle", [-360, 360], 0));
  return (shape) => convolution(shape, line);
}

/** Standard deviation of the Gaussian of a task that is a Gaussian blur alone, pixels. */
export function gaussianWidth({ steps: [step, ...more] }: RestorationTask): number | undefined {
  const { motion, kernel } = step.values;
  const other = step.name !== "deblur" || motion !== undefined || kernel !== undefined;
  if (other || more.length > 0) return undefined;
  return numberOf(step, "gaussian", [0.1, Infinity], DEFAULT_BLUR);
}

/** Standard deviation of the blur where none is given, pixels. */
const DEFAULT_BLUR = 1.5;

function kernelOf(path: string, { files, size }: DegradationSources): NdArray {
  const kernel = files[path];
  if (kernel.shape.some((side, i) => side > size[i])) {
    throw new InputError(
      `Cannot blur with ${path}: at most ${size.join(" x ")} pixels are required, found ` +
        kernel.shape.join(" x "),
    );
  }
  if (!(kernel.data.reduce((sum, value) => sum + value, 0) > 0)) {
    throw new InputError(`Cannot blur with ${path}: values of a sum above 0 are required`);
  }
  return unitSum(kernel);
}

/** Points of light at random places, as a mask of phases throws them. */
function drawnPsf({ size, seed }: DegradationSources): NdArray {
  const [height, width] = size.map((side) => Math.max(3, Math.round(side * PSF_SIDE)));
  const psf = zeros([height, width]), rng = new Rng(seed, 1);
  for (let point = 0; point < PSF_POINTS; point++) {
    psf.data[rng.integer(height) * width + rng.integer(width)] += rng.between(0.5, 1);
  }
  return unitSum(psf);
}

/** Share of pixels that is missing where nothing is given. */
const DEFAULT_MISSING = 0.5;

/** 1 for pixels that are known, `[H, W]`. */
function keptPixels(
  step: TaskStep,
  [height, width]: readonly [number, number],
  { files, seed }: DegradationSources,
): Float32Array {
  const { random, box, mask } = step.values;
  if ([random, box, mask].filter((value) => value !== undefined).length > 1) {
    throw new UsageError("Cannot read inpaint: one of random, box and mask is required");
  }
  if (mask !== undefined) {
    const { data, shape } = files[mask];
    if (shape[0] !== height || shape[1] !== width) {
      throw new InputError(
        `Cannot inpaint by ${mask}: ${height} x ${width} values are required, found ${
          shape.join(" x ")
        }`,
      );
    }
    if (data.some((value) => value !== 0)) return data.map((value) => value === 0 ? 0 : 1);
    throw new InputError(`Cannot inpaint by ${mask}: pixels that are known (1) are required`);
  }
  const kept = new Float32Array(height * width).fill(1);
  if (box !== undefined) {
    const share = numberOf(step, "box", [0.01, 0.9]);
    const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(side * share)));
    const [top, left] = [(height - rows) >> 1, (width - columns) >> 1];
    return kept.map((_, i) => {
      const row = Math.floor(i / width) - top, column = i % width - left;
      return row >= 0 && row < rows && column >= 0 && column < columns ? 0 : 1;
    });
  }
  const share = numberOf(step, "random", [0.01, 0.99], DEFAULT_MISSING), rng = new Rng(seed, 2);
  return kept.map(() => rng.uniform() < share ? 0 : 1);
}

function phases(step: TaskStep, { channels, size }: DegradationSources): Degradation {
  if (channels !== 1) {
    throw new InputError("Cannot retrieve the phases of a colour picture: a grey one is required");
  }
  const measurement = phaseRetrieval(size, numberOf(step, "oversampling", [1, 4]));
  const { forward, adjoint } = measurement.operator({}, 1);
  return {
    measurement,
    noiseShape: measurement.y,
    observe: (x, noise) => add(forward(x), noise),
    view: adjoint,
  };
}
