/** The structures that `stress` adds: no volume of the training data holds such. @module */
import { type NdArray, ndarray, zeros } from "../../ndarray.ts";
import type { Structure } from "../../recon/stress.ts";
import { drawLabel, LABEL_HEIGHT } from "../render/bitmap_font.ts";
import { around } from "../render/preview.ts";

const LESION_RADIUS = 3; // pixels
const LINES = { length: 14, count: 4, period: 4, width: 2 } as const;
const TEXT = "mri";

export function structures(): Structure[] {
  return [
    { name: "lesion", pattern: lesion() },
    { name: "lines", pattern: lines() },
    { name: "text", pattern: text() },
  ];
}

/** A dot with an edge of one pixel. */
function lesion(): NdArray {
  const side = 2 * LESION_RADIUS + 3, centre = (side - 1) / 2;
  const dot = zeros([side, side]);
  dot.data.forEach((_, i) => {
    const distance = Math.hypot(Math.floor(i / side) - centre, i % side - centre);
    dot.data[i] = Math.max(0, Math.min(1, LESION_RADIUS + 0.5 - distance));
  });
  return dot;
}

function lines(): NdArray {
  const { length, count, period, width } = LINES;
  const columns = (count - 1) * period + width;
  const grid = zeros([length, columns]);
  grid.data.forEach((_, i) => grid.data[i] = i % columns % period < width ? 1 : 0);
  return grid;
}

/** The text without the free rows and columns around it. */
function text(): NdArray {
  const canvas = zeros([LABEL_HEIGHT, 8 * TEXT.length]);
  drawLabel(canvas, TEXT);
  const { data, shape } = around(canvas, canvas);
  return ndarray(data.map((value) => value > 0 ? 1 : 0), shape);
}
