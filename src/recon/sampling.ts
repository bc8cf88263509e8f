/** Which samples count as acquired: what the user asks for, the file says, or the data show. @module */
import { InputError } from "../errors.ts";
import { readMaskFile } from "../io/mask_file.ts";
import type { KspaceFile } from "../io/types.ts";
import {
  detectSampling,
  makeMask,
  maskFromLines,
  maskFromPlane,
  type MaskSpec,
  parseMaskSpec,
  SamplingMask,
} from "../mri/sampling/masks.ts";
import { mirrored } from "../mri/sampling/padding.ts";
import { exchanged, type NdArray } from "../ndarray.ts";
import type { Warning } from "../warning.ts";

/** A mask that is asked for: a specification or a file, as text or parsed, or the mask itself. */
export type MaskRequest = string | MaskSpec | SamplingMask;

/** What is kept of a slice. */
export interface Sampling {
  readonly mask: SamplingMask;
  /** Whether the data behind it are fully sampled, so that there is a reference. */
  readonly full: boolean;
  /** What had to be assumed. */
  readonly warnings: readonly Warning[];
}

/**
 * Chooses what is kept of a slice.
 * @param asked the mask that the user asks for (see {@link requestedMasks}), or undefined for whatever
 * was acquired
 */
export function chooseSampling(
  asked: SamplingMask | undefined,
  file: KspaceFile,
  { kspace, slice }: { readonly kspace: NdArray; readonly slice: number },
): Sampling {
  const { mask: found, warnings } = detectSampling(kspace, file);
  const full = found.isFull;
  const acquired = full && asked !== undefined ? found : withDeclared(found, file, slice);
  if (asked === undefined) return { mask: acquired, full, warnings };
  return {
    mask: restricted(asked, acquired),
    full,
    warnings: asked.partial === undefined ? warnings : [],
  };
}

/**
 * The part of a mask that lies within what was acquired; padding and the missing side of partial
 * Fourier may lie beyond.
 */
function restricted(asked: SamplingMask, acquired: SamplingMask): SamplingMask {
  const isLines = asked.isLines && acquired.isLines;
  const [wanted, had] = isLines ? [asked.values, acquired.values] : [asked, acquired].map(pointsOf);
  const [height, width] = [asked.height, isLines ? 1 : asked.width];
  const support = isLines ? acquired.support : supportOf(acquired);
  const [first, end] = acquired.partial?.rows ?? [0, height];
  const [left, right] = (isLines ? undefined : acquired.partial?.columns) ?? [0, width];
  const values = wanted.map((kept, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const isThere = row >= first && row < end && column >= left && column < right;
    if (kept === 1 && had[i] === 0 && isThere && support?.[i] !== 0) {
      throw undersampled(asked, isLines ? `line ${row}` : `point (${row}, ${column})`);
    }
    return kept & had[i];
  });
  const partial = acquired.partial || asked.partial
    ? { ...asked.partial, ...acquired.partial }
    : undefined;
  const mask = asked.with({
    isLines,
    values,
    partial,
    support: support && (asked.partial ? mirrored(support, height, width) : support),
    columns: isLines ? acquired.columns : undefined,
    acs: undefined,
  });
  return mask.acs > asked.acs ? mask.with({ acs: asked.acs }) : mask;
}

const undersampled = ({ spec }: SamplingMask, empty: string): InputError =>
  new InputError(
    `Cannot apply mask ${spec}: samples that were acquired are required, but the file is itself ` +
      `undersampled and ${empty} is empty`,
    { hint: "Leave out --mask to reconstruct what was acquired" },
  );

/** The values of a mask for each point of the plane. */
function pointsOf({ isLines, values, height, width, columns }: SamplingMask): Uint8Array {
  if (!isLines) return values;
  const [left, right] = columns ?? [0, width];
  return new Uint8Array(height * width).map((_, i) => {
    const column = i % width;
    return column >= left && column < right ? values[Math.floor(i / width)] : 0;
  });
}

