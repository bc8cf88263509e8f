/**
 * Stress: what a method does to things that no training has shown it, and when the acquisition is not
 * what it was made for. The truth is an image, so everything is measured against it.
 *
 * The idea is that of Antun et al. 2020, On instabilities of deep learning in image reconstruction and
 * the potential costs of AI, PNAS 117:30088-30095: small structures that must not vanish, and changes of
 * sampling that must not hurt.
 * @module
 */
import { InputError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import { headMask } from "../mri/metrics/head_mask.ts";
import {
  type GeneratedMaskSpec,
  makeMask,
  type MaskSpec,
  maskText,
} from "../mri/sampling/masks.ts";
import { measure, type RegionMetrics } from "../mri/metrics/metrics.ts";
import { percentile } from "../mri/metrics/percentile.ts";
import { magnitudeOf, type NdArray, ndarray, partOf, zeros } from "../ndarray.ts";
import type { Rng } from "../rng.ts";
import type { Verdict } from "./audit/audit.ts";
import { reconstruct } from "./reconstruct.ts";
import { oneSliceFile, simulatedKspace, type SimulationRequest } from "./simulated.ts";
import type { ReconstructOptions } from "./types.ts";

export interface Structure {
  readonly name: string;
  /** 0 to 1, `[rows, columns]`. */
  readonly pattern: NdArray;
}

export interface StressTask {
  /** The truth `[2, rows, columns]`; rows are the readout. */
  readonly image: NdArray;
  readonly structures: readonly Structure[];
  /** Brightness of the structures relative to bright tissue; negative for dark ones. */
  readonly brightness: number;
  readonly mask: MaskSpec;
  readonly simulation: SimulationRequest;
  /** Seed of the methods' random numbers and of the places of the structures. */
  readonly seed: number;
  readonly rng: Rng;
}

/** One thing that methods are put to: the base with one difference. */
export interface Condition extends Pick<StressTask, "image" | "mask" | "seed"> {
  readonly name: string;
  readonly kind: "base" | "structure" | "shift";
  readonly summary: string;
  /** Of a structure: what was added to the magnitude, `[rows, columns]`. */
  readonly added?: NdArray;
  readonly noise: number;
}

export interface StressRun {
  readonly magnitude: NdArray;
  /** Over the head, against the noiseless truth. */
  readonly head: RegionMetrics;
  readonly verdict: Verdict | null;
  readonly seconds: number;
}

/** Percentile of the magnitude that stands for bright tissue. */
const BRIGHT_PERCENTILE = 99;

const MARGIN = 3;

/** The exponent that changes the contrast, by which dark tissue is lifted. */
const GAMMA = 0.6;

/** By how much the noise and the acceleration grow. */
const NOISE_FACTOR = 2;
const MORE_ACCELERATION = 2;

export function stressConditions(task: StressTask): Condition[] {
  const { image, structures, mask, simulation: { noise }, seed } = task;
  const base = { image, mask, noise, seed };
  const shift = (name: string, summary: string, change: Partial<Condition>): Condition => ({
    ...base,
    ...change,
    name,
    kind: "shift",
    summary,
  });
  const other = otherMask(mask), faster = fasterMask(mask, image);
  return [
    { name: "base", kind: "base", summary: "nothing is changed", ...base },
    ...structures.map((structure, i): Condition => ({
      ...base,
      name: structure.name,
      kind: "structure",
      summary: `a structure of ${task.brightness} of bright tissue is added`,
      ...withStructure(task, structure, i),
    })),
    ...(other ? [shift("mask", other.text, { mask: other })] : []),
    ...(faster ? [shift("acceleration", faster.text, { mask: faster })] : []),
    shift("noise", `noise ${NOISE_FACTOR * noise}`, { noise: NOISE_FACTOR * noise }),
    shift("contrast", `gamma ${GAMMA}`, { image: withGamma(image) }),
    shift("seed", `seed ${seed + 1}`, { seed: seed + 1 }),
  ];
}

const named = (spec: GeneratedMaskSpec): GeneratedMaskSpec => ({ ...spec, text: maskText(spec) });

/** The same acceleration by another pattern; undefined where there is none. */
function otherMask(spec: MaskSpec): GeneratedMaskSpec | undefined {
  if (spec.kind === "equispaced") return named({ ...spec, kind: "random", seed: 1 });
  if (spec.kind !== "random" && spec.kind !== "poisson") return undefined;
  return named({ ...spec, seed: spec.seed + 1 });
}

/** A higher acceleration; undefined where it is out of reach. */
function fasterMask(
  spec: MaskSpec,
  { shape: [, rows, columns] }: NdArray,
): GeneratedMaskSpec | undefined {
  if (!("acceleration" in spec)) return undefined;
  const faster = named({ ...spec, acceleration: spec.acceleration + MORE_ACCELERATION });
  try {
    makeMask(faster, columns, rows);
    return faster;
  } catch {
    return undefined;
  }
}

/** Magnitudes raised to a power, with the brightest as it was. */
function withGamma(image: NdArray): NdArray {
  const { data } = magnitudeOf(image);
  const most = data.reduce((a, b) => Math.max(a, b), 0);
  return scaledBy(image, data.map((m) => m > 0 ? (m / most) ** GAMMA * most / m : 1));
}

function withStructure(
  { image, brightness, rng }: StressTask,
  { name, pattern }: Structure,
  index: number,
): Pick<Condition, "image" | "added"> {
  const magnitude = magnitudeOf(image);
  const height = brightness * percentile(magnitude.data, BRIGHT_PERCENTILE);
  const place = placeOf(magnitude, pattern, rng.split(index));
  if (place === undefined) {
    throw new InputError(
      `Cannot add ${name} to the image: a head with room for ${pattern.shape.join(" x ")} pixels ` +
        "is required",
    );
  }
  const added = zeros(magnitude.shape);
  const columns = magnitude.shape[1];
  pattern.data.forEach((value, i) => {
    const row = place[0] + Math.floor(i / pattern.shape[1]);
    const at = row * columns + place[1] + i % pattern.shape[1];
    added.data[at] = Math.max(value * height, -magnitude.data[at]);
  });
  const factor = magnitude.data.map((m, i) => m > 0 ? (m + added.data[i]) / m : 1);
  return { image: scaledBy(image, factor), added };
}

/** First row and column of a random place where a pattern lies within the head. */
function placeOf(magnitude: NdArray, { shape }: NdArray, rng: Rng): [number, number] | undefined {
  const [rows, columns] = magnitude.shape;
  const head = headMask(magnitude);
  const places: [number, number][] = [];
  const fits = (top: number, left: number) => {
    for (let y = top; y < top + shape[0]; y++) {
      for (let x = left; x < left + shape[1]; x++) {
        if (head[y * columns + x] === 0 || magnitude.data[y * columns + x] === 0) return false;
      }
    }
    return true;
  };
  for (let top = MARGIN; top + shape[0] + MARGIN <= rows; top++) {
    for (let left = MARGIN; left + shape[1] + MARGIN <= columns; left++) {
      if (fits(top, left)) places.push([top, left]);
    }
  }
  return places.length === 0 ? undefined : places[rng.integer(places.length)];
}

function scaledBy({ data, shape }: NdArray, factor: Float32Array): NdArray {
  return ndarray(data.map((value, i) => value * factor[i % factor.length]), shape);
}

export async function runCondition(
  runtime: Runtime,
  { image, mask, noise, seed }: Condition,
  { simulation, ...options }: ReconstructOptions & { readonly simulation: SimulationRequest },
): Promise<StressRun> {
  using file = await simulatedKspace(runtime, oneSliceFile("stress", image), {
    ...simulation,
    noise,
  });
  const task = { ...options, mask, seed, device: runtime };
  const result = await reconstruct(file, task);
  const magnitude = partOf(result.magnitude, 0);
  return {
    magnitude,
    head: measure(magnitude, magnitudeOf(image)).head,
    verdict: result.audit?.verdict ?? null,
    seconds: result.seconds.reconstruct,
  };
}

/**
 * How much of a structure a reconstruction keeps: its change from the base is regressed on the
 * structure within {@link MARGIN} pixels of it.
 */
export function keptOf(added: NdArray, run: NdArray, base: NdArray) {
  const near = nearby(added);
  let product = 0, norm = 0, elsewhere = 0, total = 0, distance = 0;
  for (let i = 0; i < added.data.length; i++) {
    const change = run.data[i] - base.data[i], truth = added.data[i];
    product += near[i] * change * truth;
    norm += truth * truth;
    total += change * change;
    elsewhere += (1 - near[i]) * change * change;
    distance += (change - truth) ** 2;
  }
  return {
    kept: product / norm, // 1 is all of it
    leak: total > 0 ? elsewhere / total : 0, // share of the change's energy that lies elsewhere
    error: Math.sqrt(distance / norm),
  };
}

/** 1 within MARGIN pixels (each way) of what is not 0. */
function nearby({ data, shape: [rows, columns] }: NdArray): Uint8Array {
  const near = new Uint8Array(data.length);
  data.forEach((value, i) => {
    if (value === 0) return;
    const row = Math.floor(i / columns), column = i % columns;
    for (let y = Math.max(0, row - MARGIN); y <= Math.min(rows - 1, row + MARGIN); y++) {
      const left = Math.max(0, column - MARGIN), right = Math.min(columns, column + MARGIN + 1);
      near.fill(1, y * columns + left, y * columns + right);
    }
  });
  return near;
}

/** Relative change of a reconstruction over the head of the truth. */
export function changeOf({ data }: NdArray, base: NdArray, truth: NdArray): number {
  const head = headMask(truth);
  let change = 0, norm = 0;
  head.forEach((inside, i) => {
    change += inside * (data[i] - base.data[i]) ** 2;
    norm += inside * base.data[i] ** 2;
  });
  return norm > 0 ? Math.sqrt(change / norm) : 0;
}
