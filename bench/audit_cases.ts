/** Small acquisitions with a known truth and known noise, right or with a fault, for `bench/audit.ts`. */
import type { Runtime } from "../src/graph/mod.ts";
import { openImage } from "../src/io/open.ts";
import type { ImageFile, KspaceFile } from "../src/io/types.ts";
import { makeMask, parseMaskSpec, type SamplingMask } from "../src/mri/sampling/masks.ts";
import { percentile } from "../src/mri/metrics/percentile.ts";
import { Preparation, type PreparedSlice } from "../src/recon/prepare.ts";
import type { Problem, SamplingGeometry } from "../src/method/problem.ts";
import { magnitudeOf, type NdArray, ndarray, zeros } from "../src/ndarray.ts";
import { Rng } from "../src/rng.ts";
import { simulatedKspace } from "../src/recon/simulated.ts";
import { foldedKspace } from "./folding.ts";

/** Rows and columns of the images: small, so that many cases can be run. */
export const SIZE = 128;

/**
 * What is wrong with a case, if anything; the seed chooses its kind and size. `wrapped`: the object is folded
 * onto 55 % of the field of view, with one set of maps; `sign`: the sign of the exponent of the Fourier
 * transform; `centre`: k-space is moved by some lines; `multiband`: two slices at once.
 */
export type Fault =
  | "none"
  | "noise"
  | "maps"
  | "motion"
  | "prior"
  | "wrapped"
  | "sign"
  | "centre"
  | "multiband";

/** Part of the field of view that is left where the object is folded. */
const FOLDED = 0.55;

/** One case of the study. */
export interface AuditCase {
  readonly fault: Fault;
  readonly seed: number;
  readonly volume: string;
  readonly mask: string;
  /** Noise relative to bright tissue. */
  readonly noise: number;
  readonly coils: number;
  /** Least and greatest shift of `motion`, pixels. */
  readonly pixels?: readonly [number, number];
  /** Whether the method is told the true noise instead of estimating it. */
  readonly known?: boolean;
  /** Whether the object is folded, with as many sets of maps as the calibration shows. */
  readonly folded?: boolean;
}

/** A case that was simulated. */
export interface Simulated {
  readonly geometry: SamplingGeometry;
  readonly problem: Problem;
  /** RSS of the full, noiseless data on the scale of the problem, `[H, W]`. */
  readonly truth: NdArray;
  /** What exactly is wrong, in words. */
  readonly detail: string;
}

/** Simulates a case: the truth from a file (or drawn, for a prior that has never seen its like). */
export async function simulateCase(
  runtime: Runtime,
  { fault, seed, volume, mask: text, noise, coils, pixels = [0, 0], known = false, folded }:
    AuditCase,
  data: string,
): Promise<Simulated> {
  using image = fault === "prior" && volume.startsWith("drawn")
    ? drawnImage(volume, seed)
    : await smallImage(`${data}/${volume}`, seed);
  using file = await simulatedKspace(runtime, image, { coils, noise: 0, seed });
  const whole = await file.readSlice(0);
  const clean = folded || fault === "wrapped"
    ? await foldedKspace(runtime, whole, 4 * Math.round(FOLDED * file.height / 4))
    : whole;
  const height = clean.shape[2];
  const bright = percentile(magnitudeOf(await image.readSlice(0)).data, 99);
  const rng = new Rng(seed, 77);
  const found = fault === "noise" ? noiseFault(seed) : { detail: "" };
  const mask = maskOf(text, { height, width: file.width });
  const moved = fault === "motion"
    ? motion(clean, mask, rng.split(1), pixels)
    : fault === "sign"
    ? { kspace: conjugate(clean), detail: "" }
    : fault === "centre"
    ? offCentre(clean, 3 + seed % 8)
    : fault === "multiband"
    ? { kspace: await withOther(runtime, clean, { file, seed }), detail: "" }
    : { kspace: clean, detail: "" };
  const kspace = withNoise(moved.kspace, noise * bright, rng.split(2), found.mix);
  // Whitened, unequal and correlated noise would be no fault any more.
  const whiten = found.mix === undefined ? "auto" : "off";
  const preparation = new Preparation(runtime, { coils, mask, full: true, whiten });
  const sets = folded ? "auto" : 1;
  const prepared = await preparation.slice(kspace, { kind: "espirit", sets });
  const { reference } = await preparation.slice(clean, { kind: "none" });
  const wrong = fault === "maps"
    ? await wrongMaps(runtime, preparation, prepared, { file, kspace, seed })
    : { inputs: prepared.problem.inputs, detail: "" };
  const sigma = known ? noise * bright / prepared.scale : prepared.problem.sigma;
  return {
    geometry: { coils, height, width: file.width, mask, sets: wrong.inputs.maps.shape[0] },
    problem: { ...prepared.problem, inputs: wrong.inputs, sigma: sigma * (found.factor ?? 1) },
    truth: ndarray(reference!.data.map((v) => v / prepared.scale), reference!.shape),
    detail: found.detail || moved.detail || wrong.detail,
  };
}