/** Where the scan could sample, for each point of the plane; undefined for all of it. */
function supportOf(mask: SamplingMask): Uint8Array | undefined {
  const { isLines, support, height, partial } = mask;
  const columns = partial?.columns ? undefined : mask.columns;
  if (!isLines || (support === undefined && columns === undefined)) return support;
  return pointsOf(
    mask.with({ values: support ?? new Uint8Array(height).fill(1), columns, acs: 0 }),
  );
}

/** Without samples that hold data but that the file declares as not acquired. */
function withDeclared(
  found: SamplingMask,
  { mask: declared, slices, height, width }: KspaceFile,
  slice: number,
): SamplingMask {
  if (declared === undefined) return found;
  const isPlane = declared.length === height * width && declared.length !== slices * height;
  const start = isPlane || declared.length === height ? 0 : slice * height;
  const isLines = found.isLines && !isPlane;
  const values = (isLines ? found.values : pointsOf(found)).map((kept, i) =>
    kept & (isPlane ? declared[i] : declared[start + (isLines ? i : Math.floor(i / width))])
  );
  const support = isLines ? found.support : supportOf(found);
  return found.with({ isLines, values, support, acs: undefined });
}

type MaskedFile = Pick<KspaceFile, "height" | "width" | "slices">;

/** The mask of the first slice, see {@link requestedMasks}. */
export const requestedMask = (request: MaskRequest, file: MaskedFile): SamplingMask =>
  requestedMasks(request, file)[0];

/**
 * The mask that is asked for, or one for each slice where a file holds `[slice, phase]`.
 * @throws {InputError} when it does not fit the file
 */
export function requestedMasks(request: MaskRequest, file: MaskedFile): readonly SamplingMask[] {
  const { height, width } = file;
  if (request instanceof SamplingMask) {
    if (request.height === height && request.width === width) return [request];
    const found = `${request.height} x ${request.width}`;
    throw unfitMask(request.spec, `${height} x ${width} samples are`, found);
  }
  const spec = typeof request === "string" ? parseMaskSpec(request) : request;
  return spec.kind === "file" ? fileMasks(spec.path, file) : [makeMask(spec, height, width)];
}

const unfitMask = (name: string, required: string, found: string | number, hint?: string) =>
  new InputError(`Cannot use mask ${name}: ${required} required, found ${found}`, { hint });

function fileMasks(path: string, { height, width, slices }: MaskedFile): SamplingMask[] {
  const found = readMaskFile(path);
  if (found.kind === "lines") {
    const lines = found.values.length;
    if (lines === height) return [maskFromLines(found.values, width)];
    const hint = lines === width
      ? "That is the number of readout samples: make sure that the axes of the file are as --dry-run " +
        "prints them"
      : undefined;
    throw unfitMask(path, `${height} phase-encode lines are`, lines, hint);
  }
  const { rows, columns, values } = found;
  if (rows === width && columns === height) {
    return [maskFromPoints(exchanged(values, [rows, columns]), height, width)];
  }
  if (rows === slices && columns === height) {
    const ofSlice = (i: number) => values.subarray(i * height, (i + 1) * height);
    return Array.from({ length: slices }, (_, i) => maskFromLines(ofSlice(i), width));
  }
  if (rows === height && columns === width) return [maskFromPoints(values, height, width)];
  const required =
    `(readout, phase) = (${width}, ${height}), (phase, readout) or (slice, phase) = ` +
    `(${slices}, ${height}) is`;
  throw unfitMask(path, required, `(${rows}, ${columns})`);
}

/** Lines where all columns of a plane `[height, width]` are alike. */
function maskFromPoints(plane: Uint8Array, height: number, width: number): SamplingMask {
  const isLines = plane.every((value, i) => value === plane[i - i % width]);
  return isLines
    ? maskFromLines(plane.filter((_, i) => i % width === 0), width)
    : maskFromPlane(plane, height, width);
}
