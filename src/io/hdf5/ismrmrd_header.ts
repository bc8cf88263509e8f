/**
 * The few numbers of an ISMRMRD XML header that a reader of fastMRI files needs.
 * @module
 */

/** One of the header's spaces; x is the readout, y the phase-encode axis. */
export interface EncodingSpace {
  /** Matrix size `[x, y, z]`. */
  readonly matrix: readonly [number, number, number];
  /** Field of view `[x, y, z]` in millimetres. */
  readonly fieldOfView: readonly [number, number, number];
}

/**
 * Finds a space of the first encoding.
 * @param xml the header; anything else gives undefined
 */
export function encodingSpace(
  xml: string,
  name: "encodedSpace" | "reconSpace",
): EncodingSpace | undefined {
  const space = element(xml, name);
  const matrix = space && triple(element(space, "matrixSize"));
  const fieldOfView = space && triple(element(space, "fieldOfView_mm"));
  return matrix && fieldOfView ? { matrix, fieldOfView } : undefined;
}

/** The content of the first element of this name, with or without a namespace prefix. */
function element(xml: string, name: string): string | undefined {
  const start = new RegExp(`<(?:\\w+:)?${name}\\s*>`).exec(xml);
  if (start === null) return undefined;
  const rest = xml.slice(start.index + start[0].length);
  const end = rest.search(new RegExp(`</(?:\\w+:)?${name}\\s*>`));
  return end < 0 ? undefined : rest.slice(0, end);
}

/** Three positive numbers in x, y and z. */
function triple(xml: string | undefined): [number, number, number] | undefined {
  if (xml === undefined) return undefined;
  const [x, y, z] = ["x", "y", "z"].map((axis) => Number(element(xml, axis)));
  return [x, y, z].every((value) => value > 0 && value < Infinity) ? [x, y, z] : undefined;
}
