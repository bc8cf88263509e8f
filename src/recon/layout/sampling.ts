/** Along which encoded axes k-space was undersampled. @module */
import { InputError } from "../../errors.ts";
import { ENCODED } from "../../io/axes.ts";
import {
  finiteOnly,
  type KspaceArray,
  type KspaceLayout,
  readPlanes,
} from "../../io/kspace_array.ts";
import { hasGaps, type Profile, strongest } from "./profiles.ts";

/**
 * The axis that 3-D k-space is transformed along first, and the one that becomes H: that with the
 * undersampled lines.
 * @throws {InputError} when 3-D k-space is undersampled along all three axes
 */
export async function sampling(
  array: KspaceArray,
  layout: KspaceLayout,
  profiles: readonly Profile[],
): Promise<Pick<KspaceLayout, "through" | "lines">> {
  const encoded = ENCODED.filter((name) => layout.names.includes(name));
  const gaps = encoded.filter((name) => {
    const profile = profiles[layout.names.indexOf(name)];
    return hasGaps(profile, layout.corner?.includes(name) ? Math.floor(profile.size / 2) : 0);
  });
  if (encoded.length < 3) {
    return gaps.length === 1 && gaps[0] === "readout" ? { lines: "readout" } : {};
  }
  const full = await fullySampled(array, layout, profiles);
  const through = encoded.find((name) => full.includes(name));
  if (through === undefined) {
    throw new InputError(
      `Cannot reconstruct ${array.path}: 3-D k-space with one fully sampled axis is required, found ` +
        "samples left out along all three",
      { hint: "If one axis is not encoded, name all of them with --axes" },
    );
  }
  const plane = encoded.filter((name) => name !== through);
  const lines = plane.filter((name) => !full.includes(name));
  return { through, lines: lines.length === 1 ? lines[0] : plane.at(-2) };
}

/** The axes along which, between the first and the last sample, all or none were acquired. */
async function fullySampled(
  array: KspaceArray,
  layout: KspaceLayout,
  profiles: readonly Profile[],
): Promise<string[]> {
  const [a, b, c] = ENCODED.map((name) => layout.names.indexOf(name));
  const at = Object.fromEntries(profiles.map((profile, i) => [i, strongest(profile)]));
  const planes = await readPlanes(finiteOnly(array), layout, [a, b, c], at, 0);
  const { data, shape: [na, , nb, nc] } = planes;
  const size = [na, nb, nc];
  const plane = nb * nc;
  const acquired = (i: number, j: number, k: number) => {
    const place = 2 * i * plane + j * nc + k;
    return data[place] !== 0 || data[place + plane] !== 0;
  };
  const extents = size.map(() => [Infinity, -1]);
  for (let i = 0; i < na; i++) {
    for (let j = 0; j < nb; j++) {
      for (let k = 0; k < nc; k++) {
        if (!acquired(i, j, k)) continue;
        [i, j, k].forEach((at, axis) => {
          const extent = extents[axis];
          if (at < extent[0]) extent[0] = at;
          if (at > extent[1]) extent[1] = at;
        });
      }
    }
  }
  return ENCODED.filter((_, axis) => {
    const [u, v] = [0, 1, 2].filter((other) => other !== axis);
    const index = [0, 0, 0];
    for (index[u] = 0; index[u] < size[u]; index[u]++) {
      for (index[v] = 0; index[v] < size[v]; index[v]++) {
        const [first, last] = extents[axis];
        index[axis] = first;
        const wanted = acquired(index[0], index[1], index[2]);
        for (index[axis] = first; index[axis] <= last; index[axis]++) {
          if (acquired(index[0], index[1], index[2]) !== wanted) return false;
        }
      }
    }
    return true;
  });
}
