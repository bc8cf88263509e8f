/** Where the image has its origin: in the middle, or at its first pixel as `numpy.fft` has it. @module */
import { ENCODED, UNUSED } from "../../io/axes.ts";
import {
  finiteOnly,
  type KspaceArray,
  type KspaceLayout,
  readPlanes,
  rolesOf,
} from "../../io/kspace_array.ts";
import type { NdArray } from "../../ndarray.ts";
import { type Profile, strongest } from "./profiles.ts";

/**
 * Phase of the correlation of neighbouring samples, in parts of pi, from which the object lies across
 * the edge of the image: its middle is within a tenth of the field of view of the edge.
 */
const ACROSS = 0.8;
/** Least correlation: below it the object fills the field of view, and has no middle. */
const CONCENTRATED = 0.15;

/**
 * The encoded axes along which the object lies across the edge. The correlation of neighbouring
 * samples of k-space is the Fourier coefficient of the image's squared magnitude, so its phase is the
 * place of the object's middle.
 */
export async function originInCorner(
  array: KspaceArray,
  layout: KspaceLayout,
  profiles: readonly Profile[],
): Promise<string[]> {
  const { names } = layout;
  const { coil } = rolesOf(array, layout);
  const at = Object.fromEntries(profiles.map((profile, i) => [i, strongest(profile)]));
  const encoded = ENCODED.filter((name) => names.includes(name));
  const across: string[] = [];
  for (const name of encoded) {
    const other = encoded.find((each) => each !== name);
    const [row, column] = [name, other].map((each) =>
      each === undefined ? -1 : names.indexOf(each)
    );
    const planes = await readPlanes(finiteOnly(array), layout, [coil, row, column], at, 0);
    const { turn, size } = neighbours(planes);
    if (size > CONCENTRATED && Math.abs(turn) > ACROSS) across.push(name);
  }
  return across.filter((name) => name !== UNUSED);
}

/** Correlation of neighbours along H of `[C, 2, H, W]`: its size, and its phase in parts of pi. */
function neighbours({ data, shape: [coils, , height, width] }: NdArray) {
  const plane = height * width;
  let re = 0, im = 0, energy = 0;
  for (let coil = 0; coil < coils; coil++) {
    const start = 2 * coil * plane;
    for (let i = 0; i < plane; i++) {
      const [a, b] = [data[start + i], data[start + plane + i]];
      energy += a * a + b * b;
      if (i + width >= plane) continue;
      const [c, d] = [data[start + i + width], data[start + plane + i + width]];
      re += a * c + b * d;
      im += a * d - b * c;
    }
  }
  return { size: Math.hypot(re, im) / (energy || 1), turn: Math.atan2(im, re) / Math.PI };
}
