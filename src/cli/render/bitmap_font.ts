/** Text in pictures: a small font, drawn for this purpose. @module */
import type { NdArray } from "../../ndarray.ts";

export const LABEL_HEIGHT = 13;

const GLYPH_WIDTH = 5;
/** From one letter to the next. */
const ADVANCE = GLYPH_WIDTH + 1;
/** Free rows above, and columns left of, the text. */
const MARGIN = 3;
const BRIGHTNESS = 0.8;

/** Seven rows of each letter, top first, as numbers of five bits: 16 is the leftmost pixel. */
const FONT: Readonly<Record<string, readonly number[]>> = {
  a: [14, 17, 17, 31, 17, 17, 17],
  b: [30, 17, 17, 30, 17, 17, 30],
  c: [14, 17, 16, 16, 16, 17, 14],
  d: [30, 17, 17, 17, 17, 17, 30],
  e: [31, 16, 16, 30, 16, 16, 31],
  f: [31, 16, 16, 30, 16, 16, 16],
  g: [14, 17, 16, 19, 17, 17, 14],
  h: [17, 17, 17, 31, 17, 17, 17],
  i: [14, 4, 4, 4, 4, 4, 14],
  j: [7, 2, 2, 2, 2, 18, 12],
  k: [17, 18, 20, 24, 20, 18, 17],
  l: [16, 16, 16, 16, 16, 16, 31],
  m: [17, 27, 21, 21, 17, 17, 17],
  n: [17, 25, 21, 19, 17, 17, 17],
  o: [14, 17, 17, 17, 17, 17, 14],
  p: [30, 17, 17, 30, 16, 16, 16],
  q: [14, 17, 17, 17, 21, 18, 13],
  r: [30, 17, 17, 30, 20, 18, 17],
  s: [15, 16, 16, 14, 1, 1, 30],
  t: [31, 4, 4, 4, 4, 4, 4],
  u: [17, 17, 17, 17, 17, 17, 14],
  v: [17, 17, 17, 17, 17, 10, 4],
  w: [17, 17, 17, 21, 21, 27, 17],
  x: [17, 17, 10, 4, 10, 17, 17],
  y: [17, 17, 10, 4, 4, 4, 4],
  z: [31, 1, 2, 4, 8, 16, 31],
  "0": [14, 17, 19, 21, 25, 17, 14],
  "1": [4, 12, 4, 4, 4, 4, 14],
  "2": [14, 17, 1, 6, 8, 16, 31],
  "3": [30, 1, 1, 14, 1, 1, 30],
  "4": [2, 6, 10, 18, 31, 2, 2],
  "5": [31, 16, 30, 1, 1, 17, 14],
  "6": [14, 16, 16, 30, 17, 17, 14],
  "7": [31, 1, 2, 4, 8, 8, 8],
  "8": [14, 17, 17, 14, 17, 17, 14],
  "9": [14, 17, 17, 15, 1, 1, 14],
  "-": [0, 0, 0, 14, 0, 0, 0],
  ".": [0, 0, 0, 0, 0, 12, 12],
  "%": [25, 26, 2, 4, 8, 11, 19],
};

/** Writes into the first rows of an image; letters without a glyph, or beyond the edge, are left out. */
export function drawLabel({ data, shape: [, columns] }: NdArray, text: string): void {
  [...text.toLowerCase()].forEach((letter, position) => {
    const left = MARGIN + position * ADVANCE;
    if (left + GLYPH_WIDTH > columns) return;
    (FONT[letter] ?? []).forEach((bits, row) => {
      for (let x = 0; x < GLYPH_WIDTH; x++) {
        if (bits & (1 << (GLYPH_WIDTH - 1 - x))) {
          data[(MARGIN + row) * columns + left + x] = BRIGHTNESS;
        }
      }
    });
  });
}
