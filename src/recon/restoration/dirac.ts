/** Dirac diffusion on blurred pictures. @module */
import { InputError } from "../../errors.ts";
import { constant, exp, mul, reshape, type Runtime, type Tensor } from "../../graph/mod.ts";
import { dft2 } from "../../mri/physics/dft.ts";
import { asBatch, meanOf, type NdArray, ndarray } from "../../ndarray.ts";
import { loadRestorer } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import {
  compileSampler,
  type DegradationPath,
  diracSampler,
  type Sampler,
} from "../../samplers/mod.ts";
import { samplerSettings } from "../../samplers/core/method.ts";
import type { Finder, ScaledTask } from "./finder.ts";
import type { RestorationRequest } from "./restore.ts";
import { gaussianWidth } from "./degradation.ts";

/** The restorer that `dirac` uses when none is named. */
export const DEFAULT_RESTORER = "dirac-brain";

/** Dirac diffusion as it is listed; a task makes its own, which begins at the severity of the data. */
export const dirac: Sampler = diracSampler(blurPath(1, { width: 1, noise: 1 }));

/** Samples whose mean is the picture: one, as the mean would undo what the method is for. */
const SAMPLES = 1;

/** A blur that grows with its severity, to `width` pixels and `noise` at 1. */
export function blurPath(
  start: number,
  { width, noise }: { readonly width: number; readonly noise: number },
): DegradationPath {
  return {
    start,
    noise: (t) => mul(t, noise),
    degrade: (x, t) => gaussianBlurred(x, mul(t, width)),
  };
}

/** Images `[N, 2 S, H, W]` after a Gaussian round the edges; its standard deviation `[1, 1, 1, 1]`, pixels. */
function gaussianBlurred(x: Tensor, width: Tensor): Tensor {
  const [batch, parts, height, columns] = x.shape;
  const images = reshape(x, [batch * parts / 2, 2, height, columns]);
  const transfer = exp(mul(constant(frequencies(height, columns)), mul(width, width)));
  return reshape(dft2(mul(dft2(images, "forward"), transfer), "inverse"), x.shape);
}

/** -2 pi^2 |f|^2 of each frequency f, cycles for each pixel, `[1, 1, H, W]`. */
function frequencies(height: number, width: number): NdArray {
  const along = (at: number, size: number) => ((at - Math.floor(size / 2)) / size) ** 2;
  const data = Float32Array.from(
    { length: height * width },
    (_, i) => -2 * Math.PI ** 2 * (along(Math.floor(i / width), height) + along(i % width, width)),
  );
  return ndarray(data, [1, 1, height, width]);
}

/**
 * Compiles Dirac diffusion for a Gaussian blur.
 * @throws {InputError} for another task, or one beyond what the restorer was trained for
 */
export async function compileDirac(
  runtime: Runtime,
  request: Pick<
    RestorationRequest,
    "task" | "model" | "samples" | "seed" | "steps" | "weight" | "settings"
  >,
  { measurement, scale, sigma }: ScaledTask,
): Promise<Finder> {
  const { restore, width, noise, model } = await loadRestorer(
    request.model ?? DEFAULT_RESTORER,
    "gaussian-blur",
  );
  const blur = gaussianWidth(request.task);
  const start = (blur ?? NaN) / width;
  if (!(start <= 1) || sigma / scale > start * noise) {
    const found = blur === undefined ? request.task.text : `${blur} pixels`;
    const most = Math.min(start, 1) * noise * scale;
    throw new InputError(
      `Cannot restore with dirac: the task deblur:gaussian of at most ${width} pixels is required` +
        (start <= 1 ? ` with noise of at most ${most.toPrecision(2)} for this blur` : "") +
        `, found ${found} with noise ${sigma}`,
      { hint: "Another method, such as pigdm, takes any blur and noise" },
    );
  }
  const path = blurPath(start, { width, noise });
  const sampler = diracSampler(path);
  const samples = request.samples ?? SAMPLES;
  const settings = samplerSettings(sampler, request);
  const shape = [1, 2 * (measurement.sets ?? 1), ...measurement.image];
  const compiled = await compileSampler(runtime, {
    ...{ sampler, settings, samples, denoise: restore },
    measurement: { ...measurement, inputs: { start: shape } },
  });
  return {
    ...{ nfe: compiled.nfe(sigma), settings, samples, model },
    async find(y, slice, control) {
      const problem = { y, inputs: { start: y }, sigma: sigma / scale };
      const drawn = await compiled.run(problem, new Rng(request.seed, 3, slice), control);
      return { image: asBatch(meanOf(drawn)) };
    },
  };
}
