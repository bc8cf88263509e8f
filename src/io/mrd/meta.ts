/** Attributes of an image: `<ismrmrdMeta>`, names with one or more texts each. @module */
import { escapeXml } from "./xml.ts";

export type MrdMeta = Readonly<
  Record<string, string | number | readonly (string | number)[]>
>;

/** The XML of attributes. */
export function encodeMeta(meta: MrdMeta): string {
  const entries = Object.entries(meta).map(([name, values]) => {
    const texts = [values].flat().map((value) => `<value>${escapeXml(`${value}`)}</value>`);
    return `<meta><name>${escapeXml(name)}</name>${texts.join("")}</meta>`;
  });
  return `<?xml version="1.0"?>\n<ismrmrdMeta>${entries.join("")}</ismrmrdMeta>`;
}
