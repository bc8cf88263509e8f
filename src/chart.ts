/**
 * Charts of curves as SVG: a part of a page, whose style sheet then has the colours, or a file.
 * @module
 */
import { attributes, html, type Markup } from "./markup.ts";
import { short } from "./number_format.ts";

export interface Curve {
  /** Number of its colour and marker. */
  readonly mark: number;
  /** In order of x; one with a title has a marker, and the title as its tooltip. */
  readonly points: readonly { readonly x: number; readonly y: number; readonly title?: string }[];
  /** Text at its last point. */
  readonly name?: string;
}

/** What a chart shows. */
export interface ChartContent {
  /** The chart in words, for those who cannot see it. */
  readonly description: string;
  readonly x: { readonly label: string; readonly logarithmic?: boolean };
  readonly y: { readonly label: string };
  readonly curves: readonly Curve[];
}

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const WIDTH = 520, HEIGHT = 310;
const LEFT = 54, RIGHT = 14, TOP = 14, BOTTOM = 44;
/** Colours of curves on a light and a dark page; further curves repeat them with other markers. */
export const COLOURS: readonly (readonly [light: string, dark: string])[] = [
  ["#1f77b4", "#6fb1e4"],
  ["#c8501e", "#ef8f62"],
  ["#2f8a4c", "#74c48d"],
  ["#7d4fa8", "#b695dc"],
  ["#b8860b", "#d8b24a"],
  ["#c2387e", "#e886b8"],
  ["#1a8f96", "#5cc4ca"],
  ["#6b6b6b", "#a8a8a8"],
];

/** Rules of a style sheet: the class of each colour. */
export function colourRules(colour: (pair: (typeof COLOURS)[number]) => string): string {
  return COLOURS.map((pair, i) => `.c${i} { color: ${colour(pair)}; }`).join("\n");
}

/** Draws a chart; undefined when there is nothing to draw. */
export function chart({ description, x, y, curves }: ChartContent): Markup | undefined {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return undefined;
  const across = (x.logarithmic ? logarithmic : linear)(points.map((p) => p.x));
  const up = linear(points.map((p) => p.y));
  const toX = (value: number) => round(LEFT + across.place(value) * (WIDTH - LEFT - RIGHT));
  const toY = (value: number) => round(HEIGHT - BOTTOM - up.place(value) * (HEIGHT - TOP - BOTTOM));
  const bottom = HEIGHT - BOTTOM;
  return html`
    <svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${description}">
      <g class="rules">${up.ticks.map((v) => rule(toY(v), toY(v), LEFT, WIDTH - RIGHT))}</g>
      <g class="axis">
        ${rule(bottom, bottom, LEFT, WIDTH - RIGHT)} ${rule(TOP, bottom, LEFT, LEFT)}
        ${across.ticks.map((v) => rule(bottom, bottom + 4, toX(v), toX(v)))}
        ${across.ticks.map((v) => words(short(v), toX(v), bottom + 17))}
        ${up.ticks.map((v) => words(short(v), LEFT - 8, toY(v) + 4, "end"))}
        ${words(x.label, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6)}
        <g transform="translate(12 ${(TOP + bottom) / 2}) rotate(-90)">${words(y.label, 0, 0)}</g>
      </g>
      ${curves.map((curve) => drawCurve(curve, toX, toY))}
    </svg>
  `;
}

/** The style of a file; a page has its own. */
const FILE_STYLE = `
svg { font: 11px system-ui, sans-serif; }
text { fill: #63625c; }
.rules line { stroke: #dedcd4; }
.axis line { stroke: #63625c; }
.curve polyline { fill: none; stroke: currentColor; stroke-width: 1.75; }
.curve circle, .curve rect, .curve path, .curve text { fill: currentColor; }
${colourRules(([light]) => light)}
`;

/** The text of an SVG file with charts one below the other; those without points are left out. */
export function chartFile(charts: readonly ChartContent[]): string {
  return svgFile(charts.map(chart).filter((one) => one !== undefined));
}

/** Room of a legend above charts. */
const LEGEND = 80;

