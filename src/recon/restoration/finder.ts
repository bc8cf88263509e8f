/** How a picture is found from its data: by a sampler and what some tasks need beside it, or a search. @module */
import { UsageError } from "../../errors.ts";
import type { Runtime } from "../../graph/mod.ts";
import type { RunControl } from "../../method/problem.ts";
import { asBatch, meanOf, type NdArray } from "../../ndarray.ts";
import { type ModelReference, openPrior } from "../../nn/mod.ts";
import { Rng } from "../../rng.ts";
import {
  compileSampler,
  DEFAULT_PRIOR,
  DEFAULT_SAMPLES,
  type Sampler,
} from "../../samplers/mod.ts";
import { samplerSettings } from "../../samplers/core/method.ts";
import { blindMeasurement, compileBlind } from "./blind.ts";
import type { Degradation } from "./degradation.ts";
import { compileDirac } from "./dirac.ts";
import { bestOf, phaseStart } from "./phases.ts";
import type { RestorationRequest } from "./restore.ts";
import { compileSearchFinder } from "./search_finder.ts";
import { projectionsOf } from "./stored.ts";

/** A way from data to pictures. */
export interface Finder {
  /** Evaluations of the network for one picture. */
  readonly nfe: number;
  /** Settings in force. */
  readonly settings: Readonly<Record<string, number>>;
  /** Samples, whose mean is the picture. */
  readonly samples: number;
  /** The network, if it is a trained one. */
  readonly model?: ModelReference;
  /** Whether the data say nothing of the picture's place, sign and half turns. */
  readonly placeless?: boolean;
  /** The picture `[1, 2 S, H, W]` of data on the same scale, and the kernel where it was not known. */
  find(y: NdArray, slice: number, control: RunControl): Promise<Found>;
}

/** What {@link Finder.find} gives. */
export interface Found {
  readonly image: NdArray;
  readonly kernel?: NdArray;
}

/** A task for pictures of a known brightness. */
export interface ScaledTask extends Degradation {
  /** What pictures were divided by. */
  readonly scale: number;
  /** Noise that the method is told of, as a share of white. */
  readonly sigma: number;
}

/** Streams of random numbers of a slice. */
export const STREAM = { samples: 3, start: 4, kernel: 5 };

/** Compiles the way that a request asks for. */
export async function compileFinder(
  runtime: Runtime,
  request: RestorationRequest,
  task: ScaledTask,
): Promise<Finder> {
  const { method } = request;
  return "compile" in method
    ? await compileSearchFinder(runtime, method, request, task)
    : await compileSampling(runtime, { ...request, sampler: method }, task);
}

/** A request whose method is a sampler. */
type SamplingRequest = RestorationRequest & { readonly sampler: Sampler };

async function compileSampling(
  runtime: Runtime,
  request: SamplingRequest,
  task: ScaledTask,
): Promise<Finder> {
  const { sampler, seed, blind } = request;
  if (sampler.name === "dirac") return await compileDirac(runtime, request, task);
  const phases = request.task.steps[0].name === "phase-retrieval";
  const { denoise, sigmaData, model } = await openPrior(request.model ?? DEFAULT_PRIOR);
  const { measurement, stored, scale } = task;
  const sigma = task.sigma / scale;
  const started = phases
    ? { ...sampler, start: { around: "given", addNoise: true } as const }
    : sampler;
  const samples = request.samples ?? usualSamples(request);
  const settings = samplerSettings(sampler, withDefaults(request), sigmaData);
  const sampled = blind === undefined
    ? (phases ? withStart(measurement) : measurement)
    : blindMeasurement(measurement, blind);
  if (blind !== undefined && blind > Math.min(...measurement.image)) {
    throw new UsageError(
      `Cannot estimate a kernel of ${blind} x ${blind} pixels (--blind): at most the picture's ` +
        `${measurement.image.join(" x ")} are required`,
    );
  }
  const unknown = blind === undefined
    ? undefined
    : await compileBlind(runtime, sampled, denoise, blind);
  const compiled = await compileSampler(runtime, {
    ...{ sampler: started, settings, measurement: sampled, denoise, samples },
    projections: projectionsOf(request, stored, scale),
  });
  return {
    nfe: compiled.nfe(sigma) + (unknown?.nfe ?? 0),
    ...{ settings, samples, model, placeless: phases },
    async find(y, slice, control) {
      const rng = (stream: number) => new Rng(seed, stream, slice);
      const inputs: Record<string, NdArray> = {};
      const known = { y, positive: request.positive ?? false };
      if (phases) {
        inputs.start = await phaseStart(runtime, measurement, known, rng(STREAM.start), control);
      }
      const kernel = await unknown?.kernel(y, sigma, rng(STREAM.kernel), control);
      if (kernel !== undefined) inputs.kernel = kernel;
      const problem = { y, inputs, sigma };
      const drawn = await compiled.run(problem, rng(STREAM.samples), control);
      const image = phases ? await bestOf(runtime, measurement, drawn, y) : meanOf(drawn);
      return { image: asBatch(image), kernel };
    },
  };
}

const withStart = (measurement: Degradation["measurement"]) => ({
  ...measurement,
  inputs: { start: [1, 2 * (measurement.sets ?? 1), ...measurement.image] },
});

/**
 * Samples of a picture that was stored as JPEG: with 4 their spread costs PSNR what the method gains on
 * the decoded file.
 */
const JPEG_SAMPLES = 8;

function usualSamples({ task, sampler }: SamplingRequest): number {
  if (!sampler.random) return 1;
  return task.steps.some(({ name }) => name === "jpeg") ? JPEG_SAMPLES : DEFAULT_SAMPLES;
}

/** First noise level of phase retrieval, whose start is near a picture already. */
const PHASE_LEVEL = 0.1;

/** The request with what the task makes of the sampler's defaults. */
function withDefaults(request: SamplingRequest): SamplingRequest {
  const { task, sampler, settings } = request;
  if (task.steps[0].name !== "phase-retrieval" || !("sigmaMax" in sampler.defaults)) return request;
  return { ...request, settings: { sigmaMax: PHASE_LEVEL, ...settings } };
}
