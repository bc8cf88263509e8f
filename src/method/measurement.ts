/** What was measured: an operator whose arrays are inputs of a graph. @module */
import { constantOf, mul, type Shape, type Tensor } from "../graph/mod.ts";
import { type LinearOperator, mriOperator } from "../mri/physics/operator.ts";
import { mriSpectrum, type SpectralForm } from "../mri/physics/spectrum.ts";
import type { SamplingMask } from "../mri/sampling/masks.ts";
import type { SamplingGeometry } from "./problem.ts";

/** A kind of measurement. Methods compile their graphs for it; each {@link Problem} brings the arrays. */
export interface Measurement {
  /** H and W of the image. */
  readonly image: readonly [number, number];
  /** Images that are sought at once: one for each set of coil maps. Default 1. */
  readonly sets?: number;
  /** Shape of y, with a batch axis of 1. */
  readonly y: Shape;
  /** Shapes of the operator's arrays, by name. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** The operator on images `[batch, 2 sets, H, W]`, from its arrays. */
  operator(inputs: Readonly<Record<string, Tensor>>, batch: number): LinearOperator;
  /** y with all but the low frequencies set to zero, where that makes sense. */
  lowPass?(y: Tensor): Tensor;
  /**
   * The eigenbasis of A^H A, where there is a way to it.
   * @throws {InputError} when it is out of reach, with the reason
   */
  spectral?(): SpectralForm;
}

/** The multi-coil measurement of a geometry; its input is `maps` `[sets, C, 2, H, W]`. */
export function mriMeasurement(geometry: SamplingGeometry): Measurement {
  const { coils, sets = 1, height, width, mask } = geometry;
  return {
    image: [height, width],
    sets,
    y: mask.yShape(coils),
    inputs: { maps: [sets, coils, 2, height, width] },
    operator: ({ maps }, batch) => mriOperator(maps, mask, batch),
    lowPass: mask.acs > 0 ? (y) => mul(y, calibrationWeights(mask)) : undefined,
    spectral: () => mriSpectrum({ coils, sets }, mask),
  };
}

/**
 * The measurement of an operator that is the same for all problems, such as those of
 * `restoration_operators.ts`.
 * @param image H and W
 * @param operatorFor the operator for a batch of images
 */
export function linearMeasurement(
  image: readonly [number, number],
  operatorFor: (batch: number) => LinearOperator,
): Measurement {
  return {
    image,
    y: operatorFor(1).range,
    inputs: {},
    operator: (_inputs, batch) => operatorFor(batch),
  };
}

/** 1 for the samples of the calibration region, 0 for the others: `[rows, 1]` or `[H, W]`. */
function calibrationWeights(mask: SamplingMask): Tensor {
  const columns = mask.isLines ? 1 : mask.width;
  const weights = mask.lines.flatMap((line) =>
    Array.from({ length: columns }, (_, column) => mask.inCalibration(line, column) ? 1 : 0)
  );
  return constantOf(Float32Array.from(weights), [mask.rows, columns]);
}
