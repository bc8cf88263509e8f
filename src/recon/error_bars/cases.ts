/**
 * Acquisitions with a known truth that error bars are calibrated on: slices of volumes of several people,
 * each with coils, noise and a mask that are drawn for it.
 * @module
 */
import type { Runtime } from "../../graph/mod.ts";
import { openImage } from "../../io/open.ts";
import type { ImageFile } from "../../io/types.ts";
import type { Problem, SamplingGeometry } from "../../method/problem.ts";
import { type GeneratedMaskSpec, makeMask, parseMaskSpec } from "../../mri/sampling/masks.ts";
import { percentile } from "../../mri/metrics/percentile.ts";
import { magnitudeOf, type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { Preparation } from "../prepare.ts";
import { simulatedKspace } from "../simulated.ts";

/** What an acquisition is made of. */
export interface CalibrationCase {
  /** Whose volume it is. */
  readonly person: string;
  /** Path of the volume. */
  readonly volume: string;
  /** Specification of the mask. */
  readonly mask: string;
  /** Its nominal acceleration. */
  readonly acceleration: number;
  /** Noise relative to bright tissue. */
  readonly noise: number;
  /** Number of coils. */
  readonly coils: number;
  /** Seed of everything that is drawn. */
  readonly seed: number;
  /** Whether the field of view cuts the object, so that coil maps jump at its ends and are wrong there. */
  readonly cut?: boolean;
}

/** An acquisition that was simulated. */
export interface SimulatedCase {
  readonly geometry: SamplingGeometry;
  readonly problem: Problem;
  /** The noiseless magnitude on the scale of the problem, `[H, W]`. */
  readonly truth: NdArray;
}

/**
 * Accelerations of a person's cases, one after the other; each person begins with another. Every sixth case has one coil, as scanners of
 * low field have.
 */
export const ACCELERATIONS = [4, 8, 6, 10, 2, 3] as const;

/** Accelerations of a person's cases whose object is cut. */
const CUT_ACCELERATIONS = [4, 8] as const;

/** Noise relative to bright tissue, lowest and highest. */
export const NOISE = [0.004, 0.06] as const;

/** Numbers of coils, and the acceleration of one coil. */
const COILS = [4, 6, 8, 12, 16] as const;
const ONE_COIL = 3;

/** Calibration lines: few make bad maps. */
const CALIBRATION_LINES = [12, 16, 20, 24] as const;

const PATTERNS = ["equispaced", "random", "poisson"] as const;

/** Rows (of the readout) that are kept about a place of the image: undersampling runs across them. */
const STRIP = 96;

/** Longest side of the phase encoding; larger images are averaged down by a whole number. */
const LONGEST = 260;

/**
 * Who a volume is of, by its name: the words of its name that two volumes of a person share.
 * `ds000011_sub-13_T1w_x.nii.gz` and `openms_patient19_study2_T1W.nii.gz` are of `ds000011_sub-13` and
 * `openms_patient19`.
 */
export function personOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).split("_").slice(0, 2).join("_");
}

/**
 * The cases of a folder's volumes: `runs` for each person, its volumes in turn, and `cut` more whose object is
 * cut.
 */
export function drawCases(
  volumes: readonly string[],
  { runs, cut = 0, seed }: {
    readonly runs: number;
    readonly cut?: number;
    readonly seed: number;
  },
): CalibrationCase[] {
  return [
    ...casesOf(volumes, runs, {
      seed,
      acceleration: (i, p) => ACCELERATIONS[(i + p) % ACCELERATIONS.length],
    }),
    ...casesOf(volumes, cut, {
      seed,
      acceleration: (i) => CUT_ACCELERATIONS[i % CUT_ACCELERATIONS.length],
      cut: true,
    }),
  ];
}

function casesOf(
  volumes: readonly string[],
  runs: number,
  { seed, acceleration: accelerationOf, ...kind }: Pick<CalibrationCase, "seed" | "cut"> & {
    readonly acceleration: (run: number, person: number) => number;
  },
): CalibrationCase[] {
  const people = [...new Set(volumes.map(personOf))];
  return Array.from({ length: runs }, (_, i) => i).flatMap((i) =>
    people.map((person, p): CalibrationCase => {
      const own = volumes.filter((volume) => personOf(volume) === person);
      const rng = new Rng(seed, p, i);
      const choose = <T>(list: readonly T[]) => list[rng.integer(list.length)];
      const acceleration = accelerationOf(i, p);
      const pattern = choose(PATTERNS), acs = choose(CALIBRATION_LINES);
      const seeded = pattern === "equispaced" ? "" : `,seed=${rng.integer(1000)}`;
      return {
        person,
        volume: own[i % own.length],
        mask: `${pattern}:R=${acceleration},acs=${acs}${seeded}`,
        acceleration,
        noise: Number(rng.logBetween(...NOISE).toPrecision(2)),
        coils: acceleration === ONE_COIL ? 1 : choose(COILS),
        seed: 1000 * (p + 1) + i,
        ...kind,
      };
    })
  );
}

