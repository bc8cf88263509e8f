/** Paints the figures, and shows where the region lies. @module */
/// <reference lib="dom" />
import { all, byId } from "./dom.ts";
import { html } from "../../../markup.ts";
import {
  BARS_HEIGHT,
  barsWidth,
  type ColourBar,
  colourBars,
  scaleBar,
} from "../../colour_scale.ts";
import type { InputData } from "../page_data.ts";
import { clear, paint } from "./paint.ts";
import type { Store } from "./state.ts";
import { type PanelKind, percent, type Source, type View } from "./view.ts";

type Panel = ReturnType<typeof panelOf>;

export function bindFigures(store: Store, view: View): void {
  const figures = byId("figures");
  const grids = all(".grid", figures).map((element) => ({
    element,
    panels: all(".panel", element).map(panelOf),
  }));
  let painted = "";
  store.subscribe((state) => {
    const { panels, flicker: _flicker, divider: _divider, ...rest } = state;
    const wanted = JSON.stringify([...panels, rest, view.count]);
    if (wanted !== painted) {
      for (const { element, panels } of grids) showGrid(element, panels, store, view);
      byId("status").textContent = caption(store);
      byId("bars").innerHTML = barsOf(store, view);
      painted = wanted;
    }
    figures.classList.toggle("zoomed", state.zoomed);
    figures.setAttribute("aria-busy", String(view.busy));
  });
}

function panelOf(element: HTMLElement) {
  const run = element.closest<HTMLElement>("figure")!.dataset.run;
  return {
    element,
    kind: element.dataset.kind as PanelKind,
    source: (run === "reference" ? run : Number(run)) as Source,
    canvas: element.querySelector("canvas")!,
    region: element.querySelector<HTMLElement>(".region"),
  };
}

function showGrid(
  grid: HTMLElement,
  panels: readonly Panel[],
  store: Store,
  view: View,
): void {
  const { state } = store;
  const shown = grid.dataset.input === `${state.input}` && grid.dataset.mask === `${state.mask}`;
  if (!shown && !grid.hidden) panels.forEach(({ canvas }) => clear(canvas));
  grid.hidden = !shown;
  if (!shown) return;
  for (const panel of panels) {
    // Zoomed, the image is the region itself.
    const twice = panel.kind === "zoom" && state.zoomed && state.panels.has("image");
    panel.element.hidden = !state.panels.has(panel.kind) || twice;
    if (!panel.element.hidden) paintPanel(panel, store, view);
  }
}

function paintPanel(
  { element, kind, source, canvas, region }: Panel,
  store: Store,
  view: View,
): void {
  const picture = view.picture(source, kind);
  if (picture === undefined) return;
  const { state, input: { pixelSize: [down, right] = [1, 1], pixelSize, columns } } = store;
  const part = kind === "zoom" || state.zoomed ? state.region : undefined;
  paint(canvas, picture, view.colours(kind), part);
  canvas.style.aspectRatio = `${canvas.width * right} / ${canvas.height * down}`;
  if (region !== null) placeRegion(region, store);
  const bar = element.querySelector<HTMLElement>(".mm");
  if (bar !== null && pixelSize !== undefined) {
    const { part: length, label } = scaleBar((part?.columns ?? columns) * right);
    bar.style.width = `${100 * length}%`;
    bar.textContent = label;
  }
}

function placeRegion(
  element: HTMLElement,
  { input, state: { panels, region, zoomed } }: Store,
): void {
  element.hidden = !panels.has("zoom") || zoomed;
  const part = (value: number, whole: number) => `${100 * value / whole}%`;
  element.style.left = part(region.column, input.columns);
  element.style.top = part(region.row, input.rows);
  element.style.width = part(region.columns, input.columns);
  element.style.height = part(region.rows, input.rows);
}

/** The colour bars of the panels that are shown, as SVG. */
function barsOf(store: Store, view: View): string {
  const bars = shownBars(store, view);
  const width = barsWidth(bars.length) + 8;
  return html`
    <svg class="chart" viewBox="-8 0 ${width} ${BARS_HEIGHT + 4}" width="${width}" role="img"
      aria-label="Colour bars">${colourBars(bars, "figure-bar")}</svg>
  `.text;
}

/** The bars of the panels that are shown, in per cent. */
export function shownBars({ state: { panels }, input, data }: Store, view: View): ColourBar[] {
  const kinds: PanelKind[] = [
    ...panels.has("image") || panels.has("zoom") ? ["image" as const] : [],
    ...panels.has("error") && input.reference ? ["error" as const] : [],
    ...panels.has("std") && data.runs.some(({ std }) => std) ? ["std" as const] : [],
    ...panels.has("error90") && data.runs.some(({ error90 }) => error90)
      ? ["error90" as const]
      : [],
    ...panels.has("added") && data.runs.some(({ added }) => added) ? ["added" as const] : [],
  ];
  return kinds.map((kind) => inPercent(view.scale(kind)));
}

export const inPercent = (bar: ColourBar): ColourBar => (
  { ...bar, low: 100 * bar.low, high: 100 * bar.high }
);

/** What values are parts of. */
export const whole = ({ reference }: InputData) =>
  reference ? "the reference’s maximum" : "the first image’s maximum";

function caption({ state, input, data }: Store): string {
  const { low, high, slice, mask, zoomed } = state;
  if (input.slices.length === 0) return `There is no picture of ${input.name}.`;
  const where = zoomed ? "The region of slice" : "Slice";
  return `${where} ${input.slices[slice]} of ${input.name}, ${data.masks[mask]}. ` +
    `Window ${percent(low)} to ${percent(high)} % of ${whole(input)}.`;
}
