/** The options of a reconstruction, checked before any work is done. @module */
import { UsageError } from "../errors.ts";
import type { KspaceFile } from "../io/types.ts";
import { didYouMean } from "../suggest.ts";
import type { ReconstructOptions } from "./types.ts";

/** Every option; a name that is missing here does not compile. */
const OPTIONS: Readonly<Record<keyof ReconstructOptions, true>> = {
  method: true,
  settings: true,
  mask: true,
  device: true,
  steps: true,
  weight: true,
  model: true,
  samples: true,
  seed: true,
  firstSlice: true,
  keepSamples: true,
  keepMaps: true,
  slices: true,
  maps: true,
  calibration: true,
  compress: true,
  audit: true,
  onProgress: true,
  signal: true,
};

/**
 * Checks that there is no option but those of {@link ReconstructOptions}.
 * @throws {UsageError} for another; suggests the nearest
 */
export function checkOptions(options: ReconstructOptions): void {
  const names = Object.keys(OPTIONS);
  for (const [name, value] of Object.entries(options)) {
    if (Object.hasOwn(OPTIONS, name) || value === undefined) continue;
    throw new UsageError(
      `Cannot reconstruct with the option '${name}': one of ${names.join(", ")} is required`,
      didYouMean(name, names),
    );
  }
}

/**
 * First slice and the one after the last.
 * @throws {UsageError} when the range is empty or reaches outside the file
 */
export function sliceRange(
  file: Pick<KspaceFile, "slices" | "path">,
  slices: readonly [number, number] = [0, file.slices],
): readonly [number, number] {
  const [first, end] = slices;
  if (
    !Number.isInteger(first) || !Number.isInteger(end) || first < 0 || end > file.slices ||
    first >= end
  ) {
    throw new UsageError(
      `Cannot take slices ${first}:${end} of ${file.path}: a range within 0:${file.slices} is required`,
    );
  }
  return [first, end];
}
