/** Slices without samples: they are left zero, and named, so that they do not stop the others. @module */
import type { SliceError } from "../errors.ts";
import type { Runtime } from "../graph/mod.ts";
import type { KspaceFile } from "../io/types.ts";
import type { Method } from "../method/problem.ts";
import { makeMask } from "../mri/sampling/masks.ts";
import { zeros } from "../ndarray.ts";
import type { Warning } from "../warning.ts";
import { outputSize } from "./finish.ts";
import { outputGeometry } from "./slice_supply.ts";
import type { ReconstructedSlice } from "./types.ts";

/** A slice of zeros in place of one that cannot be reconstructed. */
export function emptySlice(
  { file, runtime, method }: {
    readonly file: KspaceFile;
    readonly runtime: Runtime;
    readonly method: Method;
  },
  index: number,
  failure: SliceError,
): ReconstructedSlice {
  const { height, width } = file;
  const size = outputSize(outputGeometry(file, { height, width }));
  return {
    index,
    failure,
    complex: zeros([2, ...size]),
    magnitude: zeros(size),
    storedReference: false,
    mask: makeMask({ kind: "full", text: "full" }, height, width),
    coils: {
      count: file.coils,
      leftOut: [],
      whitened: null,
      varianceRatio: null,
      correlation: null,
      compressed: null,
      energyKept: null,
    },
    method: method.name,
    device: runtime.device,
    sigma: 0,
    steps: 0,
    nfe: 0,
    drawn: 1,
    warnings: [leftEmpty([{ index, failure }])],
    seconds: { read: 0, calibrate: 0, compile: 0, reconstruct: 0, audit: 0 },
  };
}

/** Most slices whose reason a warning repeats. */
const MAX_REASONS = 3;

/** Code of that warning. */
export const LEFT_EMPTY = "slices-left-empty";

/** The warning that names slices which were left zero. */
export function leftEmpty(
  slices: readonly { readonly index: number; readonly failure: SliceError }[],
): Warning {
  const [noun, verb] = slices.length === 1 ? ["Slice", "is"] : ["Slices", "are"];
  const reasons = [...new Set(slices.map(({ failure }) => failure.message))];
  const more = reasons.length > MAX_REASONS ? `; and ${reasons.length - MAX_REASONS} others` : "";
  return {
    code: LEFT_EMPTY,
    message: `${noun} ${runs(slices.map(({ index }) => index))} ${verb} left zero: ` +
      reasons.slice(0, MAX_REASONS).join("; ") + more,
    hint: "The other slices are not affected",
  };
}

/** Rising numbers as `0 to 3, 7`. */
function runs(numbers: readonly number[]): string {
  const found: [number, number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([first, last]) => first === last ? `${first}` : `${first} to ${last}`).join(
    ", ",
  );
}
