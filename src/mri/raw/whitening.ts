/**
 * Noise whitening: the combination of the coils in which their noise is equal and independent
 * (Pruessmann et al. 2001, Magn Reson Med 46:638-651, appendix A; Roemer et al. 1990).
 * @module
 */
import { InputError } from "../../errors.ts";
import { type Runtime } from "../../graph/mod.ts";
import type { Acquisition } from "../../mrd/values.ts";
import { type NdArray, zeros } from "../../ndarray.ts";
import { coilCovariance } from "../calibration/coil_compression.ts";
import { noiseCovariance, whiteningMatrix } from "../calibration/noise_covariance.ts";
import { deinterleave } from "./line_store.ts";

/** Most noise samples of a coil that are looked at: a standard error of 0.3 %. */
const MAX_SAMPLES = 1 << 17;

/** Noise scans of a measurement. */
export class NoiseScan {
  readonly #acquisitions: Acquisition[] = [];
  #samples = 0;
  #whitening: Promise<NdArray> | undefined;

  get isEmpty(): boolean {
    return this.#samples === 0;
  }

  /**
   * Takes a noise acquisition.
   * @throws {InputError} when it has another number of coils than the one before
   */
  add(acquisition: Acquisition): void {
    const { activeChannels, numberOfSamples } = acquisition.header;
    const coils = this.#acquisitions[0]?.header.activeChannels ?? activeChannels;
    if (activeChannels !== coils) {
      throw new InputError(
        `Cannot use a noise scan of ${activeChannels} coils: ${coils} are required, as before`,
      );
    }
    if (this.#samples >= MAX_SAMPLES) return;
    this.#acquisitions.push({ ...acquisition, samples: acquisition.samples.slice() });
    this.#samples += numberOfSamples;
    this.#whitening = undefined;
  }

  /**
   * The matrix that whitens `[2C, 2C]`, acting on coils stacked as (coil, re/im). The noise it leaves
   * has the mean variance of the coils, so that images keep the units of the file.
   * @throws {InputError} when the scan has fewer samples than coils, or is zero
   */
  whitening(runtime: Runtime): Promise<NdArray> {
    this.#whitening ??= this.#compute(runtime);
    return this.#whitening;
  }

  async #compute(runtime: Runtime): Promise<NdArray> {
    const samples = this.#planar();
    const program = await runtime.build(
      { samples: samples.shape },
      ({ samples }) => ({ sum: coilCovariance(samples) }),
    );
    const { sum } = await program.run({ samples });
    const covariance = noiseCovariance(sum, samples.shape[3]);
    const whitening = whiteningMatrix(covariance), size = covariance.length;
    const scale = Math.sqrt(covariance.reduce((total, row, i) => total + row[i], 0) / size);
    const data = Float32Array.from(whitening.flat(), (value) => scale * value);
    return { data, shape: [size, size] };
  }

  /** All noise samples, `[C, 2, 1, n]`. */
  #planar(): NdArray {
    const { activeChannels: coils } = this.#acquisitions[0].header;
    if (this.#samples < coils) {
      throw new InputError(
        `Cannot whiten: at least ${coils} noise samples are required for ${coils} coils, ` +
          `found ${this.#samples}`,
      );
    }
    const planar = zeros([coils, 2, 1, this.#samples]);
    let start = 0;
    for (const { header: { numberOfSamples }, samples } of this.#acquisitions) {
      deinterleave(samples, coils, planar.data, start);
      start += numberOfSamples;
    }
    return planar;
  }
}
