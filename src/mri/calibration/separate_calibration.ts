/**
 * Calibration lines of a scan of their own: only coil maps come from them.
 * @module
 */
import { mul, type Program, reduceSum, reshape, type Runtime, sqrt } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { compressCoils } from "./coil_compression.ts";
import { squaredMagnitude } from "../physics/complex.ts";
import { dft2, dftW } from "../physics/dft.ts";
import type { SamplingMask } from "../sampling/masks.ts";
import { centred } from "../physics/resample.ts";

/** Readout samples of the calibration region, about the centre: more only add noise. */
export const CALIBRATION_READOUT = 48;

/** How the image is made that the calibration lines are for. */
export interface SeparateOptions {
  /** Its sampling. */
  readonly mask: SamplingMask;
  /** Readout samples of the file, where more than `mask.width`. */
  readonly readout?: number;
  /** What its samples are divided by. */
  readonly scale: number;
  /** Matrix that compresses its coils. */
  readonly combination?: NdArray;
}

/**
 * Brings calibration lines to the field of view, scale and coils of the image.
 * @param block k-space about the centre `[C, 2, a, b]`
 * @returns the lines `[C, 2, a, b]`, and the magnitude of the image that they make `[H, W]`
 */
export async function separateCalibration(
  runtime: Runtime,
  block: NdArray,
  { mask: { height, width }, readout = width, scale, combination }: SeparateOptions,
): Promise<{ calibration: NdArray; image: NdArray }> {
  const rows = block.shape[2];
  const shapes: Record<string, readonly number[]> = { block: block.shape, factor: [1, 1, 1, 1] };
  if (combination !== undefined) shapes.combination = combination.shape;
  const program: Program<string, "calibration" | "image"> = await runtime.build(
    shapes,
    ({ block, factor, combination }) => {
      const scaled = mul(block, factor);
      const coils = combination === undefined ? scaled : compressCoils(scaled, combination);
      const pixels = centred(dftW(centred(coils, 3, readout), "inverse"), 3, width);
      const lines = dftW(pixels, "forward");
      const whole = centred(lines, 2, height);
      const energy = reduceSum(squaredMagnitude(dft2(whole, "inverse")), [0]);
      const columns = Math.min(width, CALIBRATION_READOUT, block.shape[3]);
      return {
        calibration: centred(centred(lines, 3, columns), 2, Math.min(rows, CALIBRATION_READOUT)),
        image: reshape(sqrt(energy), [height, width]),
      };
    },
  );
  const factor = { data: Float32Array.of(1 / scale), shape: [1, 1, 1, 1] };
  return await program.run(combination ? { block, factor, combination } : { block, factor });
}
