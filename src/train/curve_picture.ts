/** The picture at the end of a training run: loss above, validation PSNR below. @module */
import { type HistoryEntry } from "./checkpoint.ts";
import { encodePngRgb } from "../io/png.ts";
const WIDTH = 720;
const PANEL = 300;
const MARGIN = 44;
/** Colours of curves, red green blue. */
const COLOURS: readonly (readonly [number, number, number])[] = [
  [31, 119, 180],
  [255, 127, 14],
  [44, 160, 44],
  [214, 39, 40],
  [148, 103, 189],
  [140, 86, 75],
  [23, 190, 207],
];
const INK = [60, 60, 60] as const;
const GRID = [225, 225, 225] as const;

/** Digits of 3 x 5 pixels, rows from the top, three bits each. */
const GLYPHS: Readonly<Record<string, readonly number[]>> = {
  "0": [7, 5, 5, 5, 7],
  "1": [2, 6, 2, 2, 7],
  "2": [7, 1, 7, 4, 7],
  "3": [7, 1, 7, 1, 7],
  "4": [5, 5, 7, 1, 1],
  "5": [7, 4, 7, 1, 7],
  "6": [7, 4, 7, 5, 7],
  "7": [7, 1, 1, 2, 2],
  "8": [7, 5, 7, 5, 7],
  "9": [7, 5, 7, 1, 7],
  ".": [0, 0, 0, 0, 2],
  "-": [0, 0, 7, 0, 0],
};

type Colour = readonly [number, number, number];
type Point = readonly [number, number];

/** A curve with the text at its end. */
interface Curve {
  readonly points: readonly Point[];
  readonly label: string;
}

/** PNG of loss and validation PSNR (one curve per noise level, labelled by it) against the step. */
export function plotHistory(history: readonly HistoryEntry[]): Uint8Array<ArrayBuffer> {
  const canvas = new Canvas(WIDTH, 2 * PANEL);
  const loss = history.map(({ step, loss }): Point => [step, loss]);
  drawPanel(canvas, 0, [{ points: loss, label: "" }]);
  const measured = history.filter(({ psnr }) => psnr !== undefined);
  const levels = Object.keys(measured[0]?.psnr ?? {}).sort((a, b) => Number(a) - Number(b));
  drawPanel(
    canvas,
    PANEL,
    levels.map((label) => ({
      label,
      points: measured.map(({ step, psnr }): Point => [step, psnr![label]]),
    })),
  );
  return encodePngRgb(canvas.pixels, 2 * PANEL, WIDTH);
}

/** Axes with a few round numbers, and the curves. */
function drawPanel(canvas: Canvas, top: number, curves: readonly Curve[]): void {
  const all = curves.flatMap(({ points }) => points);
  if (all.length === 0) return;
  const xTicks = ticks([0, Math.max(...all.map(([x]) => x))]);
  const yTicks = ticks([Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))]);
  const span = (list: readonly number[]) => [list[0], list[list.length - 1]];
  const [left, right] = span(xTicks), [low, high] = span(yTicks);
  const toX = (x: number) => MARGIN + (x - left) / (right - left) * (WIDTH - 2 * MARGIN);
  const toY = (y: number) => top + PANEL - MARGIN - (y - low) / (high - low) * (PANEL - 2 * MARGIN);
  for (const x of xTicks) {
    canvas.line([toX(x), toY(low)], [toX(x), toY(high)], GRID);
    canvas.text(`${x}`, toX(x) - 8, toY(low) + 6, INK);
  }
  for (const y of yTicks) {
    canvas.line([toX(left), toY(y)], [toX(right), toY(y)], GRID);
    canvas.text(`${y}`, 4, toY(y) - 4, INK);
  }
  curves.forEach(({ points, label }, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const at = points.map(([x, y]): Point => [toX(x), toY(y)]);
    at.slice(1).forEach((point, k) => canvas.line(at[k], point, colour));
    canvas.text(label, at[at.length - 1][0] + 4, at[at.length - 1][1] - 4, colour);
  });
}

/** Round numbers that cover a range, five or so. */
function ticks([low, high]: readonly number[]): number[] {
  const span = high > low ? high - low : Math.abs(low) || 1;
  const raw = span / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= raw) ?? 10);
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first;
  return Array.from(
    { length: Math.max(2, count + 1) },
    (_, i) => Number(((first + i) * step).toPrecision(6)),
  );
}

/** A white image to draw on. */
class Canvas {
  readonly pixels: Uint8Array;
  readonly #width: number;
  readonly #height: number;

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
    this.pixels = new Uint8Array(3 * width * height).fill(255);
  }

  line([x0, y0]: Point, [x1, y1]: Point, colour: Colour): void {
    const count = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    for (let i = 0; i <= count; i++) {
      this.#set(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count, colour);
    }
  }

  /** Digits, two pixels to each of the glyph's. */
  text(text: string, x: number, y: number, colour: Colour): void {
    [...text].forEach((character, i) => {
      const rows = GLYPHS[character] ?? [];
      rows.forEach((bits, row) => {
        for (let k = 0; k < 12; k++) {
          const column = k % 3;
          if ((bits >> (2 - column)) & 1) {
            const [dx, dy] = [Math.floor(k / 3) % 2, Math.floor(k / 6)];
            this.#set(x + 8 * i + 2 * column + dx, y + 2 * row + dy, colour);
          }
        }
      });
    });
  }

  #set(x: number, y: number, colour: Colour): void {
    const [column, row] = [Math.round(x), Math.round(y)];
    if (column < 0 || row < 0 || column >= this.#width || row >= this.#height) return;
    this.pixels.set(colour, 3 * (row * this.#width + column));
  }
}
