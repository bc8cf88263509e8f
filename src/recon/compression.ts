/** How many coils a method sees. @module */
import type { ReconstructOptions } from "./types.ts";

/** Above this number of coils they are compressed by themselves ... */
export const COMPRESS_ABOVE = 24;

/** ... to so many: the sensitivities of dense arrays are smooth, and are spanned by fewer. */
export const COMPRESS_TO = 16;

/** How many coils a method with maps sees. */
export function coilsUsed(
  coils: number,
  compress: ReconstructOptions["compress"] = "auto",
): number {
  if (compress === "off") return coils;
  if (compress === "auto") return coils > COMPRESS_ABOVE ? COMPRESS_TO : coils;
  return Math.min(compress, coils);
}
