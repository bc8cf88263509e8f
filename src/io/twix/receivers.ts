/**
 * Which coil element each channel of a measurement is. Channel numbers are given anew for each
 * measurement: only names tell which channel of a noise scan belongs to which of an image.
 * @module
 */
import type { Protocol } from "./protocol.ts";

/** Most elements that a protocol lists. */
const MAX_ELEMENTS = 256;
const LIST = "sCoilSelectMeas.aRxCoilSelectData[0].asList";

/**
 * Names of the elements of some channels: the channels in the order of their numbers are the
 * selected elements in the order of their converters.
 * @param ids numbers of the channels, as scans name them
 * @returns undefined where the protocol does not name as many elements, each once
 */
export function elementNames(protocol: Protocol, ids: readonly number[]): string[] | undefined {
  const elements: { readonly converter: number; readonly name: string }[] = [];
  for (let i = 0; i < MAX_ELEMENTS; i++) {
    const element = `${LIST}[${i}].`;
    if (protocol.number(`${element}lElementSelected`) !== 1) continue;
    const name = ["tCoilID", "lCoilCopy", "tElement"].map((part) =>
      protocol.text(`${element}sCoilElementID.${part}`) ?? ""
    ).join(":");
    elements.push({ converter: protocol.number(`${element}lADCChannelConnected`) ?? 0, name });
  }
  const isNamed = elements.length === ids.length &&
    new Set(elements.map(({ name }) => name)).size === ids.length &&
    new Set(elements.map(({ converter }) => converter)).size === ids.length;
  if (!isNamed) return undefined;
  const names = elements.sort((a, b) => a.converter - b.converter).map(({ name }) => name);
  const ordered = ids.toSorted((a, b) => a - b);
  return ids.map((id) => names[ordered.indexOf(id)]);
}

/**
 * Finds the channels of a noise scan that belong to those of an image: by the names of their
 * elements, or by their numbers where a protocol does not give names.
 * @returns for each channel of the image its place in the noise scan, -1 where it is absent
 */
export function matchingChannels(
  image: { readonly protocol: Protocol; readonly ids: readonly number[] },
  noise: { readonly protocol: Protocol; readonly ids: readonly number[] },
): number[] {
  const wanted = elementNames(image.protocol, image.ids);
  const found = elementNames(noise.protocol, noise.ids);
  if (wanted === undefined || found === undefined) {
    return image.ids.map((id) => noise.ids.indexOf(id));
  }
  return wanted.map((name) => found.indexOf(name));
}
