/** The controls above the figures. @module */
/// <reference lib="dom" />
import { all, byId } from "./dom.ts";
import type { State, Store } from "./state.ts";
import { percent } from "./view.ts";

/** Binds the controls to the state, both ways. */
export function bindToolbar(store: Store): void {
  const controls = {
    input: byId<HTMLSelectElement>("input"),
    mask: byId<HTMLSelectElement>("mask"),
    slice: byId<HTMLInputElement>("slice"),
  };
  for (const form of all<HTMLFormElement>("form:not([method])")) {
    form.addEventListener("submit", (event) => event.preventDefault());
  }
  controls.input.addEventListener(
    "change",
    () => store.choose({ input: Number(controls.input.value) }),
  );
  controls.mask.addEventListener(
    "change",
    () => store.choose({ mask: Number(controls.mask.value) }),
  );
  controls.slice.addEventListener(
    "input",
    () => store.choose({ slice: Number(controls.slice.value) }),
  );
  byId("reset").addEventListener("click", () => store.reset());
  bindNumbers(store);
  bindChoices(store);
  store.subscribe((state) => {
    controls.input.value = String(state.input);
    controls.mask.value = String(state.mask);
    controls.slice.max = String(store.input.slices.length - 1);
    controls.slice.value = String(state.slice);
    byId("slice-number").textContent = String(store.input.slices[state.slice]);
  });
}

function bindNumbers(store: Store): void {
  const [level, width, scale] = ["level", "width", "error-scale"].map((id) =>
    byId<HTMLInputElement>(id)
  );
  const part = ({ value }: HTMLInputElement) => value === "" ? NaN : Number(value) / 100;
  const setWindow = () => {
    const [middle, whole] = [part(level), part(width)];
    if (Number.isFinite(middle) && whole > 0) store.setWindow(middle, whole);
  };
  level.addEventListener("input", setWindow);
  width.addEventListener("input", setWindow);
  scale.addEventListener(
    "input",
    () => part(scale) > 0 && store.update({ errorScale: part(scale) }),
  );
  store.subscribe(({ low, high, errorScale }) => {
    write(level, (low + high) / 2);
    write(width, high - low);
    write(scale, errorScale);
  });
}

/** Shows a value in a field, unless someone types there. */
function write(field: HTMLInputElement, value: number): void {
  if (document.activeElement !== field) field.value = percent(value);
}

function bindChoices(store: Store): void {
  const panels = all<HTMLInputElement>("input[name=panel]");
  const drags = all<HTMLInputElement>("input[name=drag]");
  for (const box of panels) box.addEventListener("change", () => togglePanel(store, box.value));
  for (const radio of drags) {
    radio.addEventListener("change", () => store.update({ drag: radio.value as State["drag"] }));
  }
  store.subscribe((state) => {
    for (const box of panels) box.checked = state.panels.has(box.value);
    for (const radio of drags) radio.checked = radio.value === state.drag;
    byId("figures").dataset.drag = state.drag;
  });
}

/** Shows or hides a kind of panel. */
export function togglePanel(store: Store, panel: string): void {
  const panels = new Set(store.state.panels);
  if (!panels.delete(panel)) panels.add(panel);
  store.update({ panels });
}
