/**
 * A procedural brain: an axial slice through the basal ganglia with skull and scalp, folded cortex,
 * white matter, deep nuclei, ventricles, vessels and, on request, lesions. Shape and contrast vary
 * with the seed. Parameters are drawn on the host, every pixel is computed in one graph per size.
 * @module
 */
import type { Program, Runtime, Tensor } from "../../graph/mod.ts";
import type { NdArray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { CAPACITY, randomAnatomy, type Stroke, type Structure } from "./anatomy.ts";
import {
  type FieldName,
  FIELDS,
  headPicture,
  ORDERS,
  STRUCTURES,
  type Tissue,
  TISSUES,
} from "./pixels.ts";
import { STROKE_COLUMNS, strokeRow } from "./strokes.ts";
import { fieldCoefficients } from "./smooth_field.ts";

/** Weighting of a phantom. */
export type Contrast = "T1" | "T2" | "FLAIR" | "PD";

/** What distinguishes one phantom from another. */
export interface PhantomOptions {
  /** Shape and intensities; any seed of `Rng`. Default 0. */
  readonly seed?: number;
  /** Weighting. Default `T1`. */
  readonly contrast?: Contrast;
  /** Number of white-matter lesions, 0 to 24. Default 0. */
  readonly lesions?: number;
}

/** Size of the image, and what is in it. */
export interface PhantomSpec extends PhantomOptions {
  /** Rows; the front of the head is at the top. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/**
 * Intensities of spin-echo images at 1.5 to 3 T, where the brightest tissue in bulk is about 1; read
 * off the histograms of clinical images, not computed from relaxation times.
 */
const INTENSITY: Readonly<Record<Tissue, Readonly<Record<Contrast, number>>>> = {
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
};

/** Relative standard deviation of intensities between heads. */
const INTENSITY_SPREAD = 0.04;
/** Extent of the largest heads with a margin of air, mm: what an image covers at least. */
const FIELD_OF_VIEW = { height: 212, width: 180 };

/** Streams of random numbers, so that changing one aspect leaves the others as they are. */
const STREAM = { anatomy: 0, fields: 1, pose: 2, tissues: 3 };

type InputName = "tissues" | "fields" | "pose" | Structure;

/** Side of a pixel in mm, such that the head fits into an image. */
export function phantomPixel(height: number, width: number): number {
  return Math.max(FIELD_OF_VIEW.height / height, FIELD_OF_VIEW.width / width);
}

function strokeArray(strokes: readonly Stroke[], capacity: number): NdArray {
  if (strokes.length > capacity) {
    throw new RangeError(`Cannot draw ${strokes.length} strokes: at most ${capacity} are allowed`);
  }
  const data = new Float32Array(capacity * STROKE_COLUMNS);
  // Unused rows are dots far outside the image, which the nearest stroke outweighs.
  const nothing = strokeRow([[1e3, 1e3], [1e3, 1e3], 0, 0]);
  for (let i = 0; i < capacity; i++) {
    data.set(i < strokes.length ? strokeRow(strokes[i]) : nothing, i * STROKE_COLUMNS);
  }
  return { data, shape: [capacity, STROKE_COLUMNS] };
}

/** Small random turn, shift and size of the head in the image. */
function randomPose(rng: Rng): NdArray {
  const turn = 0.04 * rng.normal();
  const [scaleX, scaleY] = [1 + 0.02 * rng.normal(), 1 + 0.02 * rng.normal()];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [shiftX, shiftY] = [1.2 * rng.normal(), 1.2 * rng.normal()];
  const data = Float32Array.of(
    ...[cos * scaleX, -sin * scaleX, shiftX],
    ...[sin * scaleY, cos * scaleY, shiftY],
  );
  return { data, shape: [2, 3] };
}

function randomTissues(rng: Rng, contrast: Contrast): NdArray {
  const data = Float32Array.from(
    TISSUES,
    (tissue) => INTENSITY[tissue][contrast] * (1 + INTENSITY_SPREAD * clamp(rng.normal(), 2)),
  );
  return { data, shape: [TISSUES.length, 1] };
}

const clamp = (value: number, limit: number) => Math.max(-limit, Math.min(limit, value));

function randomFields(rng: Rng): NdArray {
  const names = Object.keys(FIELDS) as FieldName[];
  const data = new Float32Array(names.length * ORDERS * ORDERS);
  names.forEach((name, i) => {
    data.set(fieldCoefficients(rng.split(i), ORDERS, FIELDS[name]), i * ORDERS * ORDERS);
  });
  return { data, shape: [names.length, ORDERS, ORDERS] };
}

/** Draws brain phantoms of one size. */
export class BrainPhantom {
  readonly #program: Program<InputName, "image">;

  private constructor(program: Program<InputName, "image">) {
    this.#program = program;
  }

  /**
   * Compiles the graph for a size.
   * @throws {RangeError} when a size is not a positive whole number
   */
  static async compile(runtime: Runtime, height: number, width: number): Promise<BrainPhantom> {
    const fields = Object.keys(FIELDS).length;
    const shapes = Object.fromEntries<readonly number[]>([
      ["tissues", [TISSUES.length, 1]],
      ["fields", [fields, ORDERS, ORDERS]],
      ["pose", [2, 3]],
      ...STRUCTURES.map((name) => [name, [CAPACITY[name], STROKE_COLUMNS]] as const),
    ]) as Record<InputName, readonly number[]>;
    const program = await runtime.build(shapes, (inputs: Record<InputName, Tensor>) => {
      const { tissues, fields, pose } = inputs;
      const size = [height, width] as const;
      const picture = headPicture(
        { tissues, fields, pose, strokes: inputs },
        size,
        phantomPixel(height, width),
      );
      return { image: picture };
    });
    return new BrainPhantom(program);
  }

  /**
   * Draws one head.
   * @returns magnitude `[1, H, W]`, 0 in air, bright tissue about 1
   * @throws {RangeError} for a seed that `Rng` does not take, or more lesions than there is room for
   */
  async draw({ seed = 0, contrast = "T1", lesions = 0 }: PhantomOptions = {}): Promise<NdArray> {
    if (!Number.isInteger(lesions) || lesions < 0 || lesions > CAPACITY.lesions) {
      throw new RangeError(
        `Cannot draw ${lesions} lesions: a whole number from 0 to ${CAPACITY.lesions} is required`,
      );
    }
    const rng = new Rng(seed);
    const anatomy = randomAnatomy(rng.split(STREAM.anatomy), lesions);
    const strokes = STRUCTURES.map((name) => [name, strokeArray(anatomy[name], CAPACITY[name])]);
    const { image } = await this.#program.run({
      ...Object.fromEntries(strokes) as Record<Structure, NdArray>,
      tissues: randomTissues(rng.split(STREAM.tissues), contrast),
      fields: randomFields(rng.split(STREAM.fields)),
      pose: randomPose(rng.split(STREAM.pose)),
    });
    return image;
  }
}

/**
 * Draws one procedural brain; see `BrainPhantom` for many of one size.
 * @returns magnitude `[1, H, W]`, 0 in air, bright tissue about 1, the front of the head at the top
 */
export async function brainPhantom(
  runtime: Runtime,
  { height, width, ...options }: PhantomSpec,
): Promise<NdArray> {
  return await (await BrainPhantom.compile(runtime, height, width)).draw(options);
}
