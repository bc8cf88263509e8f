/**
 * The deep image prior, and ConvDecoder: an untrained network that is fitted to the one scan.
 *
 * D. Ulyanov, A. Vedaldi, V. Lempitsky, "Deep image prior", CVPR 2018; M. Z. Darestani, R. Heckel,
 * "Accelerated MRI with un-trained neural networks", IEEE TCI 7:724, 2021:
 * ```
 * theta = argmin |A G(z; theta) - y|^2,  by Adam from random theta, z fixed; stopped early
 * x     = argmin |A x - y|^2 / 2 + lambda TV(x) + pull |x - G(z; theta)|^2 / 2
 * ```
 * Published: `dip` 5 levels of 128 channels, z uniform with 32 channels, 2000 steps and more of rate 0.01;
 * `conv-decoder` 7 layers of 256 channels, 20,000 steps of rate 0.008 (fastMRI, R=4), the mean of ten runs
 * in the best figures, and then the acquired samples put back in (data consistency): about as good as a
 * trained U-Net and better than total variation.
 *
 * Here the networks are small, for minutes on a CPU: 16 to 64 channels. They make one complex image, which
 * the coil maps turn into k-space, in place of an image for each coil. The step size rises and falls. What
 * counts is the mean of the last images (a decay of 0.97). A tenth of the samples is held back: they
 * choose the step at which the fit is stopped, and how strongly the result is pulled to the network's
 * image. In `recon` total variation with the weight of `tv` is in the fit (J. Liu, Y. Sun, X. Xu, U. Kamilov,
 * "Image restoration using total variation regularized deep image prior", ICASSP 2019) and in the last step,
 * which puts all samples back in. The pull must lower the error of the held-back samples by three standard
 * errors; otherwise the result is that of `tv`. So the network counts as far as data that it never saw bear
 * it out. `restore` shows the network's image as it is.
 * @module
 */
import { tvWeight } from "../classical/weights.ts";
import type { Runtime } from "../graph/mod.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../method/problem.ts";
import { heldBack } from "../mri/sampling/hold_back.ts";
import { ndarray, onlyOf } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import type { Warning } from "../warning.ts";
import { compileAround } from "./core/around.ts";
import { type GeneratorMethod, searchSettings } from "./core/contract.ts";
import {
  compileUntrained,
  type HoldBack,
  type UntrainedNetwork,
  type UntrainedSettings,
} from "./core/untrained.ts";
import { convDecoder, DECODER_SIDE, DECODER_WIDTHS } from "./networks/conv_decoder.ts";
import { hourglass } from "./networks/hourglass.ts";

/** A method whose network is untrained: for pictures, and for scans. */
export interface UntrainedMethod extends GeneratorMethod {
  /** The method of `recon`. */
  readonly method: Method;
}

/** Channels of the input of the hourglass, and its range, as published. */
const NOISE_CHANNELS = 32, NOISE_RANGE = 0.1;

/** Steps for a scan, whose fit total variation keeps from following the noise; fewer leave detail out. */
const SCAN_STEPS = 1500;

/** The deep image prior. */
export const dip: UntrainedMethod = untrainedMethod({
  name: "dip",
  summary: "untrained hourglass network fitted to the one scan, stopped by lines held back",
  citation:
    "Ulyanov, Vedaldi and Lempitsky, Deep image prior, CVPR 2018; Liu et al., Image restoration " +
    "using total variation regularized deep image prior, ICASSP 2019",
}, {
  inputShape: (size) => [1, NOISE_CHANNELS, ...size],
  draw: (rng) => NOISE_RANGE * rng.uniform(),
  image: hourglass,
}, { steps: 300, rate: 0.01, held: 0.1 });

/** ConvDecoder. */
export const convDecoderMethod: UntrainedMethod = untrainedMethod({
  name: "conv-decoder",
  summary: "untrained decoder network fitted to the one scan, stopped by lines held back",
  citation: "Darestani and Heckel, Accelerated MRI with un-trained neural networks, IEEE TCI 2021",
}, {
  inputShape: () => [1, DECODER_WIDTHS[0], DECODER_SIDE, DECODER_SIDE],
  draw: (rng) => rng.normal(),
  image: convDecoder,
}, { steps: 300, rate: 0.01, held: 0.1 });

function untrainedMethod(
  about: Pick<Method, "name" | "summary" | "citation">,
  network: UntrainedNetwork,
  defaults: UntrainedSettings,
): UntrainedMethod {
  const { name } = about;
  const scan = { ...defaults, steps: SCAN_STEPS };
  return {
    ...about,
    defaults,
    async compile(runtime, measurement, options) {
      const settings = searchSettings(defaults, options);
      const [height, width] = measurement.y.slice(-2);
      const held = pointsOf(height, width);
      const { fit } = await compileUntrained(runtime, name, measurement, network, settings, held);
      const { steps } = settings;
      const solve: Awaited<ReturnType<GeneratorMethod["compile"]>>["solve"] = async (...call) =>
        (await fit(...call)).image;
      return { nfe: steps, steps, settings, solve };
    },
    method: {
      ...about,
      weightRole:
        "the regularisation parameter of total variation, in the fit and in the last step",
      needsMaps: true,
      settings: scan,
      prepare: (runtime, geometry, options) =>
        prepareUntrained(
          runtime,
          name,
          geometry,
          network,
          searchSettings(scan, options),
          options,
        ),
    },
  };
}

/** Points of a picture's data at random. */
const pointsOf = (height: number, width: number): HoldBack => (share, rng) =>
  ndarray(
    Float32Array.from({ length: height * width }, () => rng.uniform() < share ? 1 : 0),
    [height, width],
  );

/** Part of the time that the fit takes, about. */
const FIT_SHARE = 0.95;

async function prepareUntrained(
  runtime: Runtime,
  name: string,
  geometry: SamplingGeometry,
  network: UntrainedNetwork,
  settings: UntrainedSettings,
  { weight = 1 }: MethodOptions = {},
): Promise<Solver> {
  const measurement = mriMeasurement(geometry);
  const hold: HoldBack = (share: number, rng: Rng) => heldBack(geometry.mask, share, rng);
  const { fit } = await compileUntrained(runtime, name, measurement, network, settings, hold);
  const columns = geometry.mask.isLines ? 1 : geometry.width;
  const around = await compileAround(runtime, name, measurement, [geometry.mask.rows, columns]);
  return {
    ...{ nfe: settings.steps, steps: settings.steps, settings },
    async solve(problem, control) {
      const onProgress = (fraction: number) => control?.onProgress?.(FIT_SHARE * fraction);
      const tv = weight * tvWeight(problem, geometry);
      const found = await fit(problem, { ...control, onProgress }, tv);
      const { image, pull } = await around.solve(problem, found, tv, control);
      control?.onProgress?.(1);
      if (pull === 0) control?.onWarning?.(unused(name));
      return onlyOf(image);
    },
  };
}

const unused = (name: string): Warning => ({
  code: "network-unused",
  message:
    `The network of ${name} predicts the lines held back no better than total variation does, ` +
    "chance aside: the image is that of tv",
  hint: "More --steps may help",
});
