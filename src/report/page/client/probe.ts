/** The pixel under the pointer: its values, and a mark at the same place in every picture. @module */
/// <reference lib="dom" />
import { byId } from "./dom.ts";
import { clamp, type Store } from "./state.ts";
import type { PanelKind, Source, View } from "./view.ts";

/** The pixel of a canvas at a place of the window. */
export function pixelAt(
  { state, input }: Store,
  canvas: HTMLCanvasElement,
  x: number,
  y: number,
): { readonly row: number; readonly column: number } {
  const box = canvas.getBoundingClientRect();
  const part = canvas.parentElement?.dataset.kind === "zoom" || state.zoomed;
  const { row, column, rows, columns } = part ? state.region : { row: 0, column: 0, ...input };
  return {
    row: clamp(row + Math.floor((y - box.top) / box.height * rows), 0, input.rows - 1),
    column: clamp(column + Math.floor((x - box.left) / box.width * columns), 0, input.columns - 1),
  };
}

export function bindProbe(store: Store, view: View): void {
  const figures = byId("figures"), probe = byId("probe");
  figures.addEventListener("pointermove", ({ target, clientX, clientY }) => {
    if (!(target instanceof HTMLCanvasElement)) return leave();
    const { row, column } = pixelAt(store, target, clientX, clientY);
    const run = target.closest<HTMLElement>("figure")!.dataset.run!;
    probe.textContent = words(store, view, run === "reference" ? run : Number(run), row, column);
    mark(store, row, column);
  });
  const leave = () => {
    probe.textContent = REST;
    figures.classList.remove("probed", "probed-region");
  };
  figures.addEventListener("pointerleave", leave);
  probe.textContent = REST;
}

const REST = "Rest the pointer on a picture to read its pixels.";

function words(store: Store, view: View, source: Source, row: number, column: number): string {
  const name = source === "reference" ? source : store.data.runs[source].label;
  const value = (words: string, source: Source, kind: PanelKind) => {
    const found = view.value(source, kind, row, column);
    return found === undefined ? [] : [`${words} ${(100 * found).toFixed(2)} %`];
  };
  return [
    `Row ${row}, column ${column}`,
    ...value(name, source, "image"),
    ...source === "reference" ? [] : [
      ...value("reference", "reference", "image"),
      ...value("error", source, "error"),
      ...value("standard deviation", source, "std"),
      ...value("error bar", source, "error90"),
      ...value("added part", source, "added"),
    ],
  ].join(" · ").replaceAll("-", "−").replace(name.replaceAll("-", "−"), name);
}

/** Puts the mark of all pictures at a pixel, and of all regions, where it lies in them. */
function mark({ state: { region, zoomed }, input }: Store, row: number, column: number): void {
  const figures = byId("figures");
  const place = (name: string, part: number) => figures.style.setProperty(name, `${100 * part}%`);
  const inside = {
    x: (column + 0.5 - region.column) / region.columns,
    y: (row + 0.5 - region.row) / region.rows,
  };
  const shown = [inside.x, inside.y].every((part) => part >= 0 && part <= 1);
  figures.classList.toggle("probed", shown || !zoomed);
  figures.classList.toggle("probed-region", shown);
  place("--x", zoomed ? inside.x : (column + 0.5) / input.columns);
  place("--y", zoomed ? inside.y : (row + 0.5) / input.rows);
  place("--zoom-x", inside.x);
  place("--zoom-y", inside.y);
}
