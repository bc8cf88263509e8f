/**
 * Multi-coil k-space of an image: smooth complex coil sensitivities, a smooth background phase, and
 * complex noise of known level.
 * @module
 */
import { add, cos, mul, reshape, sin } from "../../graph/mod.ts";
import type { Program, Runtime, Tensor } from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { complexMul, factorOf, joinParts, mulFactor } from "../physics/complex.ts";
import { dft2 } from "../physics/dft.ts";
import { type CoilWires, wireMaps, wiresOn } from "./coils.ts";
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
const COVERAGE = 0.9; // part of its share of the ring that a coil covers
const MAX_HALF_ANGLE = 0.9; // half the angle that a coil covers at most
const COIL_SPREAD = 0.05; // relative variation of position and size between coils
const PHASE_SPREAD = 0.6; // standard deviation of the background phase over the image, radians
/** Half-periods of the background phase over the image; see `fieldCoefficients`. */
const PHASE_BANDWIDTH = 1.5;
const PHASE_ORDERS = 6;

/** Streams of random numbers, so that more coils do not change the phase. */
const STREAM = { coils: 0, phase: 1, noise: 2 };

/** Coils on a ring, their positions and sizes slightly random. */
function randomWires(rng: Rng, coils: number): CoilWires[] {
  const start = 2 * Math.PI * rng.uniform();
  return Array.from({ length: coils }, (_, coil) => {
    const [along, out, size] = [rng.normal(), rng.normal(), rng.normal()]
      .map((value) => COIL_SPREAD * Math.max(-2, Math.min(2, value)));
    const half = (1 + size) * Math.min(MAX_HALF_ANGLE, COVERAGE * Math.PI / coils);
    const middle = start + 2 * Math.PI * (coil + along) / coils;
    return wiresOn(RING_RADIUS * (1 + Math.abs(out)), middle, half);
  });
}

/** e^(i phase) `[1, 2, H, W]` of a smooth random phase. */
function backgroundPhase(coefficients: Tensor, height: number, width: number): Tensor {
  const box = (size: number) => centredOffsets(size).map((offset) => offset / size);
  const field = smoothFields(coefficients, box(height), box(width));
  const phase = reshape(mul(field, PHASE_SPREAD), [1, 1, height, width]);
  return joinParts(cos(phase), sin(phase));
}

type KspaceProgram = Program<"image" | "maps" | "noise" | "sigma", "kspace">;

/** Simulates the k-space of images of one size, all seen by the same coils. */
export class Simulator {
  /**
   * What multiplies an image: coil sensitivities times the background phase, `[C, 2, H, W]`. Their
   * sum of squares is 1, so that the root sum of squares of noiseless coil images is |image|.
   */
  readonly maps: NdArray;
  readonly #program: KspaceProgram;
  readonly #noise: Rng;

  private constructor(maps: NdArray, program: KspaceProgram, noise: Rng) {
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
    const coefficients = fieldCoefficients(rng.split(STREAM.phase), PHASE_ORDERS, PHASE_BANDWIDTH);
    const phase = ndarray(coefficients, [1, PHASE_ORDERS, PHASE_ORDERS]);
    const unit = Math.max(height, width) / 2;
    const along = (size: number) => centredOffsets(size).map((offset) => offset / unit);
    const wires = randomWires(rng.split(STREAM.coils), coils);
    const coilMaps = wireMaps(wires, along(height), along(width));
    const draw = await runtime.build(
      { coilMaps: coilMaps.shape, phase: phase.shape },
      ({ coilMaps, phase }) => ({
        maps: complexMul(coilMaps, backgroundPhase(phase, height, width)),
      }),
    );
    const { maps } = await draw.run({ coilMaps, phase });
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
      image: ndarray(image.data, [1, ...image.shape]),
      maps: this.maps,
      noise: ndarray(this.#noise.split(slice).normals(data.length), shape),
      sigma: ndarray(Float32Array.of(sigma), [1, 1, 1, 1]),
    });
    return kspace;
  }
}
