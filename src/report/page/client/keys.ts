/** Keys that work anywhere in the page, and the list of all keys. @module */
/// <reference lib="dom" />
import { byId } from "./dom.ts";
import { changedRegion, type Store } from "./state.ts";
import { flicker, swap } from "./swipe.ts";
import { togglePanel } from "./toolbar.ts";

type Binding = readonly [key: string, words: string, action: (store: Store) => void];

const ZOOM = 1.25;
const PANELS = ["image", "zoom", "error", "std"];

const slice = (by: number) => (store: Store) => store.choose({ slice: store.state.slice + by });
const mask = (by: number) => (store: Store) => store.choose({ mask: store.state.mask + by });
const input = (by: number) => (store: Store) => store.choose({ input: store.state.input + by });
const scale = (by: number) => (store: Store) =>
  store.update({ errorScale: store.state.errorScale * by });
const zoom = (factor: number) => (store: Store) =>
  store.update({ region: changedRegion(store.input, store.state.region, { factor }) });

const BINDINGS: readonly Binding[] = [
  ["j", "next slice", slice(1)],
  ["k", "previous slice", slice(-1)],
  ["n", "next mask", mask(1)],
  ["p", "previous mask", mask(-1)],
  ["i", "next input", input(1)],
  ["I", "previous input", input(-1)],
  ["w", "dragging and arrows set the window", (store) => store.update({ drag: "window" })],
  ["z", "dragging and arrows set the region", (store) => store.update({ drag: "region" })],
  ["+", "smaller region, larger picture", zoom(1 / ZOOM)],
  ["-", "larger region", zoom(ZOOM)],
  ["e", "errors twice as bright", scale(0.5)],
  ["E", "errors half as bright", scale(2)],
  ["r", "window and error scale as at first", (store) => store.reset()],
  ["f", "flicker between A and B, or stop", flicker],
  ["x", "exchange A and B", swap],
  ["?", "this list", () => byId<HTMLDialogElement>("keys").showModal()],
];

const GESTURES: readonly (readonly [string, string])[] = [
  ["1 2 3 4", "image, region, error, standard deviation on or off"],
  ["← → on images", "narrower, wider window; or move the region"],
  ["↑ ↓ on images", "higher, lower level; or move the region"],
  ["Shift + arrow", "the same in large steps"],
  ["drag on image", "width across, level up and down; with Shift the region"],
  ["double click", "window as at first"],
  ["← → on divider", "move it; Home and End to either side"],
];

/** Binds the keys and fills the list. */
export function bindKeys(store: Store): void {
  byId("keys-list").replaceChildren(
    ...[...BINDINGS, ...GESTURES].flatMap(([key, words]) => [term(key), definition(words)]),
  );
  byId("keys-button").addEventListener("click", () => byId<HTMLDialogElement>("keys").showModal());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const binding = BINDINGS.find(([key]) => key === event.key);
    const panel = PANELS[Number(event.key) - 1];
    if (binding !== undefined) binding[2](store);
    else if (panel !== undefined) togglePanel(store, panel);
    else return;
    event.preventDefault();
  });
}

/** Whether keys belong to the element: a field, a choice, or an open dialog. */
function typing(target: EventTarget | null): boolean {
  return target instanceof Element &&
    target.closest("select, dialog, input:not([type=checkbox], [type=radio], [type=range])") !==
      null;
}

function term(key: string): HTMLElement {
  const element = document.createElement("dt"), inner = document.createElement("kbd");
  inner.textContent = key;
  element.append(inner);
  return element;
}

function definition(words: string): HTMLElement {
  const element = document.createElement("dd");
  element.textContent = words;
  return element;
}
