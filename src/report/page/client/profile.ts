/** Values along a line through the pictures, as a chart. @module */
/// <reference lib="dom" />
import { chart, COLOURS, marker } from "../../../chart.ts";
import { html } from "../../../markup.ts";
import { all, byId } from "./dom.ts";
import { whole } from "./figures.ts";
import type { Line, Store } from "./state.ts";
import type { Source, View } from "./view.ts";

export function bindProfile(store: Store, view: View): void {
  const box = byId("profile");
  let drawn = "";
  store.subscribe(({ line, slice, mask, input, a, b, drag, zoomed }) => {
    const wanted = JSON.stringify([line, slice, mask, input, a, b, drag, zoomed, view.count]);
    if (wanted === drawn) return;
    drawn = wanted;
    box.hidden = line === null;
    placeLines(store);
    if (line !== null) byId("profile-chart").innerHTML = profileChart(store, view, line);
  });
}

/** The reference, and what A and B of Figure 2 are. */
function sources({ state: { a, b, input, mask }, data, input: { reference } }: Store) {
  const runs = [...data.runs.entries()].filter(([, run]) =>
    run.input === input && run.mask === mask && run.picture && [a, b].includes(run.label)
  );
  const first: [Source, string][] = reference ? [["reference", "reference"]] : [];
  return [...first, ...runs.map(([i, { label }]): [Source, string] => [i, label])];
}

function profileChart(store: Store, view: View, line: Line): string {
  const { pixelSize: [down, right] = [1, 1], pixelSize } = store.input;
  const [rows, columns] = [line.to[0] - line.from[0], line.to[1] - line.from[1]];
  const length = Math.hypot(rows * down, columns * right);
  const steps = Math.max(1, Math.ceil(Math.hypot(rows, columns)));
  const found = sources(store).map(([source, name], mark) => ({
    name,
    mark: mark === 0 ? GREY : mark - 1,
    points: Array.from({ length: steps + 1 }, (_, i) => {
      const row = line.from[0] + i / steps * rows, column = line.from[1] + i / steps * columns;
      return { x: i / steps * length, y: 100 * (between(view, source, row, column) ?? NaN) };
    }).filter(({ y }) => Number.isFinite(y)),
  }));
  const drawing = chart({
    description: "Values along the line",
    x: { label: pixelSize === undefined ? "along the line (pixels)" : "along the line (mm)" },
    y: { label: `% of ${whole(store.input)}` },
    curves: found.map(({ mark, points }) => ({ mark, points })),
  });
  const legend = found.map(({ name, mark }) =>
    html`
      <li><svg class="c${mark % COLOURS.length}" viewBox="-7 -7 14 14">${marker(
        0,
      )}</svg> ${name}</li>
    `
  );
  return html`<ul class="legend">${legend}</ul>${drawing}`.text;
}

/** Number of the grey colour. */
const GREY = COLOURS.length - 1;

/** The value between pixels, linearly. */
function between(view: View, source: Source, row: number, column: number): number | undefined {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const value = (down: number, right: number) => {
    const weight = (down ? row - top : 1 - row + top) * (right ? column - left : 1 - column + left);
    return weight === 0
      ? 0
      : weight * (view.value(source, "image", top + down, left + right) ?? NaN);
  };
  return value(0, 0) + value(0, 1) + value(1, 0) + value(1, 1);
}

/** Draws the line on every image. */
function placeLines({ state: { line, zoomed }, input: { rows, columns } }: Store): void {
  for (const overlay of all<SVGSVGElement>("#figures .overlay")) {
    overlay.classList.toggle("none", line === null || zoomed);
    if (line === null) continue;
    overlay.setAttribute("viewBox", `0 0 ${columns} ${rows}`);
    const [y1, x1] = line.from, [y2, x2] = line.to;
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) {
      overlay.firstElementChild!.setAttribute(name, String(value + 0.5));
    }
  }
}
