/** The state of the page, which only the store changes. @module */
/// <reference lib="dom" />
import type { InputData, PageData } from "../page_data.ts";

/** Part of a picture, with its proportions. */
export interface Region {
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

/** A line from one pixel to another, in pixels of the whole picture. */
export interface Line {
  readonly from: readonly [row: number, column: number];
  readonly to: readonly [row: number, column: number];
}

/** The state. Values of pictures are parts of the reference's maximum. */
export interface State {
  readonly input: number;
  readonly mask: number;
  /** Index among the embedded slices. */
  readonly slice: number;
  /** The window: black and white. */
  readonly low: number;
  readonly high: number;
  readonly errorScale: number;
  readonly stdScale: number;
  /** Whether errors have signs. */
  readonly signed: boolean;
  /** Whether all pictures show the region alone. */
  readonly zoomed: boolean;
  readonly panels: ReadonlySet<string>;
  /** What dragging on a picture sets. */
  readonly drag: "window" | "region" | "profile";
  readonly region: Region;
  /** Along which the profile is drawn. */
  readonly line: Line | null;
  /** Labels of the compared runs; empty for the reference. */
  readonly a: string;
  readonly b: string;
  readonly view: "image" | "error" | "std" | "error90" | "added";
  readonly regionOnly: boolean;
  /** Part of the width that shows A. */
  readonly divider: number;
  /** Which of the two is shown whole while they flicker. */
  readonly flicker: "a" | "b" | null;
}

/** Row and column of the first region's middle, in parts of the picture. */
const CENTRE = [0.42, 0.5] as const;
/** Side of the first region, in parts of the picture. */
const FIRST_REGION = 0.3;
/** Fewest pixels along the shorter side of a region. */
const SMALLEST = 8;

/** How an input is first shown: its middle slice, in its default window. */
function firstView(input: InputData): Pick<State, "slice" | "low" | "high" | "region" | "line"> {
  return {
    slice: Math.floor(input.slices.length / 2),
    low: 0,
    high: input.white,
    region: regionOf(input, ...CENTRE, FIRST_REGION),
    line: null,
  };
}

/** A region about a centre, all in parts of the picture, kept inside it. */
export function regionOf(
  { rows, columns }: InputData,
  centreRow: number,
  centreColumn: number,
  part: number,
): Region {
  const least = Math.min(1, SMALLEST / Math.min(rows, columns));
  const size = Math.min(1, Math.max(least, part));
  const high = Math.round(size * rows), wide = Math.round(size * columns);
  return {
    row: clamp(Math.round(centreRow * rows - high / 2), 0, rows - high),
    column: clamp(Math.round(centreColumn * columns - wide / 2), 0, columns - wide),
    rows: high,
    columns: wide,
  };
}

/** A region moved by parts of itself and scaled about its centre. */
export function changedRegion(
  input: InputData,
  { row, column, rows, columns }: Region,
  { down = 0, right = 0, factor = 1 }: { down?: number; right?: number; factor?: number },
): Region {
  const moved = (by: number, size: number) => Math.sign(by) * Math.max(1, Math.abs(by) * size);
  return regionOf(
    input,
    (row + rows / 2 + (down && moved(down, rows))) / input.rows,
    (column + columns / 2 + (right && moved(right, columns))) / input.columns,
    factor * Math.max(rows / input.rows, columns / input.columns),
  );
}

/** A value kept from `low` to `high`. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

/** A line across the middle of a region. */
export function lineAcross({ row, column, rows, columns }: Region): Line {
  const middle = Math.round(row + rows / 2);
  return { from: [middle, column], to: [middle, column + columns - 1] };
}

/** Holds the state and calls listeners after changes, once a frame. */
export class Store {
  readonly data: PageData;
  #state: State;
  #waiting = false;
  readonly #listeners: ((state: State) => void)[] = [];

  constructor(data: PageData) {
    this.data = data;
    this.#state = {
      ...firstView(data.inputs[0]),
      input: 0,
      mask: 0,
      errorScale: data.errorScale,
      stdScale: data.stdScale,
      signed: false,
      zoomed: false,
      panels: new Set(["image", "zoom", "error", "std", "error90", "added"]),
      drag: "window",
      a: "",
      b: "",
      view: "image",
      regionOnly: false,
      divider: 0.5,
      flicker: null,
    };
  }

  get state(): State {
    return this.#state;
  }

  /** The input that is shown. */
  get input(): InputData {
    return this.data.inputs[this.#state.input];
  }

  update(changes: Partial<State>): void {
    this.#state = { ...this.#state, ...changes };
    this.refresh();
  }

  /** Chooses an input, a mask or a slice; one that does not exist changes nothing. */
  choose({ input = this.state.input, mask = this.state.mask, slice = this.state.slice }): void {
    const { inputs, masks } = this.data;
    if (inputs[input] === undefined || masks[mask] === undefined) return;
    if (input !== this.state.input) this.update({ input, mask, ...firstView(inputs[input]) });
    else if (slice >= 0 && slice < inputs[input].slices.length) this.update({ mask, slice });
  }

  /** Sets the window by its middle and its width, which stays positive. */
  setWindow(level: number, width: number): void {
    const half = Math.max(width, 0.002) / 2;
    this.update({ low: level - half, high: level + half });
  }

  /** The first window and scales again. */
  reset(): void {
    const { errorScale, stdScale } = this.data;
    this.update({ low: 0, high: this.input.white, errorScale, stdScale });
  }

  /** Calls a listener after each change, and once at first. */
  subscribe(listener: (state: State) => void): void {
    this.#listeners.push(listener);
    this.refresh();
  }

  /** Calls the listeners before the next frame. */
  refresh(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      for (const listener of this.#listeners) listener(this.#state);
    });
  }
}
