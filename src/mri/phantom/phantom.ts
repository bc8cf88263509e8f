/**
 * A procedural brain: an axial slice through the basal ganglia with skull and scalp, folded cortex,
 * white matter, deep nuclei, ventricles, vessels and, on request, lesions. Shape and contrast vary
 * with the seed. Parameters are drawn on the host, every pixel is computed in one graph per size.
 * @module
 */
import type { Runtime } from "../../graph/mod.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { Rng } from "../../rng.ts";
import { CAPACITY, randomAnatomy, type Stroke, type Structure } from "./anatomy.ts";
import {
  FIELD_NAMES,
  FIELDS,
  headPicture,
  INTENSITY,
  ORDERS,
  type PhantomInputs,
  STRUCTURES,
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

/** Relative standard deviation of intensities between heads. */
const INTENSITY_SPREAD = 0.04;
/** Extent of the largest heads with a margin of air, mm: what an image covers at least. */
const FIELD_OF_VIEW = { height: 212, width: 180 };

/** Streams of random numbers, so that changing one aspect leaves the others as they are. */
const STREAM = { anatomy: 0, fields: 1, pose: 2, tissues: 3 };

/** Side of a pixel in mm, such that the head fits into an image. */
export function phantomPixel(height: number, width: number): number {
  return Math.max(FIELD_OF_VIEW.height / height, FIELD_OF_VIEW.width / width);
}

function strokeArray(strokes: readonly Stroke[], capacity: number): NdArray {
  if (strokes.length > capacity) {
    throw new RangeError(`Cannot draw ${strokes.length} strokes: at most ${capacity} are allowed`);
  }
  // Unused rows are dots far outside the image, which the nearest stroke outweighs.
  const nothing: Stroke = [[1e3, 1e3], [1e3, 1e3], 0, 0];
  const rows = Array.from({ length: capacity }, (_, i) => strokeRow(strokes[i] ?? nothing));
  return ndarray(Float32Array.from(rows.flat()), [capacity, STROKE_COLUMNS]);
}

/** Small random turn, shift and size of the head in the image. */
function randomPose(rng: Rng): NdArray {
  const turn = 0.04 * rng.normal();
  const [scaleX, scaleY] = [1 + 0.02 * rng.normal(), 1 + 0.02 * rng.normal()];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [shiftX, shiftY] = [1.2 * rng.normal(), 1.2 * rng.normal()];
  const rows = [[cos * scaleX, -sin * scaleX, shiftX], [sin * scaleY, cos * scaleY, shiftY]];
  return ndarray(Float32Array.from(rows.flat()), [2, 3]);
}

function randomTissues(rng: Rng, contrast: Contrast): NdArray {
  const data = Float32Array.from(TISSUES, (tissue) => {
    const deviation = Math.max(-2, Math.min(2, rng.normal()));
    return INTENSITY[tissue][contrast] * (1 + INTENSITY_SPREAD * deviation);
  });
  return ndarray(data, [TISSUES.length, 1]);
}

function randomFields(rng: Rng): NdArray {
  const data = FIELD_NAMES.flatMap((name, i) => [
    ...fieldCoefficients(rng.split(i), ORDERS, FIELDS[name]),
  ]);
  return ndarray(Float32Array.from(data), [FIELD_NAMES.length, ORDERS, ORDERS]);
}

/**
 * Compiles the graph that draws heads of a size.
 * @returns draws a head: magnitude `[1, H, W]`, 0 in air, bright tissue about 1; throws RangeError
 *   for a seed that `Rng` does not take, or more lesions than there is room for
 * @throws {RangeError} when a size is not a positive whole number
 */
export async function compilePhantom(
  runtime: Runtime,
  height: number,
  width: number,
): Promise<(options?: PhantomOptions) => Promise<NdArray>> {
  const shapes = Object.fromEntries<readonly number[]>([
    ["tissues", [TISSUES.length, 1]],
    ["fields", [FIELD_NAMES.length, ORDERS, ORDERS]],
    ["pose", [2, 3]],
    ...STRUCTURES.map((name) => [name, [CAPACITY[name], STROKE_COLUMNS]] as const),
  ]) as Record<keyof PhantomInputs, readonly number[]>;
  const pixel = phantomPixel(height, width);
  const program = await runtime.build(shapes, (inputs) => ({
    image: headPicture(inputs, [height, width], pixel),
  }));
  return async ({ seed = 0, contrast = "T1", lesions = 0 } = {}) => {
    if (!Number.isInteger(lesions) || lesions < 0 || lesions > CAPACITY.lesions) {
      throw new RangeError(
        `Cannot draw ${lesions} lesions: a whole number from 0 to ${CAPACITY.lesions} is required`,
      );
    }
    const rng = new Rng(seed);
    const anatomy = randomAnatomy(rng.split(STREAM.anatomy), lesions);
    const strokes = STRUCTURES.map((name) => [name, strokeArray(anatomy[name], CAPACITY[name])]);
    const { image } = await program.run({
      ...Object.fromEntries(strokes) as Record<Structure, NdArray>,
      tissues: randomTissues(rng.split(STREAM.tissues), contrast),
      fields: randomFields(rng.split(STREAM.fields)),
      pose: randomPose(rng.split(STREAM.pose)),
    });
    return image;
  };
}

/**
 * Draws one procedural brain.
 * @returns magnitude `[1, H, W]`, 0 in air, bright tissue about 1, the front of the head at the top
 */
export async function brainPhantom(
  runtime: Runtime,
  { height, width, ...options }: PhantomSpec,
): Promise<NdArray> {
  return await (await compilePhantom(runtime, height, width))(options);
}
