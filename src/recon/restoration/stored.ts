/** JPEG in restoration: pictures that are stored as they were given, and constraints on the way. @module */
import { UsageError } from "../../errors.ts";
import { add, type Runtime, sub, type Tensor } from "../../graph/mod.ts";
import { regularisedInverse } from "../../mri/physics/proximal.ts";
import type { NdArray } from "../../ndarray.ts";
import { intensityRange, positivity, type Projection } from "../../samplers/mod.ts";
import type { Degradation } from "./degradation.ts";

/** Constraints that the denoised picture can be projected on. */
export const CONSTRAINTS = {
  positive: "no value below black",
  range: "values from black to white",
  stored: "what a JPEG of it would store is what the given one stores",
} as const;

/** Name of a constraint. */
export type Constraint = keyof typeof CONSTRAINTS;

/** Weight and iterations of the inverse of what was done before a picture was stored. */
const INVERSE = { ridge: 1e-4, iterations: 20 };

type Stored = NonNullable<Degradation["stored"]>;

/** The image that is nearest and stored with the given numbers, as far as blur and size allow. */
function storedAs({ codec, before }: Stored, x: Tensor, given: Tensor): Tensor {
  const small = before.forward(x);
  const moved = before.adjoint(sub(codec.project(small, given), small));
  const { ridge, iterations } = INVERSE;
  return add(x, regularisedInverse({ operator: before }, moved, ridge, iterations));
}

/** Compiles: the picture nearest to x that is stored as y was, and the numbers of both. */
export function compileAgreement(
  runtime: Runtime,
  stored: Stored,
  { shape: [, ...picture] }: NdArray,
) {
  const { codec, before } = stored;
  return runtime.build({ x: [1, ...picture], y: before.range }, ({ x, y }) => {
    const given = codec.encode(y);
    // Twice: the ridge leaves a ten-thousandth of what was to be moved.
    const near = storedAs(stored, storedAs(stored, x, given), given);
    return { near, kept: codec.encode(before.forward(near)), given };
  });
}

/** Constraints that are asked for. */
interface Asked {
  readonly project?: readonly Constraint[];
  readonly projectBelow?: number;
}

/** What the denoised picture is projected on. @throws {UsageError} for what the task does not have */
export function projectionsOf(
  { project = [], projectBelow: below }: Asked,
  stored: Stored | undefined,
  scale: number,
): Projection[] {
  const made: Readonly<Record<Constraint, () => Projection>> = {
    positive: () => positivity,
    range: () => intensityRange(0, 1 / scale),
    stored() {
      if (stored !== undefined) {
        return { project: (x, { y }) => storedAs(stored, x, stored.codec.encode(y)) };
      }
      throw new UsageError(
        "Cannot project on what is stored: a task with jpeg and without inpaint is required",
      );
    },
  };
  return project.map((name) => ({ ...made[name](), below }));
}

/** Share of 8 x 8 blocks with the same numbers in all channels, of `[1, S, H, W]`. */
export function blocksAlike(a: NdArray, b: NdArray): number {
  const [height, width] = a.shape.slice(-2);
  const across = width / 8, blocks = across * height / 8;
  const different = new Set<number>();
  a.data.forEach((value, i) => {
    if (value === b.data[i]) return;
    const row = Math.floor(i / width) % height;
    different.add(Math.floor(row / 8) * across + Math.floor(i % width / 8));
  });
  return 1 - different.size / blocks;
}
