/**
 * The pixels of the brain phantom: level sets in millimetres, made into images with soft edges and
 * painted over one another from the skin inwards.
 * @module
 */
import {
  abs,
  add,
  clip,
  constant,
  div,
  matMul,
  max,
  mul,
  neg,
  pow,
  reshape,
  sigmoid,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { CAPACITY, type Structure } from "./anatomy.ts";
import { depthInside, distanceToLines, monomials } from "./strokes.ts";
import { HULL, HULL_EXPONENT, HULL_TAPER } from "./sulci.ts";
import { centredOffsets, smoothFields } from "./smooth_field.ts";

/**
 * Intensities of spin-echo images at 1.5 to 3 T, where the brightest tissue in bulk is about 1; read
 * off the histograms of clinical images, not computed from relaxation times.
 */
export const INTENSITY = {
  skin: { T1: 0.55, T2: 0.4, FLAIR: 0.45, PD: 0.6 },
  fat: { T1: 1.05, T2: 0.72, FLAIR: 0.75, PD: 0.85 },
  muscle: { T1: 0.42, T2: 0.2, FLAIR: 0.3, PD: 0.5 },
  bone: { T1: 0.05, T2: 0.04, FLAIR: 0.04, PD: 0.05 },
  marrow: { T1: 0.5, T2: 0.3, FLAIR: 0.3, PD: 0.4 },
  dura: { T1: 0.3, T2: 0.22, FLAIR: 0.3, PD: 0.4 },
  csf: { T1: 0.15, T2: 1.05, FLAIR: 0.1, PD: 0.6 },
  cortex: { T1: 0.5, T2: 0.58, FLAIR: 0.74, PD: 1 },
  whiteMatter: { T1: 0.83, T2: 0.38, FLAIR: 0.54, PD: 0.76 },
  striatum: { T1: 0.55, T2: 0.52, FLAIR: 0.7, PD: 0.92 },
  pallidum: { T1: 0.72, T2: 0.32, FLAIR: 0.5, PD: 0.72 },
  thalamus: { T1: 0.65, T2: 0.47, FLAIR: 0.64, PD: 0.86 },
  choroid: { T1: 0.4, T2: 0.75, FLAIR: 0.6, PD: 0.85 },
  artery: { T1: 0.8, T2: 0.06, FLAIR: 0.1, PD: 0.15 },
  sinus: { T1: 0.6, T2: 0.15, FLAIR: 0.3, PD: 0.4 },
  lesion: { T1: 0.5, T2: 0.92, FLAIR: 1.05, PD: 1.1 },
} as const;

export type Tissue = keyof typeof INTENSITY;
export const TISSUES = Object.keys(INTENSITY) as Tissue[];

/** Smooth random fields that shape a head, each with its own bandwidth (half-periods per `BOX`). */
export const FIELDS = {
  ...{ bendX: 3, bendY: 3 }, // displacement of everything
  ...{ windX: 17, windY: 17 }, // of what is inside the skull: makes sulci winding
  cortex: 16, // thickness, uneven because the slice cuts it obliquely
  sulci: 14,
  ...{ skull: 5, scalp: 5 }, // thickness
  marrow: 18, // where the skull has it
  texture: 30,
} as const;

export type FieldName = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as FieldName[];
/** Names of the graph's stroke inputs. */
export const STRUCTURES = Object.keys(CAPACITY) as Structure[];

/** Number of cosine orders per axis of the fields. */
export const ORDERS = 64;
/** Side of the box that the fields fill, mm: larger than any head. */
export const BOX = 256;
/** Standard deviation of the displacement of everything, mm. */
const BEND = 1.6;
/** Standard deviation of the displacement of what is inside the skull, mm. */
const WIND = 1.1;
/** Slope of the sigmoid that has the slope of a box-shaped pixel at the edge. */
const EDGE_SLOPE = 4;

/** The smaller of two depths, rounded where they cross: `k` is the radius of the rounding in mm. */
function smoothMin(a: Tensor, b: Tensor, k: number): Tensor {
  const difference = sub(a, b);
  const root = sqrt(add(mul(difference, difference), k * k));
  return mul(sub(add(a, b), root), 0.5);
}

/** Depth below the brain's convex hull along the ray from the middle, mm. */
function hullDepth(x: Tensor, y: Tensor): Tensor {
  const halfWidth = add(mul(y, -HULL[0] * HULL_TAPER / HULL[1]), HULL[0]);
  const across = pow(add(div(abs(x), max(halfWidth, 1)), 1e-4), HULL_EXPONENT);
  const sagittal = pow(add(div(abs(y), HULL[1]), 1e-4), HULL_EXPONENT);
  const relative = pow(add(across, sagittal), 1 / HULL_EXPONENT);
  const radius = sqrt(add(add(mul(x, x), mul(y, y)), 1e-2));
  return sub(div(radius, relative), radius);
}

/** A picture that is painted on, from the outside inwards. */
class Painting {
  picture: Tensor;
  readonly #tissues: Tensor;
  readonly #pixel: number;

  constructor(tissues: Tensor, pixel: number, background: Tensor) {
    this.#tissues = tissues;
    this.#pixel = pixel;
    this.picture = background;
  }

  /** Share of each pixel that lies deeper than 0, for an edge blurred over `blur` mm. */
  coverage(depth: Tensor, blur = 0): Tensor {
    return sigmoid(mul(depth, EDGE_SLOPE / Math.hypot(this.#pixel, blur)));
  }

  /** Share of each pixel within `half` of the middle of a thin line or shell. */
  thin(distance: Tensor, half: Tensor): Tensor {
    return sub(this.coverage(sub(half, distance)), this.coverage(neg(add(half, distance))));
  }

  /** Covers a share of each pixel with a tissue. */
  paint(tissue: Tissue, share: Tensor): void {
    const at = TISSUES.indexOf(tissue);
    const intensity = slice(this.#tissues, 0, at, at + 1);
    this.picture = add(this.picture, mul(share, sub(intensity, this.picture)));
  }
}

/**
 * Inputs of the phantom's graph: intensities of the tissues; coefficients of the fields
 * `[fields, J, J]`, amplitude 1 (see `fieldCoefficients`); the pose `[2, 3]`, from `[x, y, 1]` in mm
 * of the image to mm of the head; strokes of each structure `[capacity, 11]` (see `strokeRow`).
 */
export type PhantomInputs = Readonly<Record<"tissues" | "fields" | "pose" | Structure, Tensor>>;

type LevelSets = ReturnType<typeof levelSets>;

/**
 * Coordinates and depths of one head in mm: depth below the brain's convex hull `[1, H W]`,
 * coordinates of the head and of what is inside the skull, which is more winding (`[4, H W]`; see
 * `monomials`), and the random fields `[1, H W]`.
 */
function levelSets(
  { fields, pose }: PhantomInputs,
  [height, width]: readonly [number, number],
  pixel: number,
) {
  const y = centredOffsets(height).map((i) => -i * pixel);
  const x = centredOffsets(width).map((i) => i * pixel);
  const inBox = (values: number[]) => values.map((value) => value / BOX);
  const all = reshape(smoothFields(fields, inBox(y), inBox(x)), [-1, height * width]);
  const field = (name: FieldName) => {
    const at = FIELD_NAMES.indexOf(name);
    return slice(all, 0, at, at + 1);
  };
  const grid = new Float32Array(3 * height * width).fill(1);
  y.forEach((value, row) => {
    grid.fill(value, (height + row) * width, (height + row + 1) * width);
    grid.set(x, row * width);
  });
  const placed = matMul(pose, constant({ data: grid, shape: [3, height * width] }));
  const bentX = add(slice(placed, 0, 0, 1), mul(field("bendX"), BEND));
  const bentY = add(slice(placed, 0, 1, 2), mul(field("bendY"), BEND));
  const woundX = add(bentX, mul(field("windX"), WIND));
  const woundY = add(bentY, mul(field("windY"), WIND));
  const hull = hullDepth(bentX, bentY);
  return { hull, points: monomials(bentX, bentY), inner: monomials(woundX, woundY), field };
}

/** Skin, fat, muscle, bone with marrow, dura and the fluid below it. */
function paintCoverings(on: Painting, strokes: PhantomInputs, at: LevelSets): void {
  const { hull, points, field } = at;
  const skull = add(mul(field("skull"), 0.9), 6.2);
  const innerTable = add(hull, 2.2);
  const outerTable = add(innerTable, skull);
  const muscle = depthInside(strokes.muscle, points, 2);
  const padding = max(add(mul(field("scalp"), 0.9), 3.6), 1.5);
  const fat = add(neg(smoothMin(neg(outerTable), neg(muscle), 7)), padding);
  on.paint("skin", on.coverage(add(fat, 1.8)));
  on.paint("fat", on.coverage(fat));
  on.paint("muscle", on.coverage(muscle, 0.6));
  on.paint("bone", on.coverage(outerTable));
  const half = mul(clip(add(mul(field("marrow"), 0.1), 0.17), 0.01, 0.26), skull);
  on.paint("marrow", on.thin(abs(add(innerTable, mul(skull, 0.5))), half));
  on.paint("dura", on.coverage(innerTable));
  on.paint("csf", on.coverage(sub(innerTable, 0.8)));
}

/** Depth of brain tissue below its folded surface, and its share of each pixel. */
function paintCerebrum(on: Painting, strokes: PhantomInputs, at: LevelSets): void {
  const { hull, inner, field } = at;
  const sulci = distanceToLines(strokes.sulci, inner);
  const fissures = neg(depthInside(strokes.fissures, inner, 1));
  const half = max(add(mul(field("sulci"), 0.35), 0.35), 0.05);
  const folded = smoothMin(sub(sulci, half), fissures, 0.8);
  const crowned = smoothMin(hull, folded, 2.4);
  const slit = on.coverage(neg(add(half, sulci)));
  const brain = mul(clip(add(on.coverage(crowned), slit), 0, 1), on.coverage(hull));
  on.paint("cortex", brain);
  const thickness = add(mul(field("cortex"), 0.45), 2.5);
  const white = sub(smoothMin(hull, folded, 3.5), thickness);
  on.paint("whiteMatter", on.coverage(white, 0.9));
}

/** Nuclei, ventricles, vessels and lesions. */
function paintDeep(on: Painting, strokes: PhantomInputs, { inner, points }: LevelSets): void {
  const blob = (name: Structure, tissue: Tissue, blend: number, blur: number) =>
    on.paint(tissue, on.coverage(depthInside(strokes[name], inner, blend), blur));
  blob("claustrum", "striatum", 0.3, 0.8);
  blob("pallidum", "pallidum", 0.8, 1.4);
  blob("striatum", "striatum", 0.8, 1);
  blob("thalamus", "thalamus", 1, 1.4);
  blob("lesions", "lesion", 1, 1.2);
  blob("ventricles", "csf", 0.6, 0.5);
  blob("choroid", "choroid", 0.5, 0.8);
  blob("arteries", "artery", 0.2, 0.3);
  on.paint("dura", on.coverage(depthInside(strokes.falx, points, 0.2)));
  on.paint("sinus", on.coverage(depthInside(strokes.sinuses, points, 0.8), 0.4));
}

/** Relative strength of the texture: coils and reconstruction see tissue that is not quite even. */
const TEXTURE = 0.02;

/**
 * The picture of a head.
 * @param size `[H, W]`
 * @param pixel side of a pixel, mm
 * @returns magnitude `[1, H, W]`
 */
export function headPicture(
  inputs: PhantomInputs,
  size: readonly [number, number],
  pixel: number,
): Tensor {
  const at = levelSets(inputs, size, pixel);
  const on = new Painting(inputs.tissues, pixel, mul(at.hull, 0));
  paintCoverings(on, inputs, at);
  paintCerebrum(on, inputs, at);
  paintDeep(on, inputs, at);
  const texture = add(mul(at.field("texture"), TEXTURE), 1);
  return reshape(clip(mul(on.picture, texture), 0, Infinity), [1, ...size]);
}
