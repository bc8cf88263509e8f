/** Keys that work anywhere in the page, and the list of all keys. @module */
/// <reference lib="dom" />
import { byId, onClick } from "./dom.ts";
import { changedRegion, type Store } from "./state.ts";
import { flicker, swap } from "./swipe.ts";
import { setDrag, togglePanel } from "./toolbar.ts";

type Action = (store: Store) => void;

const ZOOM = 1.25;
const PANELS = ["image", "zoom", "error", "std", "error90", "added"];

const move = (what: "slice" | "mask" | "input", by: number): Action => (store) =>
  store.choose({ [what]: store.state[what] + by });
const scale = (by: number): Action => (store) =>
  store.update({ errorScale: store.state.errorScale * by });
const toggle = (what: "signed" | "zoomed"): Action => (store) =>
  store.update({ [what]: !store.state[what] });
const zoom = (factor: number): Action => (store) =>
  store.update({ region: changedRegion(store.input, store.state.region, { factor }) });
const showKeys = () => byId<HTMLDialogElement>("keys").showModal();

const BINDINGS: readonly (readonly [key: string, words: string, action: Action])[] = [
  ["j", "next slice", move("slice", 1)],
  ["k", "previous slice", move("slice", -1)],
  ["n", "next mask", move("mask", 1)],
  ["p", "previous mask", move("mask", -1)],
  ["i", "next input", move("input", 1)],
  ["I", "previous input", move("input", -1)],
  ["w", "dragging and arrows set the window", (store) => setDrag(store, "window")],
  ["z", "dragging and arrows set the region", (store) => setDrag(store, "region")],
  ["l", "dragging and arrows set the line of the profile", (store) => setDrag(store, "profile")],
  ["Z", "all pictures show the region, or the whole", toggle("zoomed")],
  ["s", "errors with or without their signs", toggle("signed")],
  ["+", "smaller region, larger picture", zoom(1 / ZOOM)],
  ["-", "larger region", zoom(ZOOM)],
  ["e", "errors twice as bright", scale(0.5)],
  ["E", "errors half as bright", scale(2)],
  ["r", "window and scales as at first", (store) => store.reset()],
  ["f", "flicker between A and B, or stop", flicker],
  ["x", "exchange A and B", swap],
  ["?", "this list", showKeys],
];

const GESTURES: readonly (readonly [string, string])[] = [
  ["1 2 3 4 5", "image, region, error, standard deviation, error bars on or off"],
  ["← → on images", "narrower, wider window; or move the region or the line"],
  ["↑ ↓ on images", "higher, lower level; or move the region or the line"],
  ["Shift + arrow", "the same in large steps"],
  ["drag on image", "width across, level up and down; with Shift the region"],
  ["double click", "window as at first"],
  ["← → on divider", "move it; Home and End to either side"],
];

export function bindKeys(store: Store): void {
  const list = [...BINDINGS, ...GESTURES].flatMap(([key, words]) => [
    element("dt", element("kbd", key)),
    element("dd", words),
  ]);
  byId("keys-list").replaceChildren(...list);
  onClick("keys-button", showKeys);
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
  const fields = "select, dialog, input:not([type=checkbox], [type=radio], [type=range])";
  return target instanceof Element && target.closest(fields) !== null;
}

function element(name: string, content: string | Node): HTMLElement {
  const made = document.createElement(name);
  made.append(content);
  return made;
}