export function maskOf(text: string, file: Pick<KspaceFile, "height" | "width">): SamplingMask {
  const spec = parseMaskSpec(text);
  if (spec.kind === "file") throw new Error("a formula is required");
  return makeMask(spec, file.height, file.width);
}

/** A real image `[2, rows, columns]` averaged down to `[2, side, side]`; its shorter side is padded with zeros. */
export function averagedDown({ data, shape: [, rows, columns] }: NdArray, side: number): NdArray {
  const step = Math.max(rows, columns) / side;
  const small = zeros([2, side, side]);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const edge = (i: number, size: number) => Math.round(i * step - (side * step - size) / 2);
      let sum = 0, count = 0;
      for (let r = edge(y, rows); r < edge(y + 1, rows); r++) {
        for (let c = edge(x, columns); c < edge(x + 1, columns); c++) {
          count++;
          if (r >= 0 && r < rows && c >= 0 && c < columns) sum += data[r * columns + c];
        }
      }
      small.data[y * side + x] = count === 0 ? 0 : sum / count;
    }
  }
  return small;
}

/**
 * The middle slice (or, by the seed, one near it) of a volume, averaged down to SIZE x SIZE.
 * @param away how far from it the slice lies instead, as a part of the volume
 */
export async function smallImage(path: string, seed: number, away = 0): Promise<ImageFile> {
  const image = await openImage(path);
  const slice = Math.floor(image.slices * (0.4 + away + 0.2 * new Rng(seed, 5).uniform()));
  const small = averagedDown(await image.readSlice(slice), SIZE);
  return {
    ...image,
    slices: 1,
    rows: SIZE,
    columns: SIZE,
    readSlice: () => Promise.resolve(small),
  };
}

/** Images that are no brain: a knee-like one, ellipses as of Shepp and Logan, or stripes and blocks. */
function drawnImage(name: string, seed: number): ImageFile {
  const rng = new Rng(seed, 9);
  const u = (low: number, high: number) => low + (high - low) * rng.uniform();
  const image = zeros([2, SIZE, SIZE]);
  const turn = u(-0.3, 0.3);
  const parts = Array.from({ length: 8 }, () => ({
    x: u(-0.4, 0.4),
    y: u(-0.5, 0.5),
    a: u(0.05, 0.3),
    b: u(0.05, 0.3),
    value: u(-0.3, 0.4),
  }));
  const period = u(3, 5), slope = u(0.3, 1.2);
  for (let i = 0; i < SIZE * SIZE; i++) {
    const px = (i % SIZE) / (SIZE / 2) - 1, py = Math.floor(i / SIZE) / (SIZE / 2) - 1;
    const x = Math.cos(turn) * px + Math.sin(turn) * py;
    const y = Math.cos(turn) * py - Math.sin(turn) * px;
    const row = Math.floor(i / SIZE), column = i % SIZE;
    const stripes = 0.5 + 0.5 * Math.sin(2 * Math.PI * (column + slope * row) / period);
    image.data[i] = name === "drawn knee"
      ? knee(x, y, stripes)
      : Math.hypot(x / 0.72, y / 0.9) < 1
      ? Math.max(
        0,
        parts.reduce(
          (sum, p) => sum + (Math.hypot((x - p.x) / p.a, (y - p.y) / p.b) < 1 ? p.value : 0),
          name === "drawn ellipses" ? 0.4 : 0.3 + 0.5 * stripes,
        ),
      )
      : 0;
  }
  return {
    path: name,
    format: "phantom",
    slices: 1,
    rows: SIZE,
    columns: SIZE,
    complex: false,
    readSlice: () => Promise.resolve(image),
    [Symbol.dispose]: () => {},
  };
}

