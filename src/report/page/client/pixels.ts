/** Unpacks embedded pictures when they are needed. @module */
/// <reference lib="dom" />
import { pictureId, type PictureKind, unpackLevels } from "../page_data.ts";

/** Levels of pictures, unpacked once. */
export class Pixels {
  readonly #ready = new Map<string, Uint16Array>();
  readonly #waiting = new Set<string>();
  readonly #loaded: () => void;

  /** `loaded` is called when a requested picture is unpacked. */
  constructor(loaded: () => void) {
    this.#loaded = loaded;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  get count(): number {
    return this.#ready.size;
  }

  /** Levels of a picture, row by row; undefined until they are unpacked. */
  get(kind: PictureKind, index: number, slice: number, columns: number): Uint16Array | undefined {
    const id = pictureId(kind, index, slice);
    const levels = this.#ready.get(id);
    if (levels === undefined && !this.#waiting.has(id)) this.#load(id, columns);
    return levels;
  }

  async #load(id: string, columns: number): Promise<void> {
    const text = document.getElementById(id)?.textContent;
    if (!text) return;
    this.#waiting.add(id);
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    this.#ready.set(id, unpackLevels(bytes, columns));
    this.#waiting.delete(id);
    this.#loaded();
  }
}
