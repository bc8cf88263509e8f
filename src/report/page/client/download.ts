/** Figures as files: SVG, and PNG at print resolution. @module */
/// <reference lib="dom" />
import { html, Markup } from "../../../markup.ts";
import { svgFile } from "../../../chart.ts";
import { PRINT_PIXELS, sheet, type SheetColumn } from "../../sheet.ts";
import { all } from "./dom.ts";
import { inPercent, shownBars, whole } from "./figures.ts";
import { fileName, save } from "./save.ts";
import type { Store } from "./state.ts";
import type { View } from "./view.ts";

export function bindDownloads(store: Store, view: View): void {
  addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLElement) || target.dataset.save === undefined) return;
    const { save: ending, of = "" } = target.dataset;
    const figure = target.closest("figure");
    const text = of === "figure"
      ? figureSheet(store, view)
      : of === "swipe"
      ? swipeSheet(store, view)
      : chartText(figure!);
    const name = fileName(of || figure!.querySelector("figcaption")!.textContent!);
    if (ending === "svg") save(`${name}.svg`, new Blob([text], { type: "image/svg+xml" }));
    else savePng(`${name}.png`, text);
  });
}

const words = (element: Element | null) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();

/** Figure 1 as it is shown, in rows of its panels. */
function figureSheet(store: Store, view: View): string {
  const grid = all(".grid").find(({ hidden }) => !hidden)!;
  const kinds = ["image", "zoom", "error", "std", "error90", "added"].filter((kind) =>
    store.state.panels.has(kind)
  );
  const columns = all("figure", grid).map((figure): SheetColumn => ({
    title: words(figure.querySelector("b > .name")),
    note: words(figure.querySelector("figcaption > span")),
    pictures: kinds.map((kind) =>
      dataUrl(figure.querySelector<HTMLCanvasElement>(`[data-kind=${kind}] canvas`))
    ),
  }));
  const drawn = columns.filter(({ pictures }) => pictures.some((picture) => picture !== undefined));
  const first = grid.querySelector<HTMLCanvasElement>(".panel:not([hidden]) canvas")!;
  return sheetOf(store, drawn, first, shownBars(store, view));
}

/** A and B of Figure 2 side by side. */
function swipeSheet(store: Store, view: View): string {
  const columns = ["a", "b"].map((side): SheetColumn => ({
    title: words(document.querySelector(`#tag-${side}`)),
    pictures: [dataUrl(document.querySelector(`#canvas-${side}`))],
  }));
  const canvas = document.querySelector<HTMLCanvasElement>("#canvas-b")!;
  return sheetOf(store, columns, canvas, [inPercent(view.scale(store.state.view))]);
}

function sheetOf(
  { state, input, data }: Store,
  columns: readonly SheetColumn[],
  { width, height }: HTMLCanvasElement,
  bars: Parameters<typeof sheet>[0]["bars"],
): string {
  const [down, right] = input.pixelSize ?? [1, 1];
  return sheet({
    columns,
    bars,
    aspect: height * down / (width * right),
    width: input.pixelSize && width * right,
    note: `Slice ${input.slices[state.slice]} of ${input.name}, ${data.masks[state.mask]}; ` +
      `values in % of ${whole(input)}`,
  });
}

function dataUrl(canvas: HTMLCanvasElement | null): string | undefined {
  const shown = canvas !== null && canvas.width > 0 && !canvas.parentElement!.hidden;
  return shown ? canvas.toDataURL() : undefined;
}

/** A chart as a file of its own, with its legend's names as they are in the page. */
function chartText(figure: Element): string {
  const drawing = figure.querySelector(".chart")!;
  return svgFile([new Markup(drawing.outerHTML)], legendOf(figure));
}

function legendOf(figure: Element): Markup {
  const own = figure.querySelector(".legend") ?? document.querySelector("#curves .legend");
  return html`${
    [...own?.querySelectorAll("li") ?? []].map((entry, i) =>
      html`
        <g class="curve ${entry.querySelector("svg")!.getAttribute("class")}"
          transform="translate(${62 + 115 * (i % 4)} ${8 + 14 * Math.floor(i / 4)})">${new Markup(
            entry.querySelector("svg")!.innerHTML,
          )}<text x="8" y="4">${words(entry)}</text></g>
      `
    )
  }`;
}

/** Draws an SVG file at print resolution. */
async function savePng(name: string, text: string): Promise<void> {
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = PRINT_PIXELS;
  canvas.height = Math.round(PRINT_PIXELS * image.height / image.width);
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  canvas.toBlob((blob) => blob && save(name, blob), "image/png");
}
