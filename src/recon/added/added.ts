/**
 * What the method added to the data: the part of an image that they do not determine, and the structures that
 * the data alone do not show.
 *
 * The data determine P x of an image x, with P = (A^H A + s I)^-1 A^H A and the ridge s at the noise level;
 * x - P x is the prior's. That part alone does not tell an invented structure from a real one: of a dot that
 * was scanned much lies outside of P too. So its detail is compared with that of a second opinion, total
 * variation of the same data, whose prior knows nothing of anatomy and draws a structure only where the data
 * ask for it. A structure is flagged where most of the local contrast of the image is not in the second opinion.
 * @module
 */
import {
  div,
  max,
  mul,
  reshape,
  type Runtime,
  slice,
  sqrt,
  sub,
  type Tensor,
} from "../../graph/mod.ts";
import { compileSeen } from "../../method/inverse.ts";
import { mriMeasurement } from "../../method/measurement.ts";
import type { Problem, SamplingGeometry } from "../../method/problem.ts";
import { headMask } from "../../mri/metrics/head_mask.ts";
import { type NdArray, ndarray } from "../../ndarray.ts";
import { once } from "../../once.ts";
import { ITERATIONS, ridgeOf } from "../error_bars/features.ts";
import { orientedMagnitude, type OutputGeometry } from "../finish.ts";
import { connected } from "../regions.ts";
import { meanOver, rootMean, squares } from "../windows.ts";

/** What the method added to one slice. */
export interface SliceAdded {
  /** Magnitude of the part that the data do not determine, `[rows, columns]`, in the units of the image. */
  readonly added: NdArray;
  /** 1 in structures that the data alone do not show, 0 elsewhere, `[rows, columns]`. */
  readonly flagged: NdArray;
}

/** What it is told from. */
export interface AddedTask {
  readonly key: string;
  readonly geometry: SamplingGeometry;
  readonly outputGeometry: OutputGeometry;
  readonly problem: Problem;
  /** The reconstruction `[2 S, H, W]`, on the scale of the problem. */
  readonly image: NdArray;
  /** Its magnitude `[rows, columns]`, as the file has it. */
  readonly magnitude: NdArray;
  /** What total variation makes of the data, `[2 S, H, W]`. */
  readonly opinion: NdArray;
  /** From the scale of the problem to that of the file, `[2 S, H, W]`. */
  readonly factor: NdArray;
}

/** Sides of the windows, pixels: detail is what differs from the mean over the first. */
const WINDOW = { detail: 5, contrast: 3 };

/**
 * A structure is flagged where this part of its contrast is missing in the second opinion. Chosen, with the
 * windows and the two limits below, on planted dots and lines (bench/added.ts).
 */
const MISSING = 0.65;

/** Least contrast that counts, root mean square, where bright tissue is about 1. */
const LEAST_CONTRAST = 0.08;

/** Fewest pixels of a structure. */
const LEAST_PIXELS = 4;

type Measure = (task: AddedTask) => Promise<SliceAdded>;

/** Tells what was added to the slices of a volume; compiles once for each sampling. */
export class AddedParts {
  readonly #compiled = new Map<string, Promise<Measure>>();

  /** @param runtime must outlive it */
  constructor(private readonly runtime: Runtime) {}

  async slice(task: AddedTask): Promise<SliceAdded> {
    const measure = await once(this.#compiled, task.key, () => compiled(this.runtime, task));
    return await measure(task);
  }
}

async function compiled(
  runtime: Runtime,
  { geometry, outputGeometry }: Pick<AddedTask, "geometry" | "outputGeometry">,
): Promise<Measure> {
  const measurement = mriMeasurement(geometry);
  const { image: [height, width], sets = 1 } = measurement;
  const size = [1, 2 * sets, height, width];
  const seen = await compileSeen(runtime, measurement);
  const program = await runtime.build<string, "added" | "missing">(
    { image: size, opinion: size, factor: size, determined: size },
    ({ image, opinion, factor, determined }) => {
      const added = mul(sqrt(squares(sub(image, determined))), slice(factor, 1, 0, 1));
      const inFile = (x: Tensor) => orientedMagnitude(reshape(x, [height, width]), outputGeometry);
      return { added: inFile(added), missing: inFile(missingContrast(image, opinion)) };
    },
  );
  const batch = ({ data }: NdArray) => ndarray(data, size);
  return async ({ problem: { inputs: { maps }, sigma }, magnitude, ...task }) => {
    const image = batch(task.image);
    const solve = { inputs: { maps }, weight: ridgeOf(sigma), iterations: ITERATIONS };
    const { added, missing } = await program.run({
      image,
      opinion: batch(task.opinion),
      factor: batch(task.factor),
      determined: await seen(image, solve),
    });
    return { added, flagged: structures(missing, headMask(magnitude)) };
  };
}

/** Contrast of an image that a second opinion lacks, over what is flagged, `[1, 1, H, W]`. */
export function missingContrast(image: Tensor, opinion: Tensor): Tensor {
  const detail = (x: Tensor) => {
    const m = sqrt(squares(x));
    return sub(m, meanOver(m, WINDOW.detail));
  };
  const own = detail(image), change = sub(own, detail(opinion));
  const contrast = rootMean(mul(own, own), WINDOW.contrast);
  const limit = max(mul(contrast, MISSING), LEAST_CONTRAST);
  return div(rootMean(mul(change, change), WINDOW.contrast), limit);
}

/** 1 in the structures of the head whose missing contrast is above 1. */
function structures({ data, shape }: NdArray, head: Uint8Array): NdArray {
  const on = Uint8Array.from(data, (value, i) => value > 1 && head[i] === 1 ? 1 : 0);
  const flagged = new Float32Array(data.length);
  for (const region of connected(on, shape[1], LEAST_PIXELS)) {
    for (const pixel of region) flagged[pixel] = 1;
  }
  return ndarray(flagged, shape);
}
