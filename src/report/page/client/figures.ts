/** Paints the figures, and shows where the region lies. @module */
/// <reference lib="dom" />
import { all, byId } from "./dom.ts";
import { clear, HEAT, paint } from "./paint.ts";
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
  const colours = HEAT.map((rgb) => `rgb(${rgb.join(" ")})`);
  byId("bar").style.background = `linear-gradient(to right, ${colours.join(", ")})`;
  store.subscribe((state) => {
    const { panels, flicker: _flicker, divider: _divider, ...rest } = state;
    const wanted = JSON.stringify([...panels, rest, view.count]);
    if (wanted !== painted) {
      for (const { element, panels } of grids) showGrid(element, panels, store, view);
      byId("status").textContent = caption(store);
      painted = wanted;
    }
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
    panel.element.hidden = !state.panels.has(panel.kind);
    if (!panel.element.hidden) paintPanel(panel, store, view);
  }
}

function paintPanel({ kind, source, canvas, region }: Panel, store: Store, view: View): void {
  const picture = view.picture(source, kind);
  if (picture === undefined) return;
  paint(canvas, picture, view.colours(kind), kind === "zoom" ? store.state.region : undefined);
  if (region !== null) placeRegion(region, store);
}

function placeRegion(element: HTMLElement, { input, state: { panels, region } }: Store): void {
  element.hidden = !panels.has("zoom");
  const part = (value: number, whole: number) => `${100 * value / whole}%`;
  element.style.left = part(region.column, input.columns);
  element.style.top = part(region.row, input.rows);
  element.style.width = part(region.columns, input.columns);
  element.style.height = part(region.rows, input.rows);
}

function caption({ state, input, data }: Store): string {
  const { low, high, errorScale, slice, mask, panels } = state;
  if (input.slices.length === 0) return `There is no picture of ${input.name}.`;
  const heated = [
    ...panels.has("error") && input.reference ? ["errors"] : [],
    ...panels.has("std") && data.runs.some(({ std }) => std) ? ["standard deviations"] : [],
  ].join(" and ");
  const whole = input.reference ? "the reference’s maximum" : "the first image’s maximum";
  return `Slice ${input.slices[slice]} of ${input.name}, ${data.masks[mask]}. ` +
    `Window ${percent(low)} to ${percent(high)} % of ${whole}` +
    (heated === "" ? "." : `; ${heated} from 0 to ${percent(errorScale)} %.`);
}
