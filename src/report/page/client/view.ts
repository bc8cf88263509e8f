/** The levels and colours of a panel in the present state. @module */
/// <reference lib="dom" />
import { pictureId, type PictureKind, unpackLevels } from "../page_data.ts";
import { type ColourBar, GREYS, HEAT, SIGNED } from "../../colour_scale.ts";
import { levelColours, type Picture } from "./paint.ts";
import { clamp, type Store } from "./state.ts";

/** Level of an error of 0. */
const ZERO = 32768;

/** A run's index, or the reference. */
export type Source = number | "reference";
export type PanelKind = "image" | "zoom" | "error" | "std" | "error90" | "added";

const isMap = (kind: string): kind is "std" | "error90" | "added" =>
  ["std", "error90", "added"].includes(kind);

export class View {
  readonly #store: Store;
  /** Embedded pictures, unpacked once, when they are needed. */
  readonly #unpacked = new Map<string, Uint16Array>();
  readonly #waiting = new Set<string>();
  /** Error maps by their images. */
  readonly #errors = new WeakMap<Uint16Array, Uint16Array>();
  readonly #colours = new Map<string, { key: string; colours: Uint32Array }>();

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
      : this.#levels(source, isMap(kind) ? kind : "recon");
    return levels && { levels, rows, columns };
  }

  /** The value of a pixel, in parts of the reference's maximum; errors have their signs. */
  value(source: Source, kind: PanelKind, row: number, column: number): number | undefined {
    const picture = this.picture(source, kind);
    const level = picture?.levels[row * picture.columns + column];
    const zero = kind === "error" ? ZERO : 0;
    return level === undefined ? undefined : (level - zero) * this.#store.data.step;
  }

  /** Levels of image minus reference, from `ZERO`. */
  #error(source: Source): Uint16Array | undefined {
    const image = this.#levels(source, "recon"), reference = this.#levels("reference", "recon");
    if (image === undefined || reference === undefined) return undefined;
    const error = this.#errors.get(image) ??
      image.map((level, i) => clamp(ZERO + level - reference[i], 0, 2 * ZERO - 1));
    this.#errors.set(image, error);
    return error;
  }

  #levels(source: Source, kind: PictureKind): Uint16Array | undefined {
    const { input, slice } = this.#store.state;
    if (source === "reference" && isMap(kind)) return undefined;
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

  /** The scale of a panel, its ends in parts of the reference's maximum. */
  scale(kind: PanelKind): ColourBar {
    const { low, high, errorScale, stdScale, signed } = this.#store.state;
    if (kind === "std") {
      return { name: "standard deviation", scale: HEAT, low: 0, high: stdScale };
    }
    // On the scale of the errors, which they are to hold.
    if (kind === "error90") {
      return { name: "error bars (90 %)", scale: HEAT, low: 0, high: errorScale };
    }
    if (kind === "added") {
      const { addedScale } = this.#store.data;
      return { name: "added part", scale: HEAT, low: 0, high: addedScale };
    }
    if (kind !== "error") return { name: "image", scale: GREYS, low, high };
    return signed
      ? { name: "error", scale: SIGNED, low: -errorScale, high: errorScale }
      : { name: "absolute error", scale: HEAT, low: 0, high: errorScale };
  }

  /** The colours of a panel: the same array until its scale changes. */
  colours(kind: PanelKind): Uint32Array {
    const scale = this.scale(kind), { step } = this.#store.data;
    const key = JSON.stringify(scale), held = this.#colours.get(scale.name);
    if (held?.key === key) return held.colours;
    const valueOf: Record<string, (level: number) => number> = {
      "error": (level) => (level - ZERO) * step,
      "absolute error": (level) => Math.abs(level - ZERO) * step,
    };
    const colours = levelColours(scale, valueOf[scale.name] ?? ((level) => level * step));
    this.#colours.set(scale.name, { key, colours });
    return colours;
  }
}

/** Words for a value in per cent. */
export function percent(value: number): string {
  return String(Number((100 * value).toPrecision(3)));
}
