/** `deno task check-model`: a denoiser against the truth, before it is used as a prior. @module */
import { join } from "node:path";
import { InputError, UsageError } from "../../errors.ts";
import { Runtime } from "../../graph/mod.ts";
import { writeFileWhole } from "../../io/atomic.ts";
import { openImage } from "../../io/open.ts";
import { encodePng, montage, window } from "../../io/png.ts";
import type { ImageFile } from "../../io/types.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { magnitudeOf, type NdArray, ndarray, onlyOf, stack } from "../../ndarray.ts";
import { loadDenoiser, modelPath, modelReference } from "../../nn/mod.ts";
import { phantomImage } from "../../recon/example.ts";
import {
  checkDenoiser,
  denoisedImages,
  type ModelCheck,
  type ModelCheckTask,
} from "../../train/model_check.ts";
import { command } from "../options/help.ts";
import { COMMON, DEVICE, SEED } from "../options/shared.ts";
import { option } from "../options/table.ts";
import { index, number, path } from "../options/values.ts";
import { difference, ERROR_GAIN, labelled, white } from "../render/preview.ts";
import { folderName, inFreshFolder, jsonLine, textOf, writeJson } from "../files.ts";

const SCHEMA = "larmor.check-model/1";
/** Images of the built-in check: one for each weighting. */
const CONTRASTS = ["T1", "T2", "FLAIR"] as const;
/** Part of the pixels (per cent) that is at most as bright as bright tissue. */
const BRIGHT_PERCENTILE = 99;
/** Noise levels of the picture. */
const SHOWN = [0.05, 0.2, 1];

const OPTIONS = {
  image: option(
    "FILE",
    "image to denoise (NIfTI or .npy), best one like your scans and unlike the training data. " +
      "Default: three drawn brains, which networks trained on real heads know less well",
    path,
  ),
  slice: option("N", "slice of the image, counted from 0. Default: the middle one", index),
  size: option(
    "N",
    "rows and columns of the drawn brains",
    number({ integer: true, min: 48, max: 1024 }),
    "192",
  ),
  output: option("DIR", "folder of the results. Default: check/<model>", path),
  ...SEED,
  ...DEVICE,
  ...COMMON,
};

export const checkModel = command({
  usage: "deno task check-model NAME|PATH [options]",
  about: "Checks a denoiser before it is used as a prior: its error by noise level beside the " +
    "error that its derivative predicts, its VJP against differences, odd sizes, speed; and tries " +
    "what a wrong scale, order of channels, noise input or range of levels in model.yaml would " +
    "look like. Writes check.json and check.png (truth, noisy, denoised, error at three levels).",
  options: OPTIONS,
  examples: [
    "deno task check-model prior-brain",
    "deno task check-model models/mine --image volume.nii.gz --slice 40",
  ],
}, async (request, { console }) => {
  const { inputs, seed, image, slice, json } = request;
  if (inputs.length !== 1) {
    throw new UsageError(`Cannot check ${inputs.length} models: one name or path is required`);
  }
  const { description, denoise } = await loadDenoiser(await modelPath(inputs[0]));
  const folder = request.output ?? join("check", folderName(description.name, "the model"));
  await using runtime = await Runtime.open(request.device, request);
  const images = image === undefined
    ? await drawn(runtime, request.size, seed)
    : await imageOf(image, slice);
  const task = { denoise, sigma: description.sigma, images, seed };
  const found = await inFreshFolder(folder, async (partial) => {
    const check = await checkDenoiser(runtime, task);
    await writeFileWhole(join(partial, "check.png"), await picture(runtime, task));
    const report = {
      schema: SCHEMA,
      model: modelReference(description),
      image: image ?? "drawn brains",
      size: images.shape.slice(2),
      seed,
      device: runtime.device,
      ...check,
    };
    await writeJson(join(partial, "check.json"), report);
    return report;
  });
  console.out(json ? jsonLine(found) : textOf([...table(found), `  ${folder}`]));
  return 0;
});

async function drawn(runtime: Runtime, size: number, seed: number): Promise<NdArray> {
  const images: NdArray[] = [];
  for (const contrast of CONTRASTS) {
    using file = await phantomImage(runtime, { size, seed, contrast });
    images.push(scaledToTissue(await file.readSlice(0)));
  }
  return stack(images);
}

async function imageOf(path: string, index?: number): Promise<NdArray> {
  using file: ImageFile = await openImage(path);
  const slice = index ?? Math.floor(file.slices / 2);
  if (slice >= file.slices) {
    throw new InputError(
      `Cannot take slice ${slice} of ${path}: a slice below ${file.slices} is required`,
    );
  }
  return stack([scaledToTissue(await file.readSlice(slice))]);
}

/** Bright tissue at 1, as a reconstruction scales its data. */
function scaledToTissue(image: NdArray): NdArray {
  const level = percentile(magnitudeOf(image).data, BRIGHT_PERCENTILE);
  if (!(level > 0)) throw new InputError("Cannot check on an empty image: another is required");
  return ndarray(image.data.map((value) => value / level), image.shape);
}

async function picture(runtime: Runtime, task: ModelCheckTask): Promise<Uint8Array<ArrayBuffer>> {
  const { images, sigma: [min, max] } = task;
  const truth = magnitudeOf(
    ndarray(images.data.subarray(0, images.data.length / images.shape[0]), images.shape.slice(1)),
  );
  const top = white(truth);
  const levels = SHOWN.filter((sigma) => sigma >= min && sigma <= max);
  const rows = await denoisedImages(runtime, task, levels);
  const tiles = rows.flatMap(({ sigma, noisy, denoised }) => {
    const image = magnitudeOf(onlyOf(denoised));
    return [
      labelled("truth", window(truth, 0, top)),
      labelled(`sigma ${sigma}`, window(magnitudeOf(onlyOf(noisy)), 0, top)),
      labelled("denoised", window(image, 0, top)),
      labelled(`error x${ERROR_GAIN}`, window(difference(image, truth), 0, top / ERROR_GAIN)),
    ];
  });
  return encodePng(montage(tiles, 4));
}

function table(
  { model, levels, derivative, sizes, findings }: ModelCheck & { model: { name: string } },
) {
  const cells = (values: readonly (string | number)[]) =>
    values.map((value) => `${value}`.padStart(10)).join("");
  return [
    `${model.name}: error of real and imaginary part, bright tissue is 1`,
    cells(["sigma", "denoised", "predicted", "gain, dB"]),
    ...levels.map(({ sigma, actualError, predictedError, noisy, denoised }) =>
      cells([
        sigma.toPrecision(3),
        actualError.toPrecision(3),
        predictedError.toPrecision(3),
        (denoised - noisy).toFixed(1),
      ])
    ),
    ...derivative.map(({ sigma, error }) =>
      `VJP against differences at sigma ${sigma}: ${error.toExponential(1)}`
    ),
    ...sizes.map(({ height, width, milliseconds, vjpMilliseconds, failure }) =>
      failure === undefined
        ? `${height} x ${width}: ${milliseconds!.toFixed(0)} ms, with VJP ` +
          `${vjpMilliseconds!.toFixed(0)} ms`
        : `${height} x ${width}: failed`
    ),
    ...(findings.length === 0 ? ["Nothing looks wrong."] : findings.flatMap(
      ({ message, hint }) => [`! ${message}`, `    ${hint}`],
    )),
  ];
}
