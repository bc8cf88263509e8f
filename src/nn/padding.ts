/** Pads images to a size that a network takes, and crops its result. @module */
import { InputError } from "../errors.ts";
import { pad, slice, type Tensor } from "../graph/mod.ts";
import type { Denoiser } from "./denoiser.ts";

/** Sizes an image network takes. */
export interface SizeLimits {
  /** Both sides must be multiples of this. Default 1. */
  readonly multiple?: number;
  /** Smallest side. */
  readonly minimum?: number;
  /** Largest side. */
  readonly maximum?: number;
  /** The only size, `[H, W]`, if there is just one. */
  readonly fixed?: readonly [number, number];
}

/** How an image is padded. */
export type PaddingMode = "reflect" | "zero";

/** The size at which the network runs for an image of a size. */
export function paddedSize(
  [height, width]: readonly number[],
  { multiple = 1, minimum = 1, maximum = Infinity, fixed }: SizeLimits,
): [number, number] {
  const up = (size: number) => Math.ceil(Math.max(minimum, size) / multiple) * multiple;
  const [h, w] = fixed ?? [up(height), up(width)];
  const [maxHeight, maxWidth] = fixed ?? [maximum, maximum];
  if (Math.max(height, h) <= maxHeight && Math.max(width, w) <= maxWidth) return [h, w];
  throw new InputError(
    `Cannot run the model on an image of ${height} x ${width}: ` +
      `at most ${fixed?.join(" x ") ?? maximum} is supported`,
  );
}

/**
 * Pads the two image axes about the centre.
 * @param x `[..., H, W]`
 * @returns `[..., height, width]`
 */
export function padImage(x: Tensor, [height, width]: readonly number[], mode: PaddingMode): Tensor {
  const [h, w] = x.shape.slice(-2);
  const before = [(height - h) >> 1, (width - w) >> 1];
  const after = [height - h - before[0], width - w - before[1]];
  const lead = new Array<number>(x.rank - 2).fill(0);
  const pads = [...lead, ...before, ...lead, ...after];
  // A mirror cannot be wider than the image.
  const mirrored = mode === "reflect" && Math.max(...before) < Math.min(h, w) &&
    Math.max(...after) < Math.min(h, w);
  return pad(x, pads, { mode: mirrored ? "reflect" : "constant" });
}

/** Undoes {@link padImage}. */
export function cropImage(x: Tensor, [height, width]: readonly number[]): Tensor {
  const [h, w] = x.shape.slice(-2);
  const [top, left] = [(h - height) >> 1, (w - width) >> 1];
  return slice(slice(x, x.rank - 2, top, top + height), x.rank - 1, left, left + width);
}

/** A denoiser for any size within the limits of the one it wraps. */
export function paddedDenoiser(
  denoise: Denoiser,
  limits: SizeLimits,
  mode: PaddingMode = "reflect",
): Denoiser {
  return (x, sigma) => {
    const size = x.shape.slice(-2);
    return cropImage(denoise(padImage(x, paddedSize(size, limits), mode), sigma), size);
  };
}
