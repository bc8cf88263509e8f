/** The memory that a reconstruction will take, from the graphs that it runs and the arrays that it holds. @module */
import type { GraphMemory } from "../graph/mod.ts";
import { frameCount } from "../io/axes.ts";
import type { KspaceFile } from "../io/types.ts";
import { sizeOf } from "../ndarray.ts";
import { BLOCK_BYTES } from "./layout/decouple.ts";

/** Resident memory of Deno, onnxruntime and Larmor before anything is read. Measured on Linux x64. */
const BASE_BYTES = 205e6;
/**
 * Copies of a slice of k-space: in the heap of the HDF5 library, as the file has it, as complex numbers, on
 * its way between threads, and what was freed and not yet collected.
 */
const READ_COPIES = 6;
/** What earlier slices leave until it is collected: so many times the k-space of one, up to so many bytes. */
const GARBAGE_COPIES = 30, MOST_GARBAGE = 60e6;
/** Coil maps: these, and of their size what their calibration and the audit leave until it is collected. */
const MAP_COPIES = 4;
/** Arrays of the size of the samples: these, and noise to compare the image with. */
const SAMPLE_COPIES = 3;
/** Numbers (float32) for each pixel of the volume: magnitude, complex, reference, and their stacks. */
export const IMAGES_PER_PIXEL = 10;
/**
 * The heap keeps gaps between the values of graphs that were freed, up to so many bytes for each and in
 * all: larger values go back to the system.
 */
const GAPS = 2, MOST_GAPS = 130e6;
/** What operators need for themselves, as a factor. */
const WORKSPACE = 1.1;
/** Copies of a graph's constants: onnxruntime packs them, and keeps the original until then. */
const CONSTANT_COPIES = 2;

/** What a reconstruction holds. */
export interface MemoryNeeds {
  readonly file: Pick<
    KspaceFile,
    "coils" | "height" | "width" | "slices" | "slicesAlong" | "frames"
  >;
  /** Shape of the result: slices, rows, columns. */
  readonly image: readonly number[];
  /** Images that are kept beside it for each slice, such as posterior samples. Default 0. */
  readonly keptImages?: number;
  /** Bytes of the coil maps of a slice, and of its samples. Default 0. */
  readonly maps?: number;
  readonly samples?: number;
  /** Of all graphs that it compiles. Default: none. */
  readonly graphs?: GraphMemory;
}

/**
 * Predicts the peak of resident memory, bytes. What graphs need follows from the shapes of their values;
 * the constants of this file were fitted. What was measured is in docs/coils.md.
 */
export function predictMemory(
  { file, image, keptImages = 0, maps = 0, samples = 0, graphs }: MemoryNeeds,
): number {
  const { constants, values } = graphs ?? { constants: 0, values: 0 };
  const coil = file.height * file.width * 8;
  // The slices of 3-D k-space are made together.
  const volume = file.slicesAlong ? file.coils * file.slices / frameCount(file.frames) : 0;
  const garbage = Math.min(GARBAGE_COPIES * coil * file.coils, MOST_GARBAGE);
  return BASE_BYTES + (image[0] > 1 ? garbage : 0) + Math.min(coil * volume, BLOCK_BYTES) +
    READ_COPIES * coil * file.coils + MAP_COPIES * maps + SAMPLE_COPIES * samples +
    (IMAGES_PER_PIXEL + keptImages) * sizeOf(image) * 4 +
    CONSTANT_COPIES * constants + WORKSPACE * values + Math.min(GAPS * values, MOST_GAPS);
}