/** Femur and tibia with trabeculae and dark cortex, cartilage between, striated muscle around. */
function knee(x: number, y: number, stripes: number): number {
  if (Math.abs(x) > 0.75 + 0.1 * Math.cos(3 * y) || Math.abs(y) > 0.95) return 0;
  const femur = y < -0.05 && Math.hypot(x / 0.5, (y + 0.35) / 0.32) < 1 ||
    y < -0.3 && Math.abs(x) < 0.32;
  const tibia = y > 0.08 &&
    (Math.hypot(x / 0.52, (y - 0.3) / 0.24) < 1 || y > 0.3 && Math.abs(x) < 0.3);
  if (femur || tibia) return 0.75 + 0.35 * stripes;
  if (Math.abs(y) < 0.12 && Math.abs(x) < 0.5) return Math.abs(y) < 0.03 ? 0.15 : 0.55;
  return Math.abs(x) > 0.62 ? 1 : 0.3 + 0.2 * stripes;
}

/** How noise departs from what the method is told. */
function noiseFault(
  seed: number,
): { detail: string; factor?: number; mix?: "coils" | "correlated" } {
  return ([
    { detail: "assumed sigma twice the true one", factor: 2 },
    { detail: "assumed sigma half of the true one", factor: 0.5 },
    { detail: "noise of a third of the coils three times as strong", mix: "coils" },
    { detail: "noise of neighbouring coils correlated by 0.6", mix: "correlated" },
  ] as const)[seed % 4];
}

function withNoise(
  { data, shape }: NdArray,
  sigma: number,
  rng: Rng,
  mix?: "coils" | "correlated",
): NdArray {
  const coils = shape[0], plane = data.length / coils;
  const noise = rng.normals(data.length), shared = rng.split(1).normals(data.length);
  return ndarray(
    data.map((value, i) => {
      const coil = Math.floor(i / plane);
      if (mix === "coils") return value + (coil % 3 === 0 ? 3 : 1) * sigma * noise[i];
      if (mix === undefined) return value + sigma * noise[i];
      // Pairs of coils share part of their noise: variance 1, correlation 0.6.
      const common = shared[(coil - coil % 2) * plane + i % plane];
      return value + sigma * (Math.sqrt(0.4) * noise[i] + Math.sqrt(0.6) * common);
    }),
    shape,
  );
}

/** K-space of the same object by a Fourier transform of the other sign. */
function conjugate({ data, shape }: NdArray): NdArray {
  const plane = shape[2] * shape[3];
  return ndarray(data.map((v, i) => Math.floor(i / plane) % 2 === 1 ? -v : v), shape);
}

/** K-space whose lines are moved, so that its centre is not where it is looked for. */
function offCentre({ data, shape }: NdArray, lines: number): { kspace: NdArray; detail: string } {
  const [, , height, width] = shape, plane = height * width;
  const moved = data.map((_, i) => {
    const at = i % plane;
    return data[i - at + (at + (height - lines) * width) % plane];
  });
  return { kspace: ndarray(moved, shape), detail: `${lines} lines off the centre` };
}

