/** The page of pictures of `stress`: a row for each method, a column for each condition. @module */
import { encodePng, montage, window } from "../../io/png.ts";
import { magnitudeOf, type NdArray, ndarray, zeros } from "../../ndarray.ts";
import { type Condition, keptOf } from "../../recon/stress.ts";
import { around, difference, ERROR_GAIN, labelled, white } from "./preview.ts";
import type { MethodRuns } from "./stress_table.ts";

const TILE = 132;
const EDGE = 2;
/** Rows and columns around a structure that its pictures show. */
const ZOOM = 44;

/**
 * Draws the page: of each structure the reconstruction around it and, beside it, its change (grey is
 * none); of the base the reconstruction; of each shift the error, five times as bright.
 */
export function stressPng(
  conditions: readonly Condition[],
  all: readonly MethodRuns[],
): Uint8Array<ArrayBuffer> {
  const rows = [truthRow(conditions), ...all.map((method) => methodRow(conditions, method))];
  return encodePng(montage(rows.flat(), rows[0].length));
}

function truthRow(conditions: readonly Condition[]): NdArray[] {
  return conditions.flatMap((condition) => {
    const { name, kind, added, image } = condition;
    const truth = magnitudeOf(image);
    const shown = window(truth, 0, white(truth));
    if (added === undefined) {
      return [tile(kind === "base" ? "truth" : name, scaled(shown))];
    }
    return [
      tile(`truth ${name}`, scaled(around(shown, added, ZOOM))),
      tile("change", scaled(around(changeWindow(added, added), added, ZOOM))),
    ];
  });
}

function methodRow(conditions: readonly Condition[], { method, runs }: MethodRuns): NdArray[] {
  const base = runs.get("base")?.magnitude;
  return conditions.flatMap(({ name, kind, added, image }) => {
    const run = runs.get(name)?.magnitude;
    const blank = zeros([TILE, TILE]);
    if (run === undefined || base === undefined) {
      return (added === undefined ? [0] : [0, 1]).map(() => tile("failed", blank));
    }
    const truth = magnitudeOf(image), top = white(truth);
    if (added !== undefined) {
      const change = ndarray(run.data.map((value, i) => value - base.data[i]), run.shape);
      const { kept, leak } = keptOf(added, run, base);
      return [
        tile(`${method} ${kept.toFixed(2)}`, scaled(around(window(run, 0, top), added, ZOOM))),
        tile(`leak ${leak.toFixed(2)}`, scaled(around(changeWindow(change, added), added, ZOOM))),
      ];
    }
    if (kind === "base") return [tile(method, scaled(window(run, 0, top)))];
    const error = window(difference(run, truth), 0, top / ERROR_GAIN);
    return [tile(`${name} x${ERROR_GAIN}`, scaled(error))];
  });
}

/** A change as grey, with black and white at the height of the structure. */
function changeWindow(change: NdArray, added: NdArray): NdArray {
  const most = added.data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  return window(change, -most, most);
}

/** The image in a square of TILE pixels, its sides in proportion, by the nearest pixel. */
function scaled({ data, shape: [rows, columns] }: NdArray): NdArray {
  const step = Math.max(rows, columns) / TILE;
  const out = zeros([TILE, TILE]);
  out.data.forEach((_, i) => {
    const row = Math.floor((Math.floor(i / TILE) + 0.5) * step - (TILE * step - rows) / 2);
    const column = Math.floor((i % TILE + 0.5) * step - (TILE * step - columns) / 2);
    if (row >= 0 && row < rows && column >= 0 && column < columns) {
      out.data[i] = data[row * columns + column];
    }
  });
  return out;
}

/** A picture with a line of text above it and two dark columns beside it. */
function tile(text: string, { data }: NdArray): NdArray {
  const edged = zeros([TILE, TILE + EDGE]);
  for (let row = 0; row < TILE; row++) {
    edged.data.set(data.subarray(row * TILE, (row + 1) * TILE), row * (TILE + EDGE));
  }
  return labelled(text, edged);
}
