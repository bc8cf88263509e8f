/** What is measured: an operator whose arrays are inputs of a graph. @module */
import type { InputShapes, Shape, Tensor } from "../../graph/mod.ts";
import { acquiredLines, type LinearOperator, mriOperator } from "../../mri/physics/operator.ts";
import type { SamplingGeometry } from "../../method/problem.ts";
import { constantOf, mul } from "../../graph/mod.ts";
import { mriSpectrum, type SpectralForm } from "./spectrum.ts";

/** A kind of measurement, for which samplers are compiled. */
export interface Measurement {
  /** H and W of the image. */
  readonly image: readonly [number, number];
  /** Shape of the samples, with a batch axis of 1. */
  readonly samples: Shape;
  /** Arrays the operator is made of, by name. */
  readonly inputs: InputShapes<string>;
  /** The operator on images `[batch, 2, H, W]`. */
  operator(inputs: Readonly<Record<string, Tensor>>, batch: number): LinearOperator;
  /** Samples with all but the low frequencies set to zero, where that makes sense. */
  lowPass?(samples: Tensor): Tensor;
  /**
   * The eigenbasis of A^H A, where there is a way to it.
   * @throws {InputError} when it is out of reach, with the reason
   */
  spectral?(): SpectralForm;
}

/** The multi-coil measurement of a geometry; its input is `maps` `[1, C, 2, H, W]`. */
export function mriMeasurement(acquisition: SamplingGeometry): Measurement {
  const { coils, height, width, mask } = acquisition;
  const lines = mask.kind === "lines" ? acquiredLines(mask) : undefined;
  return {
    image: [height, width],
    samples: [1, coils, 2, lines?.length ?? height, width],
    inputs: { maps: [1, coils, 2, height, width] },
    operator: ({ maps }, batch) => mriOperator(maps, mask, batch),
    ...(mask.acs > 0 && {
      lowPass: (samples: Tensor) =>
        mul(samples, calibrationWeights({ mask, height, width }, lines)),
    }),
    spectral: () => mriSpectrum(acquisition),
  };
}

/**
 * The measurement of an operator that is the same for all problems, such as those of `mri/general.ts`.
 * @param image H and W
 * @param operatorFor the operator for a batch of images
 */
export function linearMeasurement(
  image: readonly [number, number],
  operatorFor: (batch: number) => LinearOperator,
): Measurement {
  return {
    image,
    samples: operatorFor(1).range,
    inputs: {},
    operator: (_inputs, batch) => operatorFor(batch),
  };
}

/** 1 for the samples of the calibration region, 0 for the others: `[K, 1]` or `[H, W]`. */
function calibrationWeights(
  { mask: { acs }, height, width }: Pick<SamplingGeometry, "mask" | "height" | "width">,
  lines: readonly number[] | undefined,
): Tensor {
  const inside = (index: number, length: number) => {
    const start = Math.floor(length / 2) - Math.floor(acs / 2);
    return index >= start && index < start + acs ? 1 : 0;
  };
  if (lines !== undefined) {
    const weights = Float32Array.from(lines, (line) => inside(line, height));
    return constantOf(weights, [lines.length, 1]);
  }
  const weights = Float32Array.from(
    { length: height * width },
    (_, i) => inside(Math.floor(i / width), height) * inside(i % width, width),
  );
  return constantOf(weights, [height, width]);
}
