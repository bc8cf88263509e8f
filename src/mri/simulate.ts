/**
 * Multi-coil k-space from an image: coil sensitivities of an array of loops, a smooth background
 * phase and complex white Gaussian noise.
 * @module
 */
import {
  add,
  constant,
  cos,
  mul,
  type Program,
  reduceSum,
  reshape,
  type Runtime,
  sin,
  sqrt,
  type Tensor,
} from "../graph/mod.ts";
import { formatShape, sameShape } from "../graph/shapes.ts";
import { type NdArray, zeros } from "../ndarray.ts";
import { Rng } from "../rng.ts";
import { LOOP_COLUMNS, loopMaps, placeLoops } from "./coil_array.ts";
import { complexMul, factorOf, joinParts, mulFactor } from "./complex.ts";
import { dft2 } from "./dft.ts";
import { percentile } from "./percentile.ts";
import { centredOffsets, fieldCoefficients, smoothFields } from "./smooth_field.ts";

/** What is simulated around an image. */
export interface SimulationOptions {
  /** Number of coils, 1 to 64. Default 8. */
  readonly coils?: number;
  /**
   * Standard deviation of the noise's real part and of its imaginary part in each coil, relative to the
   * 99th percentile of the image's magnitude. The transform is orthonormal, so noise is as strong
   * in k-space as in the coil images. Default 0.
   */
  readonly noise?: number;
  /** Placement of the coils, background phase and noise; any seed of `Rng`. Default 0. */
  readonly seed?: number;
  /** Whether the image gets a smooth background phase. Default true. */
  readonly phase?: boolean;
}

/** Coils and image size: what a simulator is compiled for. */
export interface SimulationGeometry {
  /** Number of coils, 1 to 64. */
  readonly coils: number;
  /** Phase-encode lines H. */
  readonly height: number;
  /** Readout samples W. */
  readonly width: number;
}

/** One slice of simulated k-space, with what went into it. */
export interface SimulatedSlice {
  /** Noisy k-space, both axes transformed, `[C, 2, H, W]`. */
  readonly kspace: NdArray;
  /** Coil sensitivities `[C, 2, H, W]`, sum of squares 1 in every pixel. */
  readonly maps: NdArray;
  /** Root sum of squares of the noise-free coil images `[1, H, W]`: the image's magnitude. */
  readonly truth: NdArray;
  /** Standard deviation of the noise's real part and of its imaginary part, on the scale of `kspace`. */
  readonly sigma: number;
}

/** Most coils: as many as the largest head arrays have. */
const MAX_COILS = 64;
/** Cosine orders of the background phase: the field inhomogeneity of a shimmed head is smooth. */
const PHASE_ORDERS = 4;
/** Half-periods across the image at which the spectrum of the phase has fallen off. */
const PHASE_BANDWIDTH = 1.5;
/** Standard deviation of the background phase, radians. */
const PHASE_SPREAD = 0.7;
/** Percentile of the magnitude that noise is relative to: DESIGN.md's scale of an image. */
const SCALE_PERCENTILE = 99;

/** Streams of random numbers, so that changing one aspect leaves the others as they are. */
const STREAM = { coils: 0, phase: 1, noise: 2 };

/** `exp(i phase)` from coefficients `[1, J, J]`: `[2, H, W]`. */
function phaseFactor(coefficients: Tensor, height: number, width: number): Tensor {
  const side = Math.max(height, width);
  const [rows, columns] = [height, width].map((n) => centredOffsets(n).map((i) => i / side));
  const phase = mul(smoothFields(coefficients, rows, columns), PHASE_SPREAD);
  return joinParts(cos(phase), sin(phase));
}

/** Noise-free k-space and the truth of an image `[2, H, W]`. */
function signalOf(image: Tensor, maps: Tensor, phase: Tensor) {
  const [, , height, width] = maps.shape;
  const turned = complexMul(image, phase);
  const coilImages = mulFactor(factorOf(maps), reshape(turned, [1, 2, height, width]));
  const truth = sqrt(reduceSum(mul(coilImages, coilImages), [0, 1]));
  return { kspace: dft2(coilImages), truth: reshape(truth, [1, height, width]) };
}

function requireOptions({ coils }: SimulationGeometry, noise: number): void {
  if (!Number.isInteger(coils) || coils < 1 || coils > MAX_COILS) {
    throw new RangeError(
      `Cannot simulate ${coils} coils: a whole number from 1 to ${MAX_COILS} is required`,
    );
  }
  if (!(noise >= 0 && noise < Infinity)) {
    throw new RangeError(`Cannot simulate noise of ${noise}: a number of at least 0 is required`);
  }
}

/** Compiled graphs and fixed arrays of a simulator. */
interface Parts {
  readonly geometry: SimulationGeometry;
  readonly noise: number;
  readonly noiseRng: Rng;
  readonly maps: NdArray;
  readonly signal: Program<"image" | "maps", "kspace" | "truth">;
  readonly addNoise: Program<"kspace" | "normals" | "sigma", "noisy">;
}

