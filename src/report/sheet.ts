/**
 * Pictures side by side with their colour bars, as SVG for print: figure.svg, and what the page
 * lets its reader download. The script of the page holds this file too.
 * @module
 */
import { attributes, html, Markup } from "../markup.ts";
import { BARS_HEIGHT, type ColourBar, colourBars, scaleBar } from "./colour_scale.ts";

/** Pictures of one method, one below the other. */
export interface SheetColumn {
  readonly title: string;
  /** A second line: its quality. */
  readonly note?: string;
  /** Pictures as data URLs, one for each row of the sheet; undefined where there is none. */
  readonly pictures: readonly (string | undefined)[];
}

/** What a sheet shows. */
export interface SheetContent {
  readonly columns: readonly SheetColumn[];
  /** Height of a picture by its width. */
  readonly aspect: number;
  /** The bar of each row; rows on one scale share theirs. */
  readonly bars: readonly ColourBar[];
  /** Width of a picture, mm: draws a scale bar. */
  readonly width?: number;
  /** What the values of the bars are parts of. */
  readonly note: string;
}

/** Width of a sheet in print, mm, and its units for a millimetre. */
const WIDTH_MM = 170, UNITS = 3;
const WIDTH = WIDTH_MM * UNITS;
/** Dots of an inch in print. */
const DPI = 300;
/** Pixels along the width at print resolution. */
export const PRINT_PIXELS = Math.round(WIDTH_MM / 25.4 * DPI);
const SVG_NAMESPACE = "http://www.w3.org/2000/svg";
const MOST_COLUMNS = 6, GAP = 3, TEXT = 8, TITLE = 22;

/** The text of an SVG file, 170 mm wide, in lines of at most six pictures. */
export function sheet({ columns, aspect, bars, width, note }: SheetContent): string {
  const across = Math.min(MOST_COLUMNS, Math.max(2, columns.length));
  const tile = (WIDTH - (across - 1) * GAP) / across, high = tile * aspect;
  const lines = Array.from(
    { length: Math.ceil(columns.length / across) },
    (_, i) => columns.slice(i * across, (i + 1) * across),
  );
  let y = 0;
  const drawn = lines.map((line) => {
    const rows = columns[0].pictures.map((_, row) => row)
      .filter((row) => line.some(({ pictures }) => pictures[row] !== undefined));
    const top = y;
    y += TITLE + rows.length * (high + GAP) + GAP;
    return line.map((column, i) =>
      drawColumn(column, rows, { x: i * (tile + GAP), y: top, tile, high })
    );
  });
  const bar = width === undefined ? undefined : drawScale(scaleBar(width), tile, TITLE + high);
  const height = y + BARS_HEIGHT + 2 * TEXT;
  return html`
    <svg${attributes({ xmlns: SVG_NAMESPACE, width: `${WIDTH_MM}mm` })} height="${height / UNITS}mm"
      viewBox="0 0 ${WIDTH} ${height}" font-family="Inter, Helvetica, Arial, sans-serif"
      font-size="${TEXT}"
      color="#222" fill="#222">
      <rect width="100%" height="100%" fill="#fff" />
      ${drawn} ${bar}
      <g transform="translate(8 ${y})">${colourBars(bars, "bar")}</g>
      <text x="8" y="${height - 2}" font-size="6.5" fill="#555">${note}</text>
    </svg>
  `.text.trim() + "\n";
}

function drawColumn(
  { title, note, pictures }: SheetColumn,
  rows: readonly number[],
  { x, y, tile, high }: { x: number; y: number; tile: number; high: number },
): Markup {
  return html`
    <g transform="translate(${x.toFixed(2)} ${y.toFixed(2)})">
      <text y="9" font-weight="bold">${fitted(title, tile)}</text>
      <text y="18" font-size="7" fill="#555">${note}</text>
      ${rows.map((row, i) =>
        pictures[row] !== undefined && html`<image${
          attributes({
            y: TITLE + i * (high + GAP),
            width: tile,
            height: high,
            preserveAspectRatio: "none",
            href: pictures[row],
          })
        } />`
      )}
    </g>
  `;
}

/** A name that is too long ends with dots: bold letters are about 0.6 of their size wide. */
function fitted(text: string, width: number): string {
  const most = Math.floor(width / (0.6 * TEXT));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

function drawScale(
  { part, label }: ReturnType<typeof scaleBar>,
  tile: number,
  bottom: number,
): Markup {
  return html`
    <g transform="translate(5 ${bottom - 5})" fill="#fff">
      <rect width="${part * tile}" height="1.6" />
      <text y="-2.5" font-size="6.5" stroke="#000" stroke-width="1.5"
        paint-order="stroke">${label}</text>
    </g>
  `;
}
