/** The levels and colours of a panel in the present state. @module */
import { type Colours, difference, greys, heats, type Picture } from "./paint.ts";
import type { Pixels } from "./pixels.ts";
import type { Store } from "./state.ts";

/** A run's index, or the reference. */
export type Source = number | "reference";

export class View {
  readonly #store: Store;
  readonly #pixels: Pixels;
  /** Error maps by their images. */
  readonly #errors = new WeakMap<Uint16Array, Uint16Array>();
  #greys: { key: string; colours: Colours } = { key: "", colours: new Uint32Array() };
  #heats: { key: string; colours: Colours } = { key: "", colours: new Uint32Array() };

  constructor(store: Store, pixels: Pixels) {
    this.#store = store;
    this.#pixels = pixels;
  }

  /** The picture of a panel; undefined while it loads, or where there is none. */
  picture(source: Source, kind: "image" | "zoom" | "error" | "std"): Picture | undefined {
    const { rows, columns } = this.#store.input;
    const levels = kind === "error"
      ? this.#error(source)
      : this.#levels(source, kind === "std" ? "std" : "recon");
    return levels && { levels, rows, columns };
  }

  #error(source: Source): Uint16Array | undefined {
    const image = this.#levels(source, "recon"), reference = this.#levels("reference", "recon");
    if (image === undefined || reference === undefined) return undefined;
    const known = this.#errors.get(image);
    if (known !== undefined) return known;
    const error = difference(image, reference);
    this.#errors.set(image, error);
    return error;
  }

  #levels(source: Source, kind: "recon" | "std"): Uint16Array | undefined {
    const { input, slice } = this.#store.state, { columns } = this.#store.input;
    if (source !== "reference") return this.#pixels.get(kind, source, slice, columns);
    return kind === "std" ? undefined : this.#pixels.get("reference", input, slice, columns);
  }

  colours(kind: "image" | "zoom" | "error" | "std"): Colours {
    const { state: { low, high, errorScale }, data: { step } } = this.#store;
    if (kind === "error" || kind === "std") {
      const key = `${errorScale}`;
      if (this.#heats.key !== key) this.#heats = { key, colours: heats(errorScale, step) };
      return this.#heats.colours;
    }
    const key = `${low} ${high}`;
    if (this.#greys.key !== key) this.#greys = { key, colours: greys(low, high, step) };
    return this.#greys.colours;
  }
}

/** Words for a value in per cent. */
export function percent(value: number): string {
  return String(Number((100 * value).toPrecision(3)));
}
