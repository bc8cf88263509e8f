/** An array of k-space as slices that can be reconstructed. @module */
import { InputError } from "../../errors.ts";
import { constant, Runtime } from "../../graph/mod.ts";
import { isEncoded } from "../../io/axes.ts";
import { type KspaceArray, kspaceFrom, type KspaceLayout, rolesOf } from "../../io/kspace_array.ts";
import type { KspaceFile } from "../../io/types.ts";
import { factorOf, mulFactor } from "../../mri/physics/complex.ts";
import type { NdArray } from "../../ndarray.ts";
import type { Warning } from "../../warning.ts";
import { decoupled } from "./decouple.ts";
import { originInCorner } from "./origin.ts";
import { type LayoutRequest, type Place, recognise } from "./recognise.ts";

/** What the user says of an array of k-space. */
export interface ArrayRequest extends LayoutRequest {
  /** Where the image has its origin. Default `auto`: where the object is not cut by the edges. */
  readonly origin?: Place;
  /** Whether images are the forward DFT of the samples, which are then conjugated. */
  readonly conjugate?: boolean;
  /** What transforms; default a runtime of its own on the CPU. It must outlive the file. */
  readonly runtime?: Runtime;
}

/**
 * K-space whose axes are recognised or given; 3-D k-space is transformed along its fully sampled
 * axis. It takes over the array.
 * @throws {InputError} when the axes cannot be told, or the file cannot be read
 * @throws {UsageError} when the given names do not fit
 */
export async function openLayout(own: KspaceArray, request: ArrayRequest): Promise<KspaceFile> {
  let runtime: Runtime | undefined;
  try {
    const { array, layout: found, profiles, warnings } = await recognise(own, request);
    const { origin = "auto", conjugate = false } = request;
    const layout = { ...found, conjugate };
    const all = layout.names.filter(isEncoded);
    const corner = origin === "corner"
      ? all
      : origin === "centre" || profiles.length === 0
      ? []
      : await originInCorner(array, layout, profiles);
    if (origin === "auto" && corner.length > 0) warnings.push(acrossEdges(corner));
    const { through } = rolesOf(array, layout);
    if (through >= 0 || corner.length > 0) {
      runtime = request.runtime === undefined ? await Runtime.open("cpu") : undefined;
    }
    const used = runtime ?? request.runtime!;
    const whole = through < 0
      ? await kspaceFrom(array, layout)
      : await decoupled(used, array, layout, corner.includes(layout.names[through]));
    const file = corner.length > 0 ? recentred(used, whole, array, layout, corner) : whole;
    const known = [...file.warnings ?? [], ...warnings];
    return {
      ...file,
      ...(conjugate && { fourierSign: { sign: "+", from: "option" } as const }),
      warnings: known.length > 0 ? known : undefined,
      [Symbol.dispose]: () => {
        array[Symbol.dispose]();
        runtime?.[Symbol.asyncDispose]().catch(() => {});
      },
    };
  } catch (error) {
    own[Symbol.dispose]();
    await runtime?.[Symbol.asyncDispose]();
    throw error;
  }
}

const acrossEdges = (corner: readonly string[]): Warning => ({
  code: "origin-in-corner",
  message: `The object lies across the edges of the image along ${corner.join(" and ")}, ` +
    "as numpy.fft leaves it: the image is moved by half its size",
  hint: "If the object is cut by the edges, say so: --origin centre",
});

/** K-space whose image has its origin at the first pixel, as one that has it in the middle. */
function recentred(
  runtime: Runtime,
  file: KspaceFile,
  array: KspaceArray,
  layout: KspaceLayout,
  corner: readonly string[],
): KspaceFile {
  const { coils, height, width } = file;
  const { row, column } = rolesOf(array, layout);
  const moves = (i: number) => i >= 0 && corner.includes(layout.names[i]);
  const ramp = phaseRamp([height, width], [moves(row), moves(column)]);
  const program = runtime.build({ kspace: [coils, 2, height, width] }, ({ kspace }) => ({
    centred: mulFactor(factorOf(constant(ramp)), kspace),
  }));
  return {
    ...file,
    readSlice: async (index) => {
      const { centred } = await (await program).run({ kspace: await file.readSlice(index) });
      return centred;
    },
  };
}

/** `exp(2 pi i k c / N)` along the axes that move, c = floor(N / 2), k from the centre: `[1, 2, H, W]`. */
function phaseRamp(size: readonly [number, number], moves: readonly [boolean, boolean]): NdArray {
  const [height, width] = size;
  const data = new Float32Array(2 * height * width);
  const turn = (index: number, axis: number) => {
    const centre = Math.floor(size[axis] / 2);
    return moves[axis] ? (index - centre) * centre % size[axis] / size[axis] : 0;
  };
  for (let i = 0; i < height * width; i++) {
    const angle = 2 * Math.PI * (turn(Math.floor(i / width), 0) + turn(i % width, 1));
    data[i] = Math.cos(angle);
    data[height * width + i] = Math.sin(angle);
  }
  return { data, shape: [1, 2, height, width] };
}

/** The error for `--axes` and its like where the format has sure axes of its own. */
export function noArray(path: string, option: string): InputError {
  return new InputError(
    `Cannot use --${option} for ${path}: a plain array of k-space is required, found raw acquisitions, ` +
      "whose headers say what they are",
  );
}
