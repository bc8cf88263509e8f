/** Dragging on pictures: window and level, or the region. @module */
/// <reference lib="dom" />
import { byId } from "./dom.ts";
import { pixelAt } from "./probe.ts";
import { changedRegion, clamp, type Line, regionOf, type State, type Store } from "./state.ts";

/** Change of level or width for a pixel of dragging, in parts of the reference's maximum. */
const PER_PIXEL = 0.004;
/** Change for an arrow key; with Shift five times as much. */
const PER_KEY = 0.01;
/** Part of the region that an arrow key moves it by. */
const REGION_KEY = 0.1;
const SHIFTED = 5;

/** Where dragging began, and what it sets. */
interface Drag {
  readonly x: number;
  readonly y: number;
  readonly canvas: HTMLCanvasElement;
  readonly state: State;
  readonly sets: State["drag"];
}

export function bindGestures(store: Store): void {
  const figures = byId("figures");
  let drag: Drag | undefined;
  figures.addEventListener("pointerdown", (event) => {
    const canvas = event.target;
    if (!(canvas instanceof HTMLCanvasElement) || event.button !== 0) return;
    const { state } = store;
    const sets = !event.shiftKey ? state.drag : state.drag === "window" ? "region" : "window";
    // A region is chosen on the whole image, not on the region itself.
    const whole = canvas.parentElement?.dataset.kind === "image" && !state.zoomed;
    const allowed = whole || sets === "profile" ? sets : "window";
    drag = { x: event.clientX, y: event.clientY, canvas, state, sets: allowed };
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
    figures.focus({ preventScroll: true });
  });
  figures.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (drag !== undefined) dragged(store, drag, clientX - drag.x, clientY - drag.y);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    figures.addEventListener(end, () => drag = undefined);
  }
  figures.addEventListener("dblclick", () => store.reset());
  figures.addEventListener("keydown", (event) => arrowKey(store, event));
}

function dragged(
  store: Store,
  { x, y, canvas, state, sets }: Drag,
  right: number,
  down: number,
): void {
  if (sets === "window") {
    // Right: wider; up: a higher level, so darker. The arrow keys do the same.
    const level = (state.low + state.high) / 2, width = state.high - state.low;
    return store.setWindow(level - PER_PIXEL * down, width + PER_PIXEL * right);
  }
  if (sets === "profile") {
    const pixel = (clientX: number, clientY: number) => {
      const { row, column } = pixelAt(store, canvas, clientX, clientY);
      return [row, column] as const;
    };
    return store.update({ line: { from: pixel(x, y), to: pixel(x + right, y + down) } });
  }
  // The region spans from where the drag began to the pointer.
  const box = canvas.getBoundingClientRect();
  const part = Math.max(Math.abs(right) / box.width, Math.abs(down) / box.height);
  const row = (y - box.top) / box.height + (down < 0 ? -part : part) / 2;
  const column = (x - box.left) / box.width + (right < 0 ? -part : part) / 2;
  store.update({ region: regionOf(store.input, row, column, part) });
}

const ARROWS: Readonly<Record<string, readonly [right: number, up: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

function arrowKey(store: Store, event: KeyboardEvent): void {
  const arrow = ARROWS[event.key];
  if (arrow === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  const { low, high, drag, region, line } = store.state;
  const factor = event.shiftKey ? SHIFTED : 1;
  const [right, up] = arrow.map((direction) => direction * factor);
  if (drag === "window") {
    store.setWindow((low + high) / 2 + up * PER_KEY, high - low + right * PER_KEY);
  } else if (drag === "profile") {
    if (line === null) return;
    const { rows, columns } = store.input;
    const moved = ([row, column]: Line["from"]) =>
      [clamp(row - up, 0, rows - 1), clamp(column + right, 0, columns - 1)] as const;
    store.update({ line: { from: moved(line.from), to: moved(line.to) } });
  } else {
    const by = { right: right * REGION_KEY, down: -up * REGION_KEY };
    store.update({ region: changedRegion(store.input, region, by) });
  }
}
