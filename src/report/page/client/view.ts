/** The levels and colours of a panel in the present state. @module */
/// <reference lib="dom" />
import { pictureId, type PictureKind, unpackLevels } from "../page_data.ts";
import { GREYS, HEAT, levelColours, type Picture } from "./paint.ts";
import type { Store } from "./state.ts";

/** A run's index, or the reference. */
export type Source = number | "reference";
export type PanelKind = "image" | "zoom" | "error" | "std";

export class View {
  readonly #store: Store;
  /** Embedded pictures, unpacked once, when they are needed. */
  readonly #unpacked = new Map<string, Uint16Array>();
  readonly #waiting = new Set<string>();
  /** Error maps by their images. */
  readonly #errors = new WeakMap<Uint16Array, Uint16Array>();
  #greys = { key: "", colours: new Uint32Array() };
  #heats = this.#greys;

  constructor(store: Store) {
    this.#store = store;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Number of pictures that are unpacked. */
  get count(): number {
    return this.#unpacked.size;
  }

  /** The picture of a panel; undefined while it loads, or where there is none. */
  picture(source: Source, kind: PanelKind): Picture | undefined {
    const { rows, columns } = this.#store.input;
    const levels = kind === "error"
      ? this.#error(source)
      : this.#levels(source, kind === "std" ? "std" : "recon");
    return levels && { levels, rows, columns };
  }

  #error(source: Source): Uint16Array | undefined {
    const image = this.#levels(source, "recon"), reference = this.#levels("reference", "recon");
    if (image === undefined || reference === undefined) return undefined;
    const error = this.#errors.get(image) ??
      image.map((level, i) => Math.abs(level - reference[i]));
    this.#errors.set(image, error);
    return error;
  }

  #levels(source: Source, kind: PictureKind): Uint16Array | undefined {
    const { input, slice } = this.#store.state;
    if (source === "reference" && kind === "std") return undefined;
    const id = source === "reference"
      ? pictureId("reference", input, slice)
      : pictureId(kind, source, slice);
    const levels = this.#unpacked.get(id);
    if (levels === undefined && !this.#waiting.has(id)) this.#unpack(id, this.#store.input.columns);
    return levels;
  }

  async #unpack(id: string, columns: number): Promise<void> {
    const text = document.getElementById(id)?.textContent;
    if (!text) return;
    this.#waiting.add(id);
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    this.#unpacked.set(id, unpackLevels(bytes, columns));
    this.#waiting.delete(id);
    this.#store.refresh();
  }

  /** The colours of a panel: the same array until the window or the error scale changes. */
  colours(kind: PanelKind): Uint32Array {
    const { state: { low, high, errorScale }, data: { step } } = this.#store;
    if (kind === "error" || kind === "std") {
      const key = `${errorScale}`;
      if (this.#heats.key !== key) {
        this.#heats = { key, colours: levelColours(HEAT, 0, errorScale, step) };
      }
      return this.#heats.colours;
    }
    const key = `${low} ${high}`;
    if (this.#greys.key !== key) {
      this.#greys = { key, colours: levelColours(GREYS, low, high, step) };
    }
    return this.#greys.colours;
  }
}

/** Words for a value in per cent. */
export function percent(value: number): string {
  return String(Number((100 * value).toPrecision(3)));
}
