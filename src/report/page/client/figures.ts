/** Paints the figures, and shows where the region lies. @module */
/// <reference lib="dom" />
import { all, byId } from "./dom.ts";
import { clear, heatGradient, paint } from "./paint.ts";
import type { Pixels } from "./pixels.ts";
import type { State, Store } from "./state.ts";
import { percent, type Source, type View } from "./view.ts";

/** A panel of a figure, found once. */
interface Panel {
  readonly element: HTMLElement;
  readonly kind: "image" | "zoom" | "error" | "std";
  readonly source: Source;
  readonly canvas: HTMLCanvasElement;
  readonly region: HTMLElement | null;
}

/** The figures of one input and mask. */
interface Grid {
  readonly element: HTMLElement;
  readonly panels: readonly Panel[];
}

/** Paints the figures whenever the state changes. */
export function bindFigures(store: Store, pixels: Pixels, view: View): void {
  const figures = byId("figures");
  const grids = all(".grid", figures).map((element): Grid => ({
    element,
    panels: panelsOf(element),
  }));
  let painted = "";
  byId("bar").style.background = heatGradient();
  store.subscribe((state) => {
    const { panels, flicker: _flicker, divider: _divider, ...rest } = state;
    const wanted = JSON.stringify([...panels, rest, pixels.count]);
    if (wanted !== painted) {
      for (const grid of grids) showGrid(grid, store, view);
      byId("status").textContent = caption(store);
      painted = wanted;
    }
    figures.setAttribute("aria-busy", String(pixels.busy));
  });
}

function panelsOf(grid: HTMLElement): Panel[] {
  return all(".panel", grid).map((element) => {
    const run = element.closest<HTMLElement>("figure")!.dataset.run;
    return {
      element,
      kind: element.dataset.kind as Panel["kind"],
      source: run === "reference" ? run : Number(run),
      canvas: element.querySelector("canvas")!,
      region: element.querySelector(".region"),
    };
  });
}

function showGrid({ element, panels }: Grid, store: Store, view: View): void {
  const { state } = store;
  const shown = element.dataset.input === `${state.input}` &&
    element.dataset.mask === `${state.mask}`;
  if (!shown && !element.hidden) panels.forEach(({ canvas }) => clear(canvas));
  element.hidden = !shown;
  if (!shown) return;
  for (const panel of panels) {
    panel.element.hidden = !state.panels.has(panel.kind);
    if (!panel.element.hidden) paintPanel(panel, store, view);
  }
}

function paintPanel({ kind, source, canvas, region }: Panel, store: Store, view: View): void {
  const { state } = store;
  const picture = view.picture(source, kind);
  if (picture === undefined) return;
  paint(canvas, picture, view.colours(kind), kind === "zoom" ? state.region : undefined);
  if (region !== null) placeRegion(region, state, store);
}

function placeRegion(element: HTMLElement, { panels, region }: State, { input }: Store): void {
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
