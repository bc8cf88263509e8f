/** Levels to colours on a canvas. @module */
/// <reference lib="dom" />
import { colourAt, type ColourBar } from "../../colour_scale.ts";
import type { Region } from "./state.ts";

const OPAQUE = 0xff000000;
const LEVELS = 65536;

export interface Picture {
  readonly levels: Uint16Array;
  readonly rows: number;
  readonly columns: number;
}

/** Colour of each level, for a canvas; `valueOf` gives what a level is worth. */
export function levelColours(
  { scale, low, high }: Pick<ColourBar, "scale" | "low" | "high">,
  valueOf: (level: number) => number,
): Uint32Array<ArrayBuffer> {
  const colours = new Uint32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const [red, green, blue] = colourAt(scale, (valueOf(level) - low) / (high - low));
    colours[level] = OPAQUE | blue << 16 | green << 8 | red;
  }
  return colours;
}

/** What each canvas shows, so that it is not painted again without need. */
const painted = new WeakMap<HTMLCanvasElement, readonly unknown[]>();

/** Paints a picture, or a region of it, pixel by pixel; the style sheet scales the canvas. */
export function paint(
  canvas: HTMLCanvasElement,
  { levels, rows, columns }: Picture,
  colours: Uint32Array,
  part?: Region,
): void {
  const held = painted.get(canvas), wanted = [levels, colours, part];
  if (held !== undefined && wanted.every((value, i) => value === held[i])) return;
  painted.set(canvas, wanted);
  const region = part ?? { row: 0, column: 0, rows, columns };
  if (canvas.width !== region.columns) canvas.width = region.columns;
  if (canvas.height !== region.rows) canvas.height = region.rows;
  // Pixels are written one by one, which is faster in memory than on the GPU.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return;
  const image = context.createImageData(region.columns, region.rows);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0, to = 0; row < region.rows; row++) {
    let from = (region.row + row) * columns + region.column;
    for (let column = 0; column < region.columns; column++) pixels[to++] = colours[levels[from++]];
  }
  context.putImageData(image, 0, 0);
}

/** Empties a canvas and frees its memory. */
export function clear(canvas: HTMLCanvasElement): void {
  canvas.width = canvas.height = 0;
  painted.delete(canvas);
}
