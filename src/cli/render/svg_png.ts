/** SVG to PNG with real type: resvg, and Inter as its font. @module */
import { initWasm, Resvg } from "@resvg/resvg-wasm";
// Fetches the fonts with the program; files of a package that no module names are not there.
import fonts from "@expo-google-fonts/inter/package.json" with { type: "json" };
import { once } from "../../once.ts";

const FONT_FILES = ["400Regular/Inter_400Regular.ttf", "700Bold/Inter_700Bold.ttf"];

const loaded = new Map<string, Promise<Uint8Array[]>>();

/** Pixels of an SVG file, scaled to a width. */
export async function svgPng(svg: string, width: number): Promise<Uint8Array<ArrayBuffer>> {
  const fontBuffers = await once(loaded, "fonts", load);
  using drawing = disposable(
    new Resvg(svg, {
      fitTo: { mode: "width", value: width },
      font: { fontBuffers, defaultFontFamily: "Inter", sansSerifFamily: "Inter" },
    }),
  );
  using picture = disposable(drawing.value.render());
  return new Uint8Array(picture.value.asPng());
}

async function load(): Promise<Uint8Array[]> {
  await initWasm(await fileOf("@resvg/resvg-wasm/index_bg.wasm"));
  return await Promise.all(FONT_FILES.map((file) => fileOf(`${fonts.name}/${file}`)));
}

/** A file of an npm package. */
function fileOf(specifier: string): Promise<Uint8Array<ArrayBuffer>> {
  return Deno.readFile(new URL(import.meta.resolve(specifier)));
}

/** What WebAssembly holds until it is freed. */
function disposable<T extends { free(): void }>(value: T) {
  return { value, [Symbol.dispose]: () => value.free() };
}
