/** Pictures of a restoration: what was given, what was left of it, and what came back. @module */
import { encodePng, encodePngRgb, montage, window } from "../../io/png.ts";
import type { Geometry } from "../../io/types.ts";
import { type NdArray, partOf } from "../../ndarray.ts";
import { labelled, upright, white } from "./preview.ts";

/** A picture `[1, 1 or 3, H, W]` from 0 (black) to 1 (white) as a PNG. */
export function pictureBytes({ data, shape: [, channels, height, width] }: NdArray) {
  if (channels === 1) return encodePng({ data, shape: [height, width] });
  return encodePngRgb(
    interleaved(planesOf({ data, shape: [channels, height, width] })),
    height,
    width,
  );
}

/** Pictures `[slices, 1 or 3, H, W]` of the middle slice side by side, in one window. */
export function triptychPng(
  shown: Readonly<Record<"given" | "input" | "output", NdArray>>,
  { geometry, method }: { readonly geometry?: Geometry; readonly method: string },
): Uint8Array<ArrayBuffer> {
  const middle = (volume: NdArray) => partOf(volume, Math.floor(volume.shape[0] / 2));
  const top = white(middle(shown.given));
  const panels = [["given", shown.given], ["input", shown.input], [method, shown.output]] as const;
  const channels = Array.from({ length: shown.given.shape[1] }, (_, channel) =>
    montage(
      panels.map(([name, volume]) => {
        const plane = upright(partOf(middle(volume), channel), geometry);
        return labelled(name, window(plane, 0, top));
      }),
      panels.length,
    ));
  const [height, width] = channels[0].shape;
  if (channels.length === 1) return encodePng(channels[0]);
  return encodePngRgb(interleaved(channels), height, width);
}

const planesOf = (picture: NdArray) =>
  Array.from({ length: picture.shape[0] }, (_, channel) => partOf(picture, channel));

/** Planes from 0 to 1 as pixels of 8 bits. */
function interleaved(planes: readonly NdArray[]): Uint8Array {
  const pixels = new Uint8Array(planes.length * planes[0].data.length);
  const grey = (value: number) => Math.round(255 * Math.min(Math.max(value, 0), 1));
  planes.forEach(({ data }, channel) =>
    data.forEach((value, i) => pixels[i * planes.length + channel] = grey(value))
  );
  return pixels;
}
