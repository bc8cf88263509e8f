/** The controls above the figures, bound to the state both ways. @module */
/// <reference lib="dom" />
import { all, byId, onClick } from "./dom.ts";
import type { State, Store } from "./state.ts";
import { percent } from "./view.ts";

export function bindToolbar(store: Store): void {
  for (const form of all<HTMLFormElement>("form:not([method])")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  onClick("reset", () => store.reset());
  bindPlace(store);
  bindPercent(store, "level", ({ low, high }) => (low + high) / 2, (level) => {
    store.setWindow(level, store.state.high - store.state.low);
  });
  bindPercent(store, "width", ({ low, high }) => high - low, (width) => {
    if (width > 0) store.setWindow((store.state.low + store.state.high) / 2, width);
  });
  bindPercent(store, "error-scale", (state) => state.errorScale, (errorScale) => {
    if (errorScale > 0) store.update({ errorScale });
  });
  for (const box of all<HTMLInputElement>("input[name=panel]")) {
    box.addEventListener("change", () => togglePanel(store, box.value));
    store.subscribe(({ panels }) => box.checked = panels.has(box.value));
  }
  for (const radio of all<HTMLInputElement>("input[name=drag]")) {
    radio.addEventListener("change", () => store.update({ drag: radio.value as State["drag"] }));
    store.subscribe(({ drag }) => radio.checked = radio.value === drag);
  }
}

/** Binds the choice of an input, a mask and a slice. */
function bindPlace(store: Store): void {
  store.subscribe(({ slice }) => {
    byId<HTMLInputElement>("slice").max = String(store.input.slices.length - 1);
    byId("slice-number").textContent = String(store.input.slices[slice]);
  });
  for (const what of ["input", "mask", "slice"] as const) {
    const control = byId<HTMLInputElement | HTMLSelectElement>(what);
    control.addEventListener("input", () => store.choose({ [what]: Number(control.value) }));
    store.subscribe((state) => control.value = String(state[what]));
  }
}

/** Binds a field in per cent; it is left alone while someone types there. */
function bindPercent(
  store: Store,
  id: string,
  read: (state: State) => number,
  write: (value: number) => void,
): void {
  const field = byId<HTMLInputElement>(id);
  field.addEventListener("input", () => field.value !== "" && write(Number(field.value) / 100));
  store.subscribe((state) => {
    if (document.activeElement !== field) field.value = percent(read(state));
  });
}

export function togglePanel(store: Store, panel: string): void {
  const panels = new Set(store.state.panels);
  if (!panels.delete(panel)) panels.add(panel);
  store.update({ panels });
}
