/** What looks wrong with a denoiser, and what a wrong description in model.yaml looks like. @module */
import { mul, type Runtime } from "../graph/mod.ts";
import { swapParts } from "../mri/physics/complex.ts";
import { type NdArray, ndarray, sizeOf } from "../ndarray.ts";
import type { Denoiser } from "../nn/mod.ts";
import type { Warning } from "../warning.ts";
import type { ModelCheckTask, SizeCheck } from "./model_check.ts";
import { type DenoiserQuality, measureDenoiser, type ValidationImages } from "./validation.ts";

/** Factors on the images and on the noise level that wrong descriptions often have. */
const SCALES = [1 / 255, 0.1, 0.5, 2, 10, 255];
const NOISE_FACTORS = [0.25, 0.5, 2, 4];
/** A probe has found something when the error falls below this part of the described one. */
const CLEARLY = 0.85;
/** Predicted over actual error of a denoiser whose derivative can be trusted. */
const TRUSTED = [0.5, 2] as const;

const at = (sigmas: readonly number[]) =>
  `sigma ${sigmas.map((sigma) => sigma.toPrecision(2)).join(", ")}`;

export function levelFindings(levels: readonly DenoiserQuality[], clean: NdArray): Warning[] {
  const findings: Warning[] = [];
  const say = (code: string, message: string, hint: string) =>
    findings.push({ code, message, hint });
  const broken = levels.filter(({ actualError }) => !Number.isFinite(actualError));
  if (broken.length > 0) {
    say(
      "not-finite",
      `The result is not finite at ${at(broken.map(({ sigma }) => sigma))}`,
      "Check noise_input: log-sigma needs sigma above 0, timestep a schedule that reaches these levels",
    );
  }
  const worse = levels.filter(({ sigma, actualError }) => actualError > sigma * 1.02);
  if (worse.length > 0) {
    say(
      "adds-noise",
      `The result is further from the truth than the noisy image at ${
        at(worse.map(({ sigma }) => sigma))
      }`,
      "If only the ends of the range are named, narrow sigma in model.yaml; if all are, scale, " +
        "noise input or parameterisation are wrong",
    );
  }
  const power = Math.sqrt(
    clean.data.reduce((sum, value) => sum + value * value, 0) / sizeOf(clean.shape),
  );
  const most = levels[levels.length - 1];
  if (most.sigma > 3 * power && most.actualError > 1.1 * power) {
    say(
      "largest-level",
      `At the largest level ${at([most.sigma])} the error ${
        most.actualError.toPrecision(2)
      } is above that of an empty image, ${power.toPrecision(2)}`,
      "Lower the upper end of sigma in model.yaml",
    );
  }
  const [low, high] = TRUSTED;
  const wrong = levels.filter(({ predictedError, actualError }) => {
    const ratio = predictedError / actualError;
    return ratio < low || ratio > high;
  });
  if (wrong.length > levels.length / 2) {
    say(
      "error-not-predicted",
      `The error that its derivative predicts is not the actual one at ${
        at(wrong.map(({ sigma }) => sigma))
      }`,
      "It is no denoiser in the mean-square sense, or these images are unlike its training: " +
        "standard deviations of samples will be off",
    );
  }
  return findings;
}

export const derivativeFinding = ({ sigma, error }: { sigma: number; error: number }): Warning => ({
  code: "derivative",
  message: `VJP and differences disagree by ${error.toPrecision(2)} at ${at([sigma])}`,
  hint:
    "The network may have steps (rounding, comparison): guided samplers will be off; take one " +
    "without guidance, such as dds or diffpir",
});

export const sizeFinding = ({ height, width, failure }: SizeCheck): Warning => ({
  code: "size",
  message: `${height} x ${width} cannot be run: ${failure}`,
  hint: "Say in model.yaml which sizes it takes: size: {multiple: 8, minimum: 32} pads to them",
});

/** Tries what a wrong description would make better. */
export async function descriptionFindings(
  runtime: Runtime,
  { denoise, sigma: [min, max] }: ModelCheckTask,
  images: ValidationImages,
  probed: readonly number[],
): Promise<Warning[]> {
  const one = (array: NdArray) =>
    ndarray(array.data.subarray(0, sizeOf(array.shape) / array.shape[0]), [
      1,
      ...array.shape.slice(1),
    ]);
  const first = { clean: one(images.clean), noise: one(images.noise) };
  const errorOf = async (tried: Denoiser, levels: readonly number[]) => {
    const rows = await measureDenoiser(runtime, tried, first, levels);
    return Math.exp(rows.reduce((sum, row) => sum + Math.log(row.actualError), 0) / rows.length);
  };
  const described = await errorOf(denoise, probed);
  const best = async (
    candidates: readonly (readonly [number, Denoiser, readonly number[]])[],
  ) => {
    let found: { factor: number; gain: number } | undefined;
    for (const [factor, tried, levels] of candidates) {
      if (levels.length < probed.length) continue;
      const ratio = await errorOf(tried, levels) / described;
      if (ratio < CLEARLY && !(found !== undefined && found.gain < ratio)) {
        found = { factor, gain: ratio };
      }
    }
    return found;
  };
  const inRange = (factor: number) =>
    probed.filter((sigma) => sigma * factor >= min && sigma * factor <= max);
  const scale = await best(SCALES.map((factor) =>
    [
      factor,
      (x, sigma) => mul(denoise(mul(x, factor), mul(sigma, factor)), 1 / factor),
      probed,
    ] as const
  ));
  const noise = await best(
    NOISE_FACTORS.map((factor) =>
      [factor, (x, sigma) => denoise(x, mul(sigma, factor)), inRange(factor)] as const
    ),
  );
  const swapped = await best([
    [1, (x, sigma) => swapParts(denoise(swapParts(x), sigma)), probed] as const,
  ]);
  const percent = (gain: number) => `${Math.round(100 * (1 - gain))} %`;
  return [
    ...(scale === undefined ? [] : [{
      code: "scale",
      message: `The error falls by ${percent(scale.gain)} when the images are multiplied by ` +
        `${scale.factor.toPrecision(3)}`,
      hint: "The network seems to be trained on another scale: set scale of data in model.yaml",
    }]),
    ...(noise === undefined ? [] : [{
      code: "noise-input",
      message: `The error falls by ${percent(noise.gain)} when the network is told ` +
        `${noise.factor} times the noise level`,
      hint: "Check noise_input, noise_scale and schedule in model.yaml",
    }]),
    ...(swapped === undefined ? [] : [{
      code: "channel-order",
      message: `The error falls by ${percent(swapped.gain)} with real and imaginary part exchanged`,
      hint: "The network seems to take the imaginary part first",
    }]),
  ];
}
