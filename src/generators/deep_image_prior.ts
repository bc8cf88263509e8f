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
 * the coil maps turn into k-space, in place of an image for each coil. The step size rises and falls. The
 * mean of the last images counts (a decay of 0.97), and samples that are held back choose the step at which
 * the fit is stopped. `restore` shows the network's image as it is.
 *
 * In `recon` total variation with the weight of `tv` is in the last step, which puts all samples back in
 * (J. Liu, Y. Sun, X. Xu, U. Kamilov, "Image restoration using total variation regularized deep image
 * prior", ICASSP 2019), and
 *
 * - `dip` sees the image of `tv` from random parts of the lines, in place of a random z, adds to it, and is
 *   fitted to all lines (`core/splits.ts`; B. Yaman, S. A. H. Hosseini, M. Akçakaya, "Zero-shot
 *   self-supervised learning for MRI reconstruction", ICLR 2022, split the lines of the one scan so for an
 *   unrolled network). Fitted from a random z in minutes, it stays far below `tv`.
 * - `conv-decoder` has a random z, and total variation in the fit. The samples held back choose the pull,
 *   which must lower their error by three standard errors; otherwise the result is that of `tv`.
 * @module
 */
import { tvWeight } from "../classical/weights.ts";
import type { Runtime, Tensor } from "../graph/mod.ts";
import { mriMeasurement } from "../method/measurement.ts";
import type { Method, MethodOptions, SamplingGeometry, Solver } from "../method/problem.ts";
import { heldBack } from "../mri/sampling/hold_back.ts";
import { ndarray, onlyOf } from "../ndarray.ts";
import type { Warning } from "../warning.ts";
import type { Scope } from "../nn/mod.ts";
import { compileAround } from "./core/around.ts";
import { type GeneratorMethod, searchSettings } from "./core/contract.ts";
import { compileSplits, type SplitSettings } from "./core/splits.ts";
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

/** Settings for pictures. */
const PICTURE_STEPS: UntrainedSettings = { steps: 300, rate: 0.01, held: 0.1 };
/** Those of the decoder for a scan: total variation keeps it from following the noise, and fewer steps leave detail out. */
const DECODER_STEPS: UntrainedSettings = { ...PICTURE_STEPS, steps: 1500 };
/** A last layer that gives 0 at first. */
const NOTHING = () => ({ kind: "constant", value: 0 }) as const;

/** Fewer splits and steps than these leave a part of the gain; more cost time. */
const SPLITS: SplitSettings = { steps: 200, rate: 0.002, held: 0.3, splits: 6, pull: 0.1 };

const DIP = {
  name: "dip",
  summary: "untrained hourglass network fitted to the one picture",
  citation: "Ulyanov, Vedaldi and Lempitsky, Deep image prior, CVPR 2018",
};

/** The deep image prior. */
export const dip: UntrainedMethod = {
  ...pictureMethod(DIP, {
    inputShape: (size) => [1, NOISE_CHANNELS, ...size],
    draw: (rng) => NOISE_RANGE * rng.uniform(),
    image: hourglass,
  }),
  method: {
    ...DIP,
    summary: "untrained hourglass network that improves tv, fitted to the one scan's lines",
    citation: `${DIP.citation}; Yaman, Hosseini and Akçakaya, Zero-shot self-supervised learning ` +
      "for MRI reconstruction, ICLR 2022",
    weightRole: "the regularisation parameter of total variation, in the splits and the last step",
    needsMaps: true,
    settings: SPLITS,
    prepare: (runtime, geometry, options) =>
      prepareSplits(runtime, geometry, searchSettings(DIP.name, SPLITS, options), options),
  },
};

const DECODER = {
  name: "conv-decoder",
  summary: "untrained decoder network fitted to the one scan, stopped by lines held back",
  citation: "Darestani and Heckel, Accelerated MRI with un-trained neural networks, IEEE TCI 2021",
};

const decoderNetwork: UntrainedNetwork = {
  inputShape: () => [1, DECODER_WIDTHS[0], DECODER_SIDE, DECODER_SIDE],
  draw: (rng) => rng.normal(),
  image: convDecoder,
};

/** ConvDecoder. */
export const convDecoderMethod: UntrainedMethod = {
  ...pictureMethod(DECODER, decoderNetwork),
  method: {
    ...DECODER,
    weightRole: "the regularisation parameter of total variation, in the fit and in the last step",
    needsMaps: true,
    settings: DECODER_STEPS,
    prepare: (runtime, geometry, options) =>
      prepareDecoder(
        runtime,
        geometry,
        searchSettings(DECODER.name, DECODER_STEPS, options),
        options,
      ),
  },
};

function pictureMethod(
  about: Pick<Method, "name" | "summary" | "citation">,
  network: UntrainedNetwork,
): GeneratorMethod {
  return {
    ...about,
    defaults: PICTURE_STEPS,
    async compile(runtime, measurement, options) {
      const settings = searchSettings(about.name, PICTURE_STEPS, options);
      const [height, width] = measurement.y.slice(-2);
      const held = pointsOf(height, width);
      const { fit } = await compileUntrained(
        runtime,
        about.name,
        measurement,
        network,
        settings,
        held,
      );
      const { steps } = settings;
      const solve: Awaited<ReturnType<GeneratorMethod["compile"]>>["solve"] = async (...call) =>
        (await fit(...call)).image;
      return { nfe: steps, steps, settings, solve };
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

/** Holds back lines, or points of a plane. */
const linesOf = ({ mask }: SamplingGeometry): HoldBack => (share, rng) =>
  heldBack(mask, share, rng);

async function prepareSplits(
  runtime: Runtime,
  geometry: SamplingGeometry,
  settings: SplitSettings,
  { weight = 1 }: MethodOptions = {},
): Promise<Solver> {
  const measurement = mriMeasurement(geometry), { image: size, sets = 1 } = measurement;
  const network = (scope: Scope, x: Tensor) => hourglass(scope, x, size, 2 * sets, NOTHING);
  const solve = await compileSplits(
    runtime,
    DIP.name,
    measurement,
    network,
    settings,
    linesOf(geometry),
  );
  return {
    ...{ nfe: settings.steps + 1, steps: settings.steps, settings },
    solve: async (problem, control) =>
      onlyOf(await solve(problem, weight * tvWeight(problem, geometry), control)),
  };
}

async function prepareDecoder(
  runtime: Runtime,
  geometry: SamplingGeometry,
  settings: UntrainedSettings,
  { weight = 1 }: MethodOptions = {},
): Promise<Solver> {
  const { name } = DECODER;
  const measurement = mriMeasurement(geometry), hold = linesOf(geometry);
  const { fit } = await compileUntrained(
    runtime,
    name,
    measurement,
    decoderNetwork,
    settings,
    hold,
  );
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
