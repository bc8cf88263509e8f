/**
 * Partial Fourier by projection onto convex sets (Haacke, Lindskog and Lin 1991, J Magn Reson
 * 92:126-145): where one side of k-space was not acquired, the image's phase, known from the
 * symmetric part about the centre, stands in for it.
 * @module
 */
import { add, constant, div, max, mul, sqrt, sub, type Tensor } from "../../graph/mod.ts";
import {
  complexMul,
  conjugate,
  joinParts,
  realPart,
  squaredMagnitude,
} from "../physics/complex.ts";
import { dftH, dftW, type Direction } from "../physics/dft.ts";
import type { SamplingMask } from "./masks.ts";
import type { Extent } from "./partial_sampling.ts";

/** Passes from zeros: the image changes by less than a per mille after that. */
const PASSES = 8;

/** A phase is taken from at least so many samples on each side of the centre. */
const MIN_REACH = 4;

/** Smallest magnitude that is divided by; images have a scale of about 1. */
const TINY = 1e-12;

/**
 * Restores the side of k-space that was not acquired. Samples within the acquired extent stay as they
 * are. Each pass brings the missing side halfway from what the image has there to what its phase says.
 * @param image complex `[..., 2, H, W]`
 * @returns the image, unchanged where the sampling is not partial
 */
export function restorePartial(
  image: Tensor,
  { partial, height, width }: SamplingMask,
  passes = PASSES,
): Tensor {
  const rows = usable(partial?.rows, height), columns = usable(partial?.columns, width);
  if (rows === undefined && columns === undefined) return image;
  const transform = (x: Tensor, direction: Direction) => {
    const alongH = rows === undefined ? x : dftH(x, direction);
    return columns === undefined ? alongH : dftW(alongH, direction);
  };
  const [acquired, symmetric] = [box, hann].map((profile) =>
    constant(outer(profile(rows, height), profile(columns, width)))
  );
  const kspace = mul(transform(image, "forward"), acquired);
  const smooth = transform(mul(kspace, symmetric), "inverse");
  const phase = div(smooth, max(sqrt(squaredMagnitude(smooth)), TINY));
  const missing = sub(1, acquired);
  let x = image;
  for (let i = 0; i < passes; i++) {
    const re = realPart(complexMul(conjugate(phase), x));
    const inPhase = mul(phase, joinParts(re, re));
    x = transform(add(kspace, mul(missing, transform(inPhase, "forward"))), "inverse");
  }
  return x;
}

/** The extent, where enough lies on both sides of the centre to know the phase. */
const usable = (extent: Extent | undefined, size: number): Extent | undefined =>
  extent !== undefined && reach(extent, size) >= MIN_REACH ? extent : undefined;

/** Samples that were acquired on both sides of the centre. */
function reach([first, end]: Extent, size: number): number {
  const centre = Math.floor(size / 2);
  return Math.min(centre - first, end - 1 - centre);
}

/** 1 where samples were acquired; all ones along an axis that is not partial. */
function box(extent: Extent | undefined, size: number): number[] {
  const [first, end] = extent ?? [0, size];
  return Array.from({ length: size }, (_, k) => k >= first && k < end ? 1 : 0);
}

/** Hann's window over the samples on both sides of the centre. */
function hann(extent: Extent | undefined, size: number): number[] {
  if (extent === undefined) return box(extent, size);
  const centre = Math.floor(size / 2), half = reach(extent, size) + 1;
  return Array.from({ length: size }, (_, k) => {
    const distance = Math.abs(k - centre) / half;
    return distance < 1 ? Math.cos(Math.PI * distance / 2) ** 2 : 0;
  });
}

function outer(rows: readonly number[], columns: readonly number[]) {
  return {
    data: Float32Array.from(rows.flatMap((row) => columns.map((column) => row * column))),
    shape: [rows.length, columns.length],
  };
}
