/** Which samples count as acquired: what the user asks for, the file says, or the data show. @module */
import { InputError } from "../errors.ts";
import { readMaskFile } from "../io/mask_file.ts";
import type { KspaceFile } from "../io/types.ts";
import {
  detectMask,
  makeMask,
  maskFromLines,
  maskFromPlane,
  type MaskSpec,
  parseMaskSpec,
  SamplingMask,
} from "../mri/sampling/masks.ts";
import { exchanged, type NdArray } from "../ndarray.ts";

/** A mask that is asked for: a specification or a file, as text or parsed, or the mask itself. */
export type MaskRequest = string | MaskSpec | SamplingMask;

export interface Sampling {
  readonly mask: SamplingMask;
  /** Whether the data behind it are fully sampled, so that there is a reference. */
  readonly full: boolean;
}

/**
 * Chooses what is kept of a slice.
 * @param asked the mask that the user asks for (see {@link requestedMask}), or undefined for whatever
 * was acquired
 */
export function chooseSampling(
  asked: SamplingMask | undefined,
  file: KspaceFile,
  kspace: NdArray,
): Sampling {
  const acquired = withDeclared(detectMask(kspace), file);
  const full = acquired.isLines && acquired.isFull;
  if (asked === undefined) return { mask: acquired, full };
  const missing = asked.isLines && acquired.isLines
    ? asked.lines.find((line) => !acquired.keeps(line, 0))
    : undefined;
  if (missing !== undefined || (!full && !(asked.isLines && acquired.isLines))) {
    throw new InputError(
      `Cannot apply mask ${asked.spec}: samples that were acquired are required, but the file is ` +
        `itself undersampled${missing === undefined ? "" : ` and line ${missing} is empty`}`,
      { hint: "Leave out --mask to reconstruct what was acquired" },
    );
  }
  return { mask: asked.with({ partial: file.partial ?? asked.partial }), full };
}

/** Without lines that hold data but that the file declares as not acquired. */
function withDeclared(mask: SamplingMask, { mask: declared, partial }: KspaceFile): SamplingMask {
  if (declared === undefined || !mask.isLines) {
    return partial === undefined ? mask : mask.with({ partial });
  }
  const values = mask.values.map((kept, line) => kept & declared[line]);
  return mask.with({ values, acs: undefined, partial: partial ?? mask.partial });
}

export function requestedMask(
  request: MaskRequest,
  file: Pick<KspaceFile, "height" | "width">,
): SamplingMask {
  const refuse = (name: string, required: string, found: string | number) => {
    throw new InputError(`Cannot use mask ${name}: ${required} required, found ${found}`);
  };
  const { height, width } = file;
  if (request instanceof SamplingMask) {
    if (request.height !== height || request.width !== width) {
      const found = `${request.height} x ${request.width}`;
      refuse(request.spec, `${height} x ${width} samples are`, found);
    }
    return request;
  }
  const spec = typeof request === "string" ? parseMaskSpec(request) : request;
  if (spec.kind !== "file") return makeMask(spec, height, width);
  const found = readMaskFile(spec.path);
  if (found.kind === "lines") {
    const lines = found.values.length;
    if (lines !== height) refuse(spec.path, `${height} phase-encode lines are`, lines);
    return maskFromLines(found.values, width);
  }
  if (found.rows !== width || found.columns !== height) {
    const size = `(${found.rows}, ${found.columns})`;
    refuse(spec.path, `(readout, phase) = (${width}, ${height}) is`, size);
  }
  const plane = exchanged(found.values, [found.rows, found.columns]);
  const isLines = plane.every((value, i) => value === plane[i - i % width]);
  return isLines
    ? maskFromLines(plane.filter((_, i) => i % width === 0), width)
    : maskFromPlane(plane, height, width);
}
