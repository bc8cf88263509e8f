/** Which samples count as acquired: what the user asks for, the file says, or the data show. @module */
import { InputError } from "../errors.ts";
import { readMaskFile } from "../io/mask_file.ts";
import type { KspaceFile } from "../io/types.ts";
import {
  detectMask,
  makeMask,
  maskFromLines,
  maskFromPlane,
  parseMaskSpec,
  type SamplingMask,
} from "../mri/sampling/masks.ts";
import type { NdArray } from "../ndarray.ts";

/** Part of the points of acquired lines that must be zero for the mask to be one of the plane. */
const PLANE_ZEROS = 0.02;

/** The sampling of one slice. */
export interface Sampling {
  /** What is kept. */
  readonly mask: SamplingMask;
  /** Whether the data behind it are fully sampled, so that there is a reference. */
  readonly full: boolean;
}

/**
 * What the data of a slice show: lines, or points of the plane where many points of the lines that
 * were acquired are zero.
 * @param kspace `[C, 2, H, W]`
 * @throws {InputError} when everything is zero
 */
export function acquiredMask(kspace: NdArray): SamplingMask {
  const [coils, , height, width] = kspace.shape;
  const lines = detectMask(kspace);
  const points = new Uint8Array(height * width);
  for (let plane = 0; plane < 2 * coils; plane++) {
    const start = plane * height * width;
    for (let i = 0; i < points.length; i++) if (kspace.data[start + i] !== 0) points[i] = 1;
  }
  const inLines = lines.reduce((sum, kept) => sum + kept, 0) * width;
  const found = points.reduce((sum, kept) => sum + kept, 0);
  return found < (1 - PLANE_ZEROS) * inLines
    ? maskFromPlane(points, height, width, "data")
    : maskFromLines(lines, width, "data");
}

/**
 * Chooses what is kept of a slice.
 * @param request a mask specification or file (see `parseMaskSpec`), or undefined for whatever was
 *   acquired
 * @throws {InputError} when the mask does not fit the file, or asks for samples that are not there
 * @throws {UsageError} when the specification does not parse
 */
export function chooseSampling(
  request: string | undefined,
  file: KspaceFile,
  kspace: NdArray,
): Sampling {
  const acquired = withDeclaredLines(acquiredMask(kspace), file);
  const full = acquired.kind === "lines" && acquired.values.every((kept) => kept === 1);
  const { partial } = file;
  if (request === undefined) return { mask: partial ? { ...acquired, partial } : acquired, full };
  const asked = requestedMask(request, file);
  const mask = partial ? { ...asked, partial } : asked;
  const missing = mask.kind === "lines" && acquired.kind === "lines"
    ? mask.values.findIndex((kept, line) => kept === 1 && acquired.values[line] === 0)
    : -1;
  if (missing >= 0 || (!full && (mask.kind === "plane" || acquired.kind === "plane"))) {
    throw new InputError(
      `Cannot apply mask ${request}: samples that were acquired are required, but the file is ` +
        `itself undersampled${missing >= 0 ? ` and line ${missing} is empty` : ""}`,
      { hint: "Leave out --mask to reconstruct what was acquired" },
    );
  }
  return { mask, full };
}

/** Lines that hold data but that the file declares as not acquired do not count. */
function withDeclaredLines(mask: SamplingMask, file: KspaceFile): SamplingMask {
  const declared = file.mask;
  if (declared === undefined || mask.kind === "plane") return mask;
  const both = mask.values.map((kept, line) => kept & declared[line]);
  return maskFromLines(both, mask.width, "data");
}

/**
 * The mask that a specification or file asks for, of the size of a file's k-space.
 * @throws {InputError} when a mask file cannot be read or is of another size
 * @throws {UsageError} when the specification does not parse
 */
export function requestedMask(
  request: string,
  file: Pick<KspaceFile, "height" | "width">,
): SamplingMask {
  const spec = parseMaskSpec(request);
  if (spec.kind !== "file") return makeMask(spec, file.height, file.width);
  const found = readMaskFile(spec.path);
  if (found.kind === "lines") {
    if (found.values.length !== file.height) {
      throw new InputError(
        `Cannot use mask ${spec.path}: ${file.height} phase-encode lines are required, ` +
          `found ${found.values.length}`,
      );
    }
    return maskFromLines(found.values, file.width);
  }
  if (found.rows !== file.width || found.columns !== file.height) {
    throw new InputError(
      `Cannot use mask ${spec.path}: (readout, phase) = (${file.width}, ${file.height}) is ` +
        `required, found (${found.rows}, ${found.columns})`,
    );
  }
  const turned = new Uint8Array(found.values.length);
  for (let row = 0; row < found.rows; row++) {
    for (let column = 0; column < found.columns; column++) {
      turned[column * found.rows + row] = found.values[row * found.columns + column];
    }
  }
  const isLines = Array.from({ length: file.height }, (_, line) => {
    const values = turned.subarray(line * file.width, (line + 1) * file.width);
    return values.every((value) => value === values[0]);
  }).every(Boolean);
  return isLines
    ? maskFromLines(turned.filter((_, i) => i % file.width === 0), file.width)
    : maskFromPlane(turned, file.height, file.width);
}
