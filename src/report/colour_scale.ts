/** The colours of pictures, and colour bars with ticks as SVG. The script of the page holds this file too. @module */
import { evenTicks } from "../chart.ts";
import { attributes, html, type Markup } from "../markup.ts";
import { short } from "../number_format.ts";

/** Colours from the lower to the upper end of a scale, evenly spaced. */
export type Scale = readonly (readonly [red: number, green: number, blue: number])[];

export const GREYS: Scale = [[0, 0, 0], [255, 255, 255]];
/** Of errors and standard deviations: each colour is lighter than the one before. */
export const HEAT: Scale = [
  [0, 0, 0],
  [44, 22, 92],
  [148, 38, 104],
  [231, 105, 52],
  [253, 214, 112],
  [255, 255, 240],
];
/** Of signed errors: blue below the reference, orange above it, black where they agree. */
export const SIGNED: Scale = [
  [190, 228, 255],
  [64, 140, 224],
  [18, 46, 96],
  [0, 0, 0],
  [98, 40, 12],
  [230, 120, 40],
  [255, 222, 170],
];

/** The colour of a value from 0 to 1. */
export function colourAt(scale: Scale, part: number): readonly number[] {
  const last = scale.length - 1, at = last * Math.min(1, Math.max(0, part));
  const below = Math.min(Math.floor(at), last - 1);
  return scale[below].map((from, i) =>
    Math.round(from + (at - below) * (scale[below + 1][i] - from))
  );
}

/** A colour bar: its name, and the values at its ends in per cent. */
export interface ColourBar {
  readonly name: string;
  readonly scale: Scale;
  readonly low: number;
  readonly high: number;
}

const BAR_WIDTH = 128, BAR_HEIGHT = 8, GAP = 34, TEXT = 8;
/** Height of colour bars with their names and ticks. */
export const BARS_HEIGHT = BAR_HEIGHT + 3 * TEXT;

/** Colour bars side by side; ids of their gradients begin with `prefix`. */
export function colourBars(bars: readonly ColourBar[], prefix: string): Markup {
  return html`${
    bars.map((bar, i) =>
      html`<g transform="translate(${i * (BAR_WIDTH + GAP)} 0)">${drawBar(bar, prefix + i)}</g>`
    )
  }`;
}

/** Width of some colour bars. */
export const barsWidth = (count: number) => count * (BAR_WIDTH + GAP);

function drawBar({ name, scale, low, high }: ColourBar, id: string): Markup {
  const stops = scale.map((rgb, i) =>
    html`<stop offset="${i / (scale.length - 1)}" stop-color="rgb(${rgb.join(",")})" />`
  );
  const top = TEXT + 4, bottom = top + BAR_HEIGHT;
  const x = (value: number) => (BAR_WIDTH * (value - low) / (high - low)).toFixed(1);
  const ticks = evenTicks(low, high).map((value) =>
    html`
      <g class="tick">
        <line x1="${x(value)}" x2="${x(value)}" y1="${bottom}" y2="${bottom +
          3}" stroke="currentColor" />
        <text x="${x(value)}" y="${bottom + 3 + TEXT}" text-anchor="middle">${short(value).replace(
          "-",
          "−",
        )}</text>
      </g>
    `
  );
  const fill = attributes({ id });
  return html`
    <linearGradient${fill}>${stops}</linearGradient>
    <text x="0" y="${TEXT}">${name} (%)</text>
    <rect x="0" y="${top}" width="${BAR_WIDTH}" height="${BAR_HEIGHT}" fill="url(#${id})"
      stroke="currentColor" stroke-width="0.5" />
    ${ticks}
  `;
}

/** A round length of at most two fifths of a picture's width, as a part of it. `width`: mm. */
export function scaleBar(width: number): { readonly part: number; readonly label: string } {
  const most = 0.4 * width, power = 10 ** Math.floor(Math.log10(most));
  const length = power * [5, 2, 1].find((factor) => factor * power <= most)!;
  return { part: length / width, label: `${short(length)} mm` };
}
