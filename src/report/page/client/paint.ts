/** Levels to colours on a canvas. @module */
/// <reference lib="dom" />
import type { Region } from "./state.ts";

/**
 * Colours of an error map, from none to the end of its scale; each is lighter than the one before.
 */
const HEAT: readonly (readonly [number, number, number])[] = [
  [0, 0, 0],
  [44, 22, 92],
  [148, 38, 104],
  [231, 105, 52],
  [253, 214, 112],
  [255, 255, 240],
];
const OPAQUE = 0xff000000;
const LEVELS = 65536;

export interface Picture {
  readonly levels: Uint16Array;
  readonly rows: number;
  readonly columns: number;
}

/** Colour of each level, for a canvas. */
export type Colours = Uint32Array;

/** Grey from black at `low` to white at `high`. */
export function greys(low: number, high: number, step: number): Colours {
  return table((value) => {
    const grey = Math.round(255 * unit((value - low) / (high - low)));
    return [grey, grey, grey];
  }, step);
}

/** The colours of error maps, from 0 to `most`. */
export function heats(most: number, step: number): Colours {
  return table((value) => heat(unit(value / most)), step);
}

/** The colours of error maps as a CSS gradient. */
export function heatGradient(): string {
  return `linear-gradient(to right, ${HEAT.map((rgb) => `rgb(${rgb.join(" ")})`).join(", ")})`;
}

function heat(part: number): number[] {
  const at = part * (HEAT.length - 1), below = Math.min(Math.floor(at), HEAT.length - 2);
  return HEAT[below].map((from, i) =>
    Math.round(from + (at - below) * (HEAT[below + 1][i] - from))
  );
}

function table(colour: (value: number) => readonly number[], step: number): Colours {
  const colours = new Uint32Array(LEVELS);
  for (let level = 0; level < LEVELS; level++) {
    const [red, green, blue] = colour(level * step);
    colours[level] = OPAQUE | blue << 16 | green << 8 | red;
  }
  return colours;
}

const unit = (value: number) => Math.min(1, Math.max(0, value));

/** Absolute difference of two pictures of one size. */
export function difference(a: Uint16Array, b: Uint16Array): Uint16Array {
  return a.map((level, i) => Math.abs(level - b[i]));
}

/** What each canvas shows, so that it is not painted again without need. */
const painted = new WeakMap<HTMLCanvasElement, readonly unknown[]>();

/** Paints a picture, or a region of it, pixel by pixel; the style sheet scales the canvas. */
export function paint(
  canvas: HTMLCanvasElement,
  { levels, rows, columns }: Picture,
  colours: Colours,
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
