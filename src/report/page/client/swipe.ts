/** Two runs in one place: a divider between them, or one after the other. @module */
/// <reference lib="dom" />
import { byId, onClick } from "./dom.ts";
import { clear, paint } from "./paint.ts";
import { clamp, type State, type Store } from "./state.ts";
import type { View } from "./view.ts";

/** The label of the reference; no run has an empty label. */
const REFERENCE = "";
/** Milliseconds between two pictures: one flash a second is well below the rates that can harm. */
const FLICKER_MS = 500;
/** What keys add to the divider's place, in parts of the width. */
const KEY_STEPS: Readonly<Record<string, number>> = {
  ArrowLeft: -0.02,
  ArrowDown: -0.02,
  ArrowRight: 0.02,
  ArrowUp: 0.02,
  PageDown: -0.1,
  PageUp: 0.1,
  Home: -1,
  End: 1,
};

export function bindSwipe(store: Store, view: View): void {
  bindChoices(store);
  bindDivider(store);
  onClick("swipe-swap", () => swap(store));
  onClick("flicker", () => flicker(store));
  store.subscribe((state) => {
    show(store, view, "a");
    show(store, view, "b");
    placeDivider(state);
    byId("flicker").setAttribute("aria-pressed", String(state.flicker !== null));
    byId("swipe-status").textContent = caption(state);
  });
}

/** Labels that can be chosen for the input and mask that are shown. */
function offered({ data, state, input }: Store): string[] {
  const runs = data.runs.filter((run) =>
    run.input === state.input && run.mask === state.mask && run.picture
  );
  return [...input.reference ? [REFERENCE] : [], ...runs.map(({ label }) => label)];
}

const nameOf = (label: string) => label === REFERENCE ? "reference" : label;

function bindChoices(store: Store): void {
  const [first = "", second = first] = offered(store);
  store.update({ a: first, b: second });
  for (const side of ["a", "b"] as const) {
    const select = byId<HTMLSelectElement>(`swipe-${side}`);
    let filled = "";
    select.addEventListener("change", () => store.update({ [side]: select.value }));
    store.subscribe((state) => {
      const labels = offered(store);
      if (JSON.stringify(labels) !== filled) {
        select.replaceChildren(...labels.map((label) => new Option(nameOf(label), label)));
        filled = JSON.stringify(labels);
      }
      if (!labels.includes(state[side]) && labels.length > 0) store.update({ [side]: labels[0] });
      select.value = state[side];
    });
  }
  const view = byId<HTMLSelectElement>("swipe-view");
  view.addEventListener("change", () => store.update({ view: view.value as State["view"] }));
  const region = byId<HTMLInputElement>("swipe-region");
  region.addEventListener("change", () => store.update({ regionOnly: region.checked }));
  store.subscribe((state) => {
    view.value = state.view;
    region.checked = state.regionOnly;
  });
}

export function swap(store: Store): void {
  const { a, b } = store.state;
  store.update({ a: b, b: a });
}

function show({ state, data }: Store, view: View, side: "a" | "b"): void {
  const canvas = byId<HTMLCanvasElement>(`canvas-${side}`), label = state[side];
  const run = data.runs.findIndex((run) =>
    run.input === state.input && run.mask === state.mask && run.label === label
  );
  const source = label === REFERENCE ? "reference" : run;
  const picture = source === -1 ? undefined : view.picture(source, state.view);
  const name = nameOf(label) + (picture === undefined ? ": none" : "");
  byId(`tag-${side}`).textContent = name;
  canvas.setAttribute("aria-label", `${side.toUpperCase()}: ${name}, ${state.view}`);
  const region = state.regionOnly ? state.region : undefined;
  if (picture === undefined) clear(canvas);
  else paint(canvas, picture, view.colours(state.view), region);
}

function placeDivider({ divider, flicker }: State): void {
  const handle = byId("divider");
  const part = flicker === null ? divider : flicker === "a" ? 1 : 0;
  byId("canvas-a").style.clipPath = `inset(0 ${100 * (1 - part)}% 0 0)`;
  handle.style.left = `${100 * divider}%`;
  handle.hidden = flicker !== null;
  handle.setAttribute("aria-valuenow", String(Math.round(100 * divider)));
  byId("tag-a").hidden = flicker === "b";
  byId("tag-b").hidden = flicker === "a";
}

function bindDivider(store: Store): void {
  const stage = byId("stage"), handle = byId("divider");
  const moveTo = (divider: number) => store.update({ divider: clamp(divider, 0, 1) });
  let dragging = false;
  const follow = (event: PointerEvent) => {
    const { left, width } = stage.getBoundingClientRect();
    moveTo((event.clientX - left) / width);
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || store.state.flicker !== null) return;
    dragging = true;
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
    handle.focus({ preventScroll: true });
    follow(event);
  });
  stage.addEventListener("pointermove", (event) => dragging && follow(event));
  for (const end of ["pointerup", "pointercancel"]) {
    stage.addEventListener(end, () => dragging = false);
  }
  handle.addEventListener("keydown", (event) => {
    const step = KEY_STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    moveTo(store.state.divider + step);
  });
}

let timer: ReturnType<typeof setInterval> | undefined;

/** Starts or ends flicker; where reduced motion is preferred, each call shows the other picture. */
export function flicker(store: Store): void {
  const next = () => store.update({ flicker: store.state.flicker === "a" ? "b" : "a" });
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const ends = store.state.flicker === "b" || (!still && store.state.flicker !== null);
  clearInterval(timer);
  if (ends) store.update({ flicker: null });
  else {
    next();
    if (!still) timer = setInterval(next, FLICKER_MS);
  }
}

function caption({ a, b, flicker, regionOnly, view }: State): string {
  const what = {
    image: "Images",
    error: "Error maps",
    std: "Standard deviations",
    error90: "Error bars",
    added: "Added parts",
  }[view];
  const where = regionOnly ? "the region" : "the whole slice";
  const how = flicker === null ? "left and right of the divider" : "in turn";
  return `${what} of ${nameOf(a)} and ${nameOf(b)} ${how}: ${where}, as Figure 1 shows it.`;
}
