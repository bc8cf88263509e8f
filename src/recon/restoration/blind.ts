/** Deblurring where the kernel is not known: it is estimated by turns with the picture. @module */
import {
  abs,
  add,
  constant,
  conv,
  div,
  max,
  mul,
  type Program,
  reciprocal,
  reduceMax,
  reduceSum,
  reshape,
  type Runtime,
  type Shape,
  slice,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { Measurement } from "../../method/measurement.ts";
import type { RunControl } from "../../method/problem.ts";
import {
  complexMul,
  conjugate,
  joinParts,
  realPart,
  squaredMagnitude,
} from "../../mri/physics/complex.ts";
import { convolution, unitSum } from "../../mri/physics/convolution.ts";
import { dft2 } from "../../mri/physics/dft.ts";
import type { Denoiser } from "../../nn/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import type { Rng } from "../../rng.ts";
import { compileSampler, diffpir } from "../../samplers/mod.ts";

/**
 * Turns of kernel and picture, and the noise that the sampler is told of in the first and in the last, on
 * a scale where bright tissue is 1. Found on two validation heads: below 0.3 the estimate shrinks to a point
 * for one of them.
 */
const TURNS = { count: 9, first: 0.5, last: 0.4 };
/** Steps and samples of a turn: on four drawn heads 2, 4 and 6 samples gave 19.71, 19.75 and 19.82 dB. */
const DRAWS = { steps: 6, samples: 6 };
/** Ridge of the kernel's least squares, as a part of the power of the picture's derivatives. */
const RIDGE = 0.01;
/** Steps of its solution. */
const ITERATIONS = 60;
/** Values of the kernel below this part of its largest are noise. */
const LEAST = 0.05;
/** Standard deviation of the first kernel, a Gaussian, as a part of its sides. */
const FIRST_WIDTH = 0.08;

/** Least noise that a method is told of with an estimated kernel, as a share of white: the kernel errs. */
export const BLIND_NOISE = 0.02;

/** What {@link compileBlind} gives. */
export interface BlindDeblurring {
  /** Evaluations of the network for one picture. */
  readonly nfe: number;
  /** The kernel `[N, N]` of a blurred picture. */
  kernel(y: NdArray, sigma: number, rng: Rng, control: RunControl): Promise<NdArray>;
}

/**
 * Compiles the estimate of a kernel that is not known, by Monte Carlo expectation maximisation: draw
 * pictures from the posterior with the present kernel, then take the kernel that explains the data best
 * on average over them. A single best picture in their place makes the kernel a point (Levin et al.,
 * Understanding and evaluating blind deconvolution algorithms, CVPR 2009); samples, and more noise than
 * there is, do not. Diffusion samples in this role: GibbsDDRM (Murata et al. 2023).
 * @param measurement that of {@link blindMeasurement}
 */
export async function compileBlind(
  runtime: Runtime,
  measurement: Measurement,
  denoise: Denoiser,
  side: number,
): Promise<BlindDeblurring> {
  const { steps, samples } = DRAWS;
  const compiled = await compileSampler(runtime, {
    sampler: diffpir,
    settings: { steps },
    measurement,
    denoise,
    samples,
  });
  const shape = [samples, ...measurement.y.slice(1)];
  const explained = await compileKernel(runtime, shape, side);
  const { count, first, last } = TURNS;
  return {
    nfe: count * compiled.nfe(first),
    async kernel(y, sigma, rng, control) {
      let kernel = firstKernel(side);
      for (let turn = 0; turn < count; turn++) {
        const told = Math.max(sigma, first * (last / first) ** (turn / (count - 1)));
        const problem = { y, inputs: { kernel }, sigma: told };
        const x = await compiled.run(problem, rng.split(turn), { signal: control.signal });
        kernel = (await explained.run({ x, y })).kernel;
        control.onProgress?.((turn + 1) / count);
      }
      return kernel;
    },
  };
}

/** The measurement of pictures `[1, 2 S, H, W]` that are convolved with an input, `kernel` `[N, N]`. */
export function blindMeasurement(measurement: Measurement, side: number): Measurement {
  const { image, sets = 1 } = measurement;
  return {
    ...measurement,
    inputs: { kernel: [side, side] },
    operator: ({ kernel }, batch) => convolution([batch, 2 * sets, ...image], kernel),
    spectral: undefined,
  };
}

/** A Gaussian, the kernel that the estimate starts from. */
function firstKernel(side: number): NdArray {
  const middle = Math.floor(side / 2), width = FIRST_WIDTH * side;
  const square = (i: number) => (Math.floor(i / side) - middle) ** 2 + (i % side - middle) ** 2;
  const data = Float32Array.from(
    { length: side * side },
    (_, i) => Math.exp(-square(i) / (2 * width ** 2)),
  );
  return unitSum(ndarray(data, [side, side]));
}

/**
 * Compiles the kernel that explains the blurred picture y by a sharp one x: least squares on derivatives,
 * in which edges count and flat regions do not (Cho and Lee, Fast motion deblurring, ACM TOG 28, 2009),
 * cut to `side` pixels, without small and negative values, of unit sum.
 * @param shape of x, samples of the picture `[N, 2 S, H, W]`; y is `[1, 2 S, H, W]`
 */
export function compileKernel(
  runtime: Runtime,
  shape: Shape,
  side: number,
): Promise<Program<"x" | "y", "kernel">> {
  const [, parts, height, width] = shape;
  return runtime.build<"x" | "y", "kernel">({ x: shape, y: [1, ...shape.slice(1)] }, ({ x, y }) => {
    const [X, Y] = [x, y].map((image) =>
      dft2(reshape(image, [image.shape[0], parts / 2, 2, height, width]), "forward")
    );
    const slopes = constant(slopePower(height, width));
    const power = mul(reduceSum(squaredMagnitude(X), [0, 1], { keepDims: true }), slopes);
    const both = mul(reduceSum(complexMul(conjugate(X), Y), [0, 1], { keepDims: true }), slopes);
    const middle = (spectrum: Tensor, size: number) =>
      reshape(
        [height, width].reduce((image: Tensor, length, axis) => {
          const start = Math.floor(length / 2) - Math.floor(size / 2);
          return slice(image, 3 + axis, start, start + size);
        }, realPart(dft2(spectrum, "inverse"))),
        [1, 1, size, size],
      );
    const own = middle(joinParts(power, mul(power, 0)), 2 * side - 1);
    const k = notNegative(own, middle(both, side));
    const kept = max(sub(k, mul(reduceMax(k), LEAST)), 0);
    return { kernel: reshape(div(kept, add(reduceSum(kept), TINY)), [side, side]) };
  });
}

/** argmin_{k >= 0} k^T a k / 2 - k^T b + ridge |k|^2 / 2 with a convolution a, by accelerated gradient steps. */
function notNegative(a: Tensor, b: Tensor): Tensor {
  const side = b.shape[3];
  const ridge = mul(reduceMax(a), RIDGE);
  const step = reciprocal(add(reduceSum(abs(a)), ridge));
  const slope = (k: Tensor) =>
    sub(add(conv(k, a, undefined, { padding: side - 1 }), mul(k, ridge)), b);
  let [k, ahead, momentum] = [mul(b, 0), mul(b, 0), 1];
  for (let i = 0; i < ITERATIONS; i++) {
    const next = max(sub(ahead, mul(step, slope(ahead))), 0);
    const grown = (1 + Math.sqrt(1 + 4 * momentum ** 2)) / 2;
    ahead = add(next, mul(sub(next, k), (momentum - 1) / grown));
    [k, momentum] = [next, grown];
  }
  return k;
}

const TINY = 1e-12;

/** |derivative along H|^2 + |derivative along W|^2 of each frequency, `[1, 1, H, W]`. */
function slopePower(height: number, width: number): NdArray {
  const along = (at: number, size: number) =>
    4 * Math.sin(Math.PI * (at - Math.floor(size / 2)) / size) ** 2;
  const data = Float32Array.from(
    { length: height * width },
    (_, i) => along(Math.floor(i / width), height) + along(i % width, width),
  );
  return ndarray(data, [1, 1, height, width]);
}