/** K-space of two slices, a quarter of the volume apart, that were excited together. */
async function withOther(
  runtime: Runtime,
  { data, shape }: NdArray,
  { file, seed }: { file: KspaceFile; seed: number },
): Promise<NdArray> {
  using image = await smallImage(file.path, seed, 0.25);
  using other = await simulatedKspace(runtime, image, {
    coils: shape[0],
    noise: 0,
    seed: seed + 9,
  });
  const added = await other.readSlice(0);
  return ndarray(data.map((v, i) => v + added.data[i]), shape);
}

/** Lines of one of two shots are those of an object that was shifted by so many pixels. */
function motion(
  { data, shape }: NdArray,
  mask: SamplingMask,
  rng: Rng,
  [least, most]: readonly [number, number],
): { kspace: NdArray; detail: string } {
  const [coils, , height, width] = shape;
  const kind = ["second half", "interleaved", "a third in the middle"][rng.integer(3)];
  const angle = 2 * Math.PI * rng.uniform(), distance = least + (most - least) * rng.uniform();
  const [dy, dx] = [distance * Math.sin(angle), distance * Math.cos(angle)];
  let acquired = 0;
  const isMoved = Array.from({ length: height }, (_, line) => {
    if (mask.isLines && mask.values[line] === 1) acquired++;
    if (kind === "interleaved") return acquired % 2 === 1;
    return kind === "second half"
      ? line >= height / 2
      : line > 0.5 * height && line < 0.85 * height;
  });
  const out = data.slice();
  for (let coil = 0; coil < coils; coil++) {
    for (let line = 0; line < height; line++) {
      if (!isMoved[line]) continue;
      for (let x = 0; x < width; x++) {
        const at = (2 * coil * height + line) * width + x;
        const phase = -2 * Math.PI *
          (dy * (line - Math.floor(height / 2)) / height +
            dx * (x - Math.floor(width / 2)) / width);
        const [c, s] = [Math.cos(phase), Math.sin(phase)];
        const [re, im] = [data[at], data[at + height * width]];
        out[at] = c * re - s * im;
        out[at + height * width] = s * re + c * im;
      }
    }
  }
  return { kspace: ndarray(out, shape), detail: `${kind} moved by ${distance.toFixed(1)} pixels` };
}

/** Maps of a permutation of the coils, shifted maps, or those of another scan. */
async function wrongMaps(
  runtime: Runtime,
  preparation: Preparation,
  { problem: { inputs: { maps } } }: PreparedSlice,
  { file, kspace, seed }: { file: KspaceFile; kspace: NdArray; seed: number },
): Promise<Pick<Problem, "inputs"> & { detail: string }> {
  const [, coils, , height, width] = maps.shape;
  const plane = 2 * height * width;
  let wrong: NdArray, detail: string;
  if (seed % 3 === 0) {
    const turned = new Float32Array(maps.data.length);
    for (let c = 0; c < coils; c++) {
      turned.set(maps.data.subarray(c * plane, (c + 1) * plane), ((c + 1) % coils) * plane);
    }
    [wrong, detail] = [ndarray(turned, maps.shape), "coils in another order"];
  } else if (seed % 3 === 1) {
    const by = 8 + seed % 5;
    const shifted = maps.data.map((_, i) => {
      const column = i % width;
      return column >= by ? maps.data[i - by] : 0;
    });
    [wrong, detail] = [ndarray(shifted, maps.shape), `shifted by ${by} pixels`];
  } else {
    using image = await smallImage(file.path, seed + 1);
    using other = await simulatedKspace(runtime, image, { coils, noise: 0.02, seed: seed + 1000 });
    const { problem } = await preparation.slice(await other.readSlice(0), { kind: "espirit" });
    [wrong, detail] = [problem.inputs.maps, "of another scan"];
  }
  const { problem } = await preparation.slice(kspace, { kind: "given", maps: wrong });
  return { inputs: problem.inputs, detail };
}
