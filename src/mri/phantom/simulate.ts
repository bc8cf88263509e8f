/**
 * Multi-coil k-space of an image: smooth complex coil sensitivities, a smooth background phase, and
 * complex noise of known level.
 * @module
 */
import {
  add,
  constant,
  cos,
  div,
  mul,
  type Program,
  reduceSum,
  reshape,
  type Runtime,
  sin,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { complexMul, factorOf, joinParts, mulFactor } from "../physics/complex.ts";
import { dft2 } from "../physics/dft.ts";
import { centredOffsets, fieldCoefficients, smoothFields } from "./smooth_field.ts";

/** What k-space is simulated for. */
export interface SimulatorOptions {
  /** Number of coils C. */
  readonly coils: number;
  /** Phase-encode lines H. */
  readonly height: number;
  /** Readout samples W. */
  readonly width: number;
  /** Seed of coils, phase and noise; any seed of `Rng`. Default 0. */
  readonly seed?: number;
}

/** Distance of the coils from the centre; 1 is half of the longer side, so all lie outside. */
const RING_RADIUS = 1.6;
/** Part of its share of the ring that a coil covers. */
const COVERAGE = 0.9;
/** Half the angle that a coil covers at most. */
const MAX_HALF_ANGLE = 0.9;
/** Relative variation of position and size between coils. */
const COIL_SPREAD = 0.05;
/** Standard deviation of the background phase over the image, radians. */
const PHASE_SPREAD = 0.6;
/** Half-periods of the background phase over the image; see `fieldCoefficients`. */
const PHASE_BANDWIDTH = 1.5;
const PHASE_ORDERS = 6;

/** Streams of random numbers, so that more coils do not change the phase. */
const STREAM = { coils: 0, phase: 1, noise: 2 };

/** Coordinates of the two wires of each coil, `[C, 4]`: x, y of one and of the other. */
function randomWires(rng: Rng, coils: number): NdArray {
  const turn = 2 * Math.PI * rng.uniform();
  const data = Array.from({ length: coils }, () => {
    const [along, out, size] = [rng.normal(), rng.normal(), rng.normal()]
      .map((value) => COIL_SPREAD * Math.max(-2, Math.min(2, value)));
    return { along, radius: RING_RADIUS * (1 + Math.abs(out)), size: 1 + size };
  }).flatMap(({ along, radius, size }, coil) => {
    const half = size * Math.min(MAX_HALF_ANGLE, COVERAGE * Math.PI / coils);
    const middle = turn + 2 * Math.PI * (coil + along) / coils;
    return [middle - half, middle + half]
      .flatMap((angle) => [radius * Math.cos(angle), radius * Math.sin(angle)]);
  });
  return { data: Float32Array.from(data), shape: [coils, 4] };
}

/** Pixel coordinates as constants `[H, 1]` and `[1, W]`, 1 at half of the longer side. */
function coordinates(height: number, width: number): { x: Tensor; y: Tensor } {
  const unit = Math.max(height, width) / 2;
  const along = (size: number, shape: number[]) =>
    constant({ data: Float32Array.from(centredOffsets(size), (offset) => offset / unit), shape });
  return { x: along(width, [1, width]), y: along(height, [height, 1]) };
}

/**
 * In-plane field of a straight wire through the slice at w (Biot and Savart): 1 / (z - w) with
 * z = x + iy, as real and imaginary part `[C, 1, H, W]`.
 */
function wireField({ x, y }: { x: Tensor; y: Tensor }, [wx, wy]: [Tensor, Tensor]) {
  const dx = sub(x, wx), dy = sub(y, wy);
  const squared = add(mul(dx, dx), mul(dy, dy));
  return { re: div(dx, squared), im: div(sub(0, dy), squared) };
}

/** Sensitivities `[C, 2, H, W]` of coils of two opposed wires each, sum of squares 1 everywhere. */
function coilMaps(wires: Tensor, height: number, width: number): Tensor {
  const at = (column: number) => reshape(slice(wires, 1, column, column + 1), [-1, 1, 1, 1]);
  const grid = coordinates(height, width);
  const one = wireField(grid, [at(0), at(1)]);
  const other = wireField(grid, [at(2), at(3)]);
  const field = joinParts(sub(one.re, other.re), sub(one.im, other.im));
  return div(field, sqrt(reduceSum(mul(field, field), [0, 1], { keepDims: true })));
}

/** e^(i phase) `[1, 2, H, W]` of a smooth random phase. */
function backgroundPhase(coefficients: Tensor, height: number, width: number): Tensor {
  const box = (size: number) => centredOffsets(size).map((offset) => offset / size);
  const field = smoothFields(coefficients, box(height), box(width));
  const phase = reshape(mul(field, PHASE_SPREAD), [1, 1, height, width]);
  return joinParts(cos(phase), sin(phase));
}

/** Simulates the k-space of images of one size, all seen by the same coils. */
export class Simulator {
  /**
   * What multiplies an image: coil sensitivities times the background phase, `[C, 2, H, W]`. Their
   * sum of squares is 1, so that the root sum of squares of noiseless coil images is |image|.
   */
  readonly maps: NdArray;
  readonly #program: Program<"image" | "maps" | "noise" | "sigma", "kspace">;
  readonly #noise: Rng;

  private constructor(
    maps: NdArray,
    program: Program<"image" | "maps" | "noise" | "sigma", "kspace">,
    noise: Rng,
  ) {
    this.maps = maps;
    this.#program = program;
    this.#noise = noise;
  }

  /**
   * Draws the coils and compiles the graphs.
   * @throws {RangeError} for a seed that `Rng` does not take, or a size that is not positive
   */
  static async create(
    runtime: Runtime,
    { coils, height, width, seed = 0 }: SimulatorOptions,
  ): Promise<Simulator> {
    const rng = new Rng(seed);
    const phase = fieldCoefficients(rng.split(STREAM.phase), PHASE_ORDERS, PHASE_BANDWIDTH);
    const draw = await runtime.build(
      { wires: [coils, 4], phase: [1, PHASE_ORDERS, PHASE_ORDERS] },
      ({ wires, phase }) => ({
        maps: complexMul(coilMaps(wires, height, width), backgroundPhase(phase, height, width)),
      }),
    );
    const { maps } = await draw.run({
      wires: randomWires(rng.split(STREAM.coils), coils),
      phase: { data: phase, shape: [1, PHASE_ORDERS, PHASE_ORDERS] },
    });
    const program = await runtime.build(
      { image: [1, 2, height, width], maps: maps.shape, noise: maps.shape, sigma: [1, 1, 1, 1] },
      ({ image, maps, noise, sigma }) => ({
        kspace: add(dft2(mulFactor(factorOf(maps), image), "forward"), mul(noise, sigma)),
      }),
    );
    return new Simulator(maps, program, rng.split(STREAM.noise));
  }

  /**
   * The k-space of one slice.
   * @param image complex `[2, H, W]`
   * @param options `sigma`: standard deviation of the noise of the real and of the imaginary part of
   *   each sample, in the units of the image; `slice`: names the noise, which differs between slices
   *   and does not depend on the order in which they are asked for
   * @returns `[C, 2, H, W]`, both axes transformed
   * @throws {RangeError} for an image of another size
   */
  async kspace(
    image: NdArray,
    { sigma, slice }: { sigma: number; slice: number },
  ): Promise<NdArray> {
    const { shape, data } = this.maps;
    const { kspace } = await this.#program.run({
      image: { data: image.data, shape: [1, ...image.shape] },
      maps: this.maps,
      noise: { data: this.#noise.split(slice).normals(data.length), shape },
      sigma: { data: Float32Array.of(sigma), shape: [1, 1, 1, 1] },
    });
    return kspace;
  }
}
