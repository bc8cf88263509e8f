/**
 * Checks of a denoiser before it is used as a prior: its error by noise level against the truth, its
 * derivative, its sizes and speed, and what a wrong description in model.yaml looks like.
 * @module
 */
import { input, mul, reduceSum, type Runtime, type Shape, vjp } from "../graph/mod.ts";
import { type NdArray, ndarray, scalar, sizeOf } from "../ndarray.ts";
import type { Denoiser } from "../nn/mod.ts";
import { Rng } from "../rng.ts";
import type { Warning } from "../warning.ts";
import {
  derivativeFinding,
  descriptionFindings,
  levelFindings,
  sizeFinding,
} from "./model_findings.ts";
import { type DenoiserQuality, measureDenoiser, type ValidationImages } from "./validation.ts";

/** Noise levels of the sweep, evenly spaced in the logarithm, ends included. */
const LEVELS = 9;
/** Levels at which wrong descriptions are tried: the image is there, and so is the noise. */
const PROBED = [0.05, 0.2, 1];
const DERIVATIVE_TOLERANCE = 0.02;
/** Sizes that are tried: even, odd, prime, small. */
const SIZES: readonly (readonly [number, number])[] = [[256, 256], [217, 181], [101, 64]];

/** What {@link checkDenoiser} measured. */
export interface ModelCheck {
  /** Errors by noise level. */
  readonly levels: readonly DenoiserQuality[];
  /** VJP against central differences, relative difference at each probed level. */
  readonly derivative: readonly { readonly sigma: number; readonly error: number }[];
  /** Sizes that were tried, with the milliseconds of one call and of one call with its VJP. */
  readonly sizes: readonly SizeCheck[];
  /** What looks wrong, none if all is well. */
  readonly findings: readonly Warning[];
}

/** One size; `failure` says why it could not be run. */
export interface SizeCheck {
  readonly height: number;
  readonly width: number;
  readonly milliseconds?: number;
  readonly vjpMilliseconds?: number;
  readonly failure?: string;
}

/** What to check with. */
export interface ModelCheckTask {
  readonly denoise: Denoiser;
  /** Noise levels that the model was trained for. */
  readonly sigma: readonly [min: number, max: number];
  /** `[N, 2, H, W]`, bright tissue at 1. */
  readonly images: NdArray;
  readonly seed: number;
}

/** Checks a denoiser on images whose truth is known. */
export async function checkDenoiser(runtime: Runtime, task: ModelCheckTask): Promise<ModelCheck> {
  const { denoise, sigma: [min, max], images: clean } = task;
  const rng = new Rng(task.seed);
  const [noise, probe] = [0, 1].map((stream) =>
    ndarray(rng.split(stream).normals(sizeOf(clean.shape)), clean.shape)
  );
  const step = Math.log(max / min) / (LEVELS - 1);
  const sigmas = Array.from({ length: LEVELS }, (_, i) => min * Math.exp(step * i));
  const levels = await measureDenoiser(runtime, denoise, { clean, noise, probe }, sigmas);
  const probed = PROBED.filter((sigma) => sigma >= min && sigma <= max);
  const derivative = await derivativeErrors(runtime, task, { clean, noise, probe }, probed);
  const sizes: SizeCheck[] = [];
  for (const size of SIZES) sizes.push(await checkSize(runtime, denoise, size, task.seed));
  const findings = [
    ...levelFindings(levels, clean),
    ...derivative.filter(({ error }) => !(error < DERIVATIVE_TOLERANCE)).map(derivativeFinding),
    ...await descriptionFindings(runtime, task, { clean, noise }, probed),
    ...sizes.filter(({ failure }) => failure !== undefined).map(sizeFinding),
  ];
  return { levels, derivative, sizes, findings };
}

/** The noisy and the denoised images at some levels, for a picture. */
export async function denoisedImages(
  runtime: Runtime,
  { denoise, images, seed }: ModelCheckTask,
  sigmas: readonly number[],
): Promise<{ sigma: number; noisy: NdArray; denoised: NdArray }[]> {
  const shape = [1, ...images.shape.slice(1)], size = sizeOf(shape);
  const clean = images.data.subarray(0, size);
  const noise = new Rng(seed).split(0).normals(size);
  const program = await runtime.build(
    { x: shape, sigma: [1, 1, 1, 1] },
    ({ x, sigma }) => ({ denoised: denoise(x, sigma) }),
  );
  const rows = [];
  for (const sigma of sigmas) {
    const noisy = ndarray(clean.map((value, i) => value + sigma * noise[i]), shape);
    const { denoised } = await program.run({ x: noisy, sigma: scalar(sigma) });
    rows.push({ sigma, noisy, denoised });
  }
  return rows;
}

/** `<u, J v>` by the VJP and by a central difference. */
async function derivativeErrors(
  runtime: Runtime,
  { denoise }: ModelCheckTask,
  { clean, noise, probe }: ValidationImages,
  sigmas: readonly number[],
) {
  const shape: Shape = [1, ...clean.shape.slice(1)], size = sizeOf(shape);
  const inputs = {
    x: input("x", shape),
    u: input("u", shape),
    v: input("v", shape),
    sigma: input("sigma", [1, 1, 1, 1]),
  };
  const out = denoise(inputs.x, inputs.sigma);
  const program = await runtime.compile(inputs, {
    product: reduceSum(mul(vjp([out], [inputs.x], [inputs.u])[0], inputs.v)),
    value: reduceSum(mul(out, inputs.u)),
  });
  const first = ({ data }: NdArray) => ndarray(data.subarray(0, size), shape);
  const v = first(noise), u = first(probe!), truth = first(clean);
  const rows: { sigma: number; error: number }[] = [];
  for (const sigma of sigmas) {
    // float32: a step of a hundredth of the noise is far above rounding, and nearly linear.
    const epsilon = sigma / 100;
    const at = (step: number) =>
      program.run({
        x: ndarray(truth.data.map((value, i) => value + (sigma + step) * v.data[i]), shape),
        u,
        v,
        sigma: scalar(sigma),
      });
    const [low, middle, high] = [await at(-epsilon), await at(0), await at(epsilon)];
    const difference = (high.value.data[0] - low.value.data[0]) / (2 * epsilon);
    const product = middle.product.data[0];
    // Of random directions the product is of the size of sqrt(n) times the gain of the denoiser.
    rows.push({ sigma, error: Math.abs(product - difference) / Math.sqrt(size) });
  }
  return rows;
}

async function checkSize(
  runtime: Runtime,
  denoise: Denoiser,
  [height, width]: readonly [number, number],
  seed: number,
): Promise<SizeCheck> {
  const shape = [1, 2, height, width];
  const shapes = { x: shape, sigma: [1, 1, 1, 1] };
  const x = ndarray(new Rng(seed).split(2).normals(sizeOf(shape)), shape);
  const timed = async (withVjp: boolean) => {
    const program = await runtime.build(shapes, ({ x, sigma }) => {
      const out = denoise(x, sigma);
      return { out: withVjp ? vjp([out], [x], [x])[0] : out };
    });
    await program.run({ x, sigma: scalar(0.2) });
    const start = performance.now();
    const { out } = await program.run({ x, sigma: scalar(0.2) });
    if (!out.data.every(Number.isFinite)) throw new RangeError("the result is not finite");
    return performance.now() - start;
  };
  try {
    return {
      height,
      width,
      milliseconds: await timed(false),
      vjpMilliseconds: await timed(true),
    };
  } catch (error) {
    return { height, width, failure: error instanceof Error ? error.message : String(error) };
  }
}