/** Simulates a case. */
export async function simulateCase(
  runtime: Runtime,
  { volume, mask: text, noise, coils, seed, cut }: CalibrationCase,
): Promise<SimulatedCase> {
  using image = await strip(volume, new Rng(seed, 1), cut ? 0 : FADE);
  using file = await simulatedKspace(runtime, image, { coils, noise, seed });
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") {
    throw new RangeError(`Cannot calibrate with ${text}: a formula is required`);
  }
  const mask = makeMask(withRoom(spec, file.height), file.height, file.width);
  const preparation = new Preparation(runtime, { coils, mask, full: true });
  const { problem, scale } = await preparation.slice(await file.readSlice(0), { kind: "espirit" });
  const { data, shape: [rows, columns] } = await file.readTruth(0);
  const truth = zeros([columns, rows]);
  data.forEach((value, i) =>
    truth.data[(i % columns) * rows + Math.floor(i / columns)] = value / scale
  );
  return { geometry: { coils, height: file.height, width: file.width, mask }, problem, truth };
}

/** Part of the lines of a random mask that are calibration lines at most. */
const MOST_CALIBRATION = 0.6;

/** The mask with as few calibration lines as leave room for others. */
function withRoom(spec: GeneratedMaskSpec, lines: number): GeneratedMaskSpec {
  if (spec.kind !== "random") return spec;
  const most = Math.floor(MOST_CALIBRATION * lines / spec.acceleration);
  return { ...spec, acs: Math.min(spec.acs ?? most, most) };
}

/** Rows at either end of a strip over which it fades: an object ends within the field of view. */
const FADE = 12;

/** 0 at the ends of a strip, 1 but near them. */
function taper(row: number, height: number, fade: number): number {
  const from = Math.min(row, height - 1 - row);
  return from >= fade ? 1 : Math.sin(Math.PI * from / (2 * fade)) ** 2;
}

/** A strip of a slice that shows tissue, in full along the phase encoding. */
async function strip(path: string, rng: Rng, fade: number): Promise<ImageFile> {
  const image = await openImage(path);
  const index = Math.floor(image.slices * rng.between(0.25, 0.75));
  const whole = magnitudeOf(await image.readSlice(index));
  const small = averaged(whole, Math.ceil(whole.shape[1] / LONGEST));
  const [rows, columns] = small.shape;
  const [from, to] = tissueRows(small);
  const height = Math.min(STRIP, rows);
  const middle = rng.between(from, to);
  const first = Math.round(Math.max(0, Math.min(rows - height, middle - height / 2)));
  const cut = zeros([2, height, columns]);
  for (let row = 0; row < height; row++) {
    const from = (first + row) * columns;
    const line = small.data.subarray(from, from + columns);
    cut.data.set(line.map((value) => value * taper(row, height, fade)), row * columns);
  }
  return {
    ...image,
    slices: 1,
    frames: undefined,
    rows: height,
    columns,
    readSlice: () => Promise.resolve(cut),
  };
}

/** Means over blocks of `step` x `step` pixels. */
function averaged({ data, shape: [rows, columns] }: NdArray, step: number): NdArray {
  if (step === 1) return ndarray(data, [rows, columns]);
  const small = zeros([Math.floor(rows / step), Math.floor(columns / step)]);
  const width = small.shape[1];
  small.data.forEach((_, i) => {
    const top = Math.floor(i / width) * step, left = (i % width) * step;
    let sum = 0;
    for (let y = 0; y < step; y++) {
      for (let x = 0; x < step; x++) sum += data[(top + y) * columns + left + x];
    }
    small.data[i] = sum / step ** 2;
  });
  return small;
}

/** Part of the 99th percentile that tissue exceeds. */
const TISSUE = 0.15;

/** Rows between which the middle half of the tissue lies. */
function tissueRows({ data, shape: [, columns] }: NdArray): [number, number] {
  const threshold = TISSUE * percentile(data, 99);
  const rows = [...data.keys()].filter((i) => data[i] > threshold).map((i) =>
    Math.floor(i / columns)
  );
  const at = (part: number) => rows[Math.floor(part * (rows.length - 1))] ?? 0;
  return [at(0.25), at(0.75)];
}