/** The text of an SVG file with drawn charts, a legend above them where one is given. */
export function svgFile(drawn: readonly Markup[], legend?: Markup): string {
  const top = legend === undefined ? 0 : LEGEND, height = top + HEIGHT * drawn.length;
  return html`
    <svg${attributes({ xmlns: SVG_NAMESPACE })} width="${WIDTH}" height="${height}"
      viewBox="0 0 ${WIDTH} ${height}">
      <style>${FILE_STYLE}</style>
      <rect width="100%" height="100%" fill="#fff" />
      ${legend}
      ${drawn.map((one, i) =>
        html`<svg y="${top + i * HEIGHT}" width="${WIDTH}" height="${HEIGHT}">${one}</svg>`
      )}
    </svg>
  `.text.trim() + "\n";
}

function rule(y1: number, y2: number, x1: number, x2: number): Markup {
  return html`<line x1="${x1}" x2="${x2}" y1="${y1}" y2="${y2}" />`;
}

function words(text: string, x: number, y: number, anchor: "middle" | "end" = "middle"): Markup {
  return html`<text x="${x}" y="${y}" text-anchor="${anchor}">${text}</text>`;
}

function drawCurve(
  { mark, points, name }: Curve,
  toX: (value: number) => number,
  toY: (value: number) => number,
): Markup {
  const line = points.map(({ x, y }) => `${toX(x)},${toY(y)}`).join(" ");
  const last = points.at(-1);
  return html`
    <g class="curve c${mark % COLOURS.length}" data-mark="${mark}">
      <polyline points="${line}" />
      ${points.filter(({ title }) => title !== undefined).map(({ x, y, title }) =>
        html`
          <g transform="translate(${toX(x)} ${toY(y)})">${marker(mark)}<title>${title}</title></g>
        `
      )}
      ${last && name && words(name, toX(last.x), toY(last.y) - 5, "end")}
    </g>
  `;
}

/** The marker of a curve, about the origin: its shape tells curves of one colour apart. */
export function marker(mark: number): Markup {
  const shapes = [
    html`<circle r="3.5" />`,
    html`<rect x="-3.2" y="-3.2" width="6.4" height="6.4" />`,
    html`<path d="M0-4.4 4.2 3.2H-4.2Z" />`,
    html`<path d="M0-4.6 4.6 0 0 4.6-4.6 0Z" />`,
  ];
  return shapes[Math.floor(mark / COLOURS.length) % shapes.length];
}

/** Where values lie along an axis, from 0 to 1, and where its ticks are. */
interface Scale {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** About five round steps that cover the values with a little room; one value is its own tick. */
function linear(values: readonly number[]): Scale {
  const low = Math.min(...values), high = Math.max(...values);
  if (low === high) return { ticks: [low], place: () => 0.5 };
  const span = high - low, from = low - 0.05 * span, to = high + 0.05 * span;
  return { ticks: evenTicks(from, to, span), place: between(from, to) };
}

/** About five round numbers from `low` to `high`, in steps for a span. */
export function evenTicks(low: number, high: number, span = high - low): number[] {
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= span / 4) ?? 10);
  return steps(Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9), step);
}

function steps(first: number, last: number, step: number): number[] {
  const value = (_: unknown, i: number) => Number(((first + i) * step).toPrecision(9));
  return Array.from({ length: last - first + 1 }, value);
}

/**
 * Ticks at 1, 2 and 5 times powers of ten, at the powers alone over a wide range, and at even steps
 * over a range too narrow for these.
 */
function logarithmic(values: readonly number[]): Scale {
  const even = linear(values);
  if (even.ticks.length === 1) return even;
  const low = Math.log10(Math.min(...values)), high = Math.log10(Math.max(...values));
  const room = 0.06 * Math.max(high - low, 0.5);
  const from = low - room, to = high + room;
  const factors = to - from > 3 ? [1] : [1, 2, 5];
  const ticks = steps(Math.floor(from), Math.ceil(to), 1)
    .flatMap((power) => factors.map((factor) => Number((factor * 10 ** power).toPrecision(3))))
    .filter((tick) => Math.log10(tick) >= from && Math.log10(tick) <= to);
  const place = between(from, to);
  const inside = even.ticks.filter((tick) => tick > 10 ** from && tick < 10 ** to);
  return {
    ticks: ticks.length > 1 ? ticks : inside,
    place: (value) => place(Math.log10(value)),
  };
}

const between = (from: number, to: number) => (value: number) => (value - from) / (to - from || 1);
const round = (value: number) => Math.round(value * 10) / 10;
