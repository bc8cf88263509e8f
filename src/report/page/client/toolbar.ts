/** The controls above the figures, bound to the state both ways. @module */
/// <reference lib="dom" />
import { all, byId, onClick } from "./dom.ts";
import { lineAcross, type State, type Store } from "./state.ts";
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
  bindPercent(store, "std-scale", (state) => state.stdScale, (stdScale) => {
    if (stdScale > 0) store.update({ stdScale });
  });
  bindPresets(store);
  for (const what of ["signed", "zoomed"] as const) {
    const box = byId<HTMLInputElement>(what);
    box.addEventListener("change", () => store.update({ [what]: box.checked }));
    store.subscribe((state) => box.checked = state[what]);
  }
  for (const box of all<HTMLInputElement>("input[name=panel]")) {
    box.addEventListener("change", () => togglePanel(store, box.value));
    store.subscribe(({ panels }) => box.checked = panels.has(box.value));
  }
  for (const radio of all<HTMLInputElement>("input[name=drag]")) {
    radio.addEventListener("change", () => setDrag(store, radio.value as State["drag"]));
    store.subscribe(({ drag }) => radio.checked = radio.value === drag);
  }
}

/** Chooses what dragging sets; a profile begins across the region. */
export function setDrag(store: Store, drag: State["drag"]): void {
  const { line, region } = store.state;
  store.update({ drag, line: drag === "profile" ? line ?? lineAcross(region) : line });
}

/** Windows by name, as black and white in parts of the first window's white. */
const PRESETS: Readonly<Record<string, (white: number) => readonly [number, number]>> = {
  "as at first": (white) => [0, white],
  "whole range": () => [0, 1],
  "dark tissue": (white) => [0, 0.5 * white],
  "bright tissue": (white) => [0.5 * white, white],
  "noise": (white) => [0, 0.1 * white],
};
const OWN = "own";

function bindPresets(store: Store): void {
  const select = byId<HTMLSelectElement>("preset");
  select.append(...[...Object.keys(PRESETS), OWN].map((name) => new Option(name)));
  select.addEventListener("change", () => {
    const [low, high] = PRESETS[select.value]?.(store.input.white) ?? [];
    if (low !== undefined) store.update({ low, high });
  });
  store.subscribe(({ low, high }) => {
    const near = (a: number, b: number) => Math.abs(a - b) < 1e-4;
    const found = Object.keys(PRESETS).find((name) => {
      const [black, white] = PRESETS[name](store.input.white);
      return near(low, black) && near(high, white);
    });
    select.value = found ?? OWN;
  });
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