/**
 * Simulates k-space of the slices of a volume: coils and background phase are those of one scan, the
 * noise of a slice depends on its number only.
 */
export class Simulator {
  /** Coil sensitivities `[C, 2, H, W]`, sum of squares 1 in every pixel. */
  readonly maps: NdArray;
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
    this.maps = parts.maps;
  }

  /**
   * Compiles the graphs and makes the coil maps.
   * @throws {RangeError} unless there are 1 to 64 coils and the noise is a number of at least 0
   */
  static async compile(
    runtime: Runtime,
    geometry: SimulationGeometry,
    { noise = 0, seed = 0, phase = true }: Omit<SimulationOptions, "coils"> = {},
  ): Promise<Simulator> {
    requireOptions(geometry, noise);
    const { coils, height, width } = geometry;
    const rng = new Rng(seed);
    const shape = [coils, 2, height, width];
    const array = await runtime.build(
      { loops: [coils, LOOP_COLUMNS] },
      ({ loops }) => ({ maps: loopMaps(loops, height, width) }),
    );
    const { maps } = await array.run({ loops: placeLoops(rng.split(STREAM.coils), coils) });
    const coefficients = phase
      ? fieldCoefficients(rng.split(STREAM.phase), PHASE_ORDERS, PHASE_BANDWIDTH)
      : new Float32Array(PHASE_ORDERS * PHASE_ORDERS);
    const field = constant({ data: coefficients, shape: [1, PHASE_ORDERS, PHASE_ORDERS] });
    const background = phaseFactor(field, height, width);
    const signal = await runtime.build(
      { image: [2, height, width], maps: shape },
      ({ image, maps }) => signalOf(image, maps, background),
    );
    const addNoise = await runtime.build(
      { kspace: shape, normals: shape, sigma: [1] },
      ({ kspace, normals, sigma }) => ({ noisy: add(kspace, mul(normals, sigma)) }),
    );
    const noiseRng = rng.split(STREAM.noise);
    return new Simulator({ geometry, noise, noiseRng, maps, signal, addNoise });
  }

  /**
   * Simulates one slice.
   * @param image complex `[2, H, W]`, or real `[1, H, W]` or `[H, W]`
   * @param slice number of the slice, which chooses the noise
   * @throws {RangeError} when the image has another shape
   */
  async simulate(image: NdArray, slice = 0): Promise<SimulatedSlice> {
    const { geometry, noise, maps, signal, addNoise } = this.#parts;
    const { kspace, truth } = await signal.run({ image: complexImage(image, geometry), maps });
    const sigma = noise * percentile(truth.data, SCALE_PERCENTILE);
    if (sigma === 0) return { kspace, maps, truth, sigma };
    const normals = this.#normals(slice);
    const level = { data: Float32Array.of(sigma), shape: [1] };
    const { noisy } = await addNoise.run({ kspace, normals, sigma: level });
    return { kspace: noisy, maps, truth, sigma };
  }

  #normals(slice: number): NdArray {
    const { coils, height, width } = this.#parts.geometry;
    const out = zeros([coils, 2, height, width]);
    const samples = 2 * height * width;
    for (let coil = 0; coil < coils; coil++) {
      const rng = this.#parts.noiseRng.split(slice, coil);
      out.data.set(rng.normals(samples), coil * samples);
    }
    return out;
  }
}

/** The image as `[2, H, W]`. */
function complexImage(image: NdArray, { height, width }: SimulationGeometry): NdArray {
  const out = zeros([2, height, width]);
  if (sameShape(image.shape, out.shape)) return image;
  const real = sameShape(image.shape, [height, width]) ||
    sameShape(image.shape, [1, height, width]);
  if (!real) {
    throw new RangeError(
      `Cannot simulate k-space of an image ${formatShape(image.shape)}: ` +
        `${formatShape([2, height, width])} or ${formatShape([1, height, width])} is required`,
    );
  }
  out.data.set(image.data);
  return out;
}

/**
 * Simulates multi-coil k-space of one image; see `Simulator` for many slices.
 *
 * @example
 * ```ts
 * import { Runtime } from "../graph/mod.ts";
 * import { brainPhantom } from "./phantom.ts";
 *
 * await using runtime = await Runtime.open("cpu");
 * const image = await brainPhantom(runtime, { height: 64, width: 48 });
 * const { kspace } = await simulateKspace(runtime, image, { coils: 8, noise: 0.02 });
 * console.assert(`${kspace.shape}` === "8,2,64,48");
 * ```
 * @param image complex `[2, H, W]`, or real `[1, H, W]` or `[H, W]`; H is the phase-encode axis
 * @throws {RangeError} for another shape, or options out of range
 */
export async function simulateKspace(
  runtime: Runtime,
  image: NdArray,
  { coils = 8, ...options }: SimulationOptions = {},
): Promise<SimulatedSlice> {
  const [height, width] = image.shape.slice(-2);
  const simulator = await Simulator.compile(runtime, { coils, height, width }, options);
  return await simulator.simulate(image);
}
