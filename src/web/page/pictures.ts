/** The panels: which results they show, in which window, cut where. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Volumes } from "../messages.ts";
import { choice, choices, element, field, show } from "./dom.ts";
import { sizeOf } from "./nifti.ts";
import { nameOf, type Result, results, type Window } from "./results.ts";
import { type Layer, type Place, Viewer } from "./viewer.ts";

/** Colours of what is no image. */
const ERROR_COLOURS = "inferno";
const KINDS: readonly (readonly [keyof Volumes, string])[] = [
  ["image", "Images"],
  ["reference", "Full data"],
  ["error", "Errors"],
  ["std", "Standard deviations"],
];
const OVERLAYS: readonly (readonly [keyof Volumes, string])[] = [
  ["error", "error"],
  ["std", "standard deviation"],
];

interface Panel {
  readonly figure: HTMLElement;
  readonly shown: HTMLSelectElement;
  readonly overlay: HTMLSelectElement;
  viewer?: Viewer;
}

const panels: readonly Panel[] = [...document.querySelectorAll<HTMLElement>("[data-panel]")].map(
  (figure) => ({
    figure,
    shown: figure.querySelector<HTMLSelectElement>("[data-part=shown]")!,
    overlay: figure.querySelector<HTMLSelectElement>("[data-part=overlay]")!,
  }),
);

/** Black and white, in parts of bright tissue. */
export function currentWindow(): Window {
  const [low, high] = ["low", "high"].map((id) => Number(field(id).value) / 100);
  return [low, high > low ? high : low + 0.01];
}

/** The slice and frame that are chosen. */
export const currentPlace = (): Place => ({
  slice: Number(field("slice").value) - 1,
  frame: Number(field("frame").value) - 1,
});

function layer(result: Result, kind: keyof Volumes): Layer | undefined {
  const bytes = result.volumes[kind];
  if (bytes === undefined) return undefined;
  const { white, number } = result;
  const isImage = kind === "image" || kind === "reference";
  const [low, high] = isImage ? currentWindow() : [0, Number(field("scale").value) / 100];
  return {
    name: `${kind} ${number}`,
    bytes,
    colormap: isImage ? "gray" : ERROR_COLOURS,
    window: [low * white, high * white],
  };
}

/** The result and the volume that the value of a list names. */
function found(value: string): { result?: Result; kind: keyof Volumes } {
  const [number, kind] = value.split(" ");
  const result = results.find((other) => `${other.number}` === number);
  return { result, kind: kind as keyof Volumes };
}

/** Draws all panels again. */
async function draw(): Promise<void> {
  const place = currentPlace();
  element("slice-number").textContent = `${place.slice + 1} of ${field("slice").max}`;
  element("frame-number").textContent = `${place.frame + 1} of ${field("frame").max}`;
  await Promise.all(
    panels.filter(({ figure }) => !figure.hidden).map(async (panel) => {
      const { result, kind } = found(panel.shown.value);
      if (result === undefined) return;
      const over = panel.overlay.value as keyof Volumes | "";
      const layers = [layer(result, kind), over === "" ? undefined : layer(result, over)];
      const there = layers.filter((one) => one !== undefined);
      const canvas = panel.figure.querySelector("canvas")!;
      canvas.setAttribute("aria-label", panel.shown.selectedOptions[0].text);
      panel.viewer ??= new Viewer(canvas);
      await panel.viewer.show(there, result.report.affine, place);
    }),
  ).catch((error) => {
    element("problem").textContent = `The picture cannot be drawn: ${error.message}. WebGL 2 is ` +
      "needed. The results can be saved all the same.";
    show("problem", true);
  });
  element("viewer").dataset.drawn = `${Number(element("viewer").dataset.drawn ?? 0) + 1}`;
}

/** Lists the pictures that there are, and shows a new result in the first panel. */
export async function listPictures(newest?: Result): Promise<void> {
  for (const { shown, overlay } of panels) {
    const before = [shown.value, overlay.value];
    shown.replaceChildren(...KINDS.flatMap(([kind, title]) => {
      const there = results.filter(({ volumes }) => volumes[kind]);
      const entries = there.map((result) =>
        choice(`${result.number} ${kind}`, label(result, kind))
      );
      return entries.length > 0 ? [choices(title, entries)] : [];
    }));
    const overlays = OVERLAYS.filter(([kind]) => results.some(({ volumes }) => volumes[kind]));
    overlay.replaceChildren(
      choice("", "none"),
      ...overlays.map(([kind, text]) => choice(kind, text)),
    );
    const values = [...shown.options].map(({ value }) => value);
    shown.value = values.includes(before[0]) ? before[0] : values[0] ?? "";
    overlay.value = overlays.some(([kind]) => kind === before[1]) ? before[1] : "";
  }
  if (newest !== undefined) {
    const previous = panels[0].shown.value;
    panels[0].shown.value = `${newest.number} image`;
    const other = results.length > 1
      ? previous
      : newest.volumes.reference && `${newest.number} reference`;
    if (other) panels[1].shown.value = other;
  }
  show("viewer", results.length > 0);
  show("empty", results.length === 0);
  followShown();
  await draw();
}

const label = (result: Result, kind: keyof Volumes): string =>
  kind === "reference" ? `${result.number}: full data` : `${nameOf(result)}, ${kind}`
    .replace(", image", "").replace(", std", ", standard deviation");

/** The sliders have the slices of the picture that is shown. */
function followShown(): void {
  const { result } = found(panels[0].shown.value);
  if (result === undefined) return;
  const { slices, frames } = sizeOf(result.volumes.image);
  for (const [id, most] of [["slice", slices], ["frame", frames]] as const) {
    const slider = field(id);
    const isNew = slider.max !== `${most}`;
    slider.max = `${most}`;
    if (isNew) slider.value = `${Math.ceil((most + 1) / 2)}`;
    slider.disabled = most === 1;
  }
  show("frame-row", frames > 1);
}

/** Lets the controls draw. */
export function watchPictures(): void {
  for (const id of ["slice", "frame", "low", "high", "scale"]) {
    field(id).addEventListener("input", () => void draw());
  }
  for (const { shown, overlay } of panels) {
    for (const list of [shown, overlay]) {
      list.addEventListener("change", () => {
        followShown();
        void draw();
      });
    }
  }
  field("compare").addEventListener("change", () => {
    panels[1].figure.hidden = !field("compare").checked;
    void draw();
  });
}
