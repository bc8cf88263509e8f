/** report.html: a comparison as one self-contained page. @module */
import type { Comparison } from "../comparison.ts";
import { page } from "./page.ts";
import { collectPictures, type ReportImages } from "./pictures.ts";

export type { ReportImages };

/** Default number of embedded pixels: about 20 MB of page. */
const MAX_PIXELS = 12e6;

/**
 * Renders a comparison as a page that needs no other files. Of volumes that are too large, evenly
 * spread slices are embedded, at least one.
 * @param images where the arrays come from: each is asked for once, one after the other
 * @param options `maxPixels`: most pixels that are embedded, all pictures counted
 * @throws {RangeError} when the pictures of an input differ in size
 */
export async function renderReport(
  comparison: Comparison,
  images: ReportImages,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<string> {
  return page(comparison, await collectPictures(comparison, images, maxPixels));
}
