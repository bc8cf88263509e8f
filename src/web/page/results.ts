/** Finished reconstructions: the table, and saving. @module */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Done, Volumes } from "../messages.ts";
import { download, element, make, show } from "./dom.ts";
import { showWarnings } from "./form.ts";
import { sizeOf, sliceOf } from "./nifti.ts";
import type { Place } from "./viewer.ts";

/** A finished reconstruction, numbered from 1. */
export interface Result extends Done {
  readonly number: number;
}

/** What is shown white and black, in parts of bright tissue. */
export type Window = readonly [number, number];

/** What the buttons of a row do. */
export interface RowActions {
  /** The slice and window that a PNG shows. */
  view(): { place: Place; window: Window };
  remove(result: Result): void;
}

/** Results that are kept, oldest first. */
export const results: Result[] = [];
let count = 0;

/** Adds a finished reconstruction and lists it. */
export function addResult(done: Done, actions: RowActions): Result {
  const result = { ...done, number: ++count };
  results.push(result);
  listResults(actions);
  return result;
}

/** Lists all results, and the warnings and doubts of the newest. */
export function listResults(actions: RowActions): void {
  element("rows").replaceChildren(...results.map((result) => row(result, actions)));
  show("results", results.length > 0);
  const newest = results.at(-1)?.report;
  const doubts = (newest?.audit?.reasons ?? []).map((message) => ({ message }));
  showWarnings("warnings", [...newest?.warnings ?? [], ...doubts]);
}

/** The name of a result in lists. */
export const nameOf = ({ number, report }: Result): string => `${number}: ${report.method}`;

const decimals = (value: number | null | undefined, digits: number) =>
  value === null || value === undefined ? "" : value.toFixed(digits);

function row(result: Result, actions: RowActions): HTMLTableRowElement {
  const { number, report: { method, mask, metrics, audit, seconds } } = result;
  const cells = [
    `${number}`,
    method,
    mask.spec === "data" ? "as the file has it" : mask.spec,
    decimals(metrics?.head.psnr, 2),
    decimals(metrics?.head.ssim, 4),
    audit?.verdict ?? "",
    decimals(seconds.total, 1),
  ];
  const cell = (text: string) => make("td", [text]);
  return make("tr", [...cells.map(cell), make("td", buttons(result, actions))]);
}

function buttons(result: Result, actions: RowActions): HTMLButtonElement[] {
  const { number, volumes, report } = result;
  const button = (text: string, label: string, act: () => void) => {
    const made = make("button", [text], {
      type: "button",
      "aria-label": `${label} of result ${number}`,
    });
    made.addEventListener("click", act);
    return made;
  };
  const nifti = (kind: keyof Volumes, name: string) => async () => {
    const packed = new Blob([volumes[kind]!]).stream().pipeThrough(new CompressionStream("gzip"));
    download(name, await new Response(packed).blob());
  };
  const json = () => new Blob([`${JSON.stringify(report, undefined, 2)}\n`]);
  return [
    button("NIfTI", "Save the image", nifti("image", "recon.nii.gz")),
    ...volumes.std
      ? [button("std", "Save the standard deviation", nifti("std", "std.nii.gz"))]
      : [],
    button("PNG", "Save a picture", () => savePng(result, actions.view())),
    button("recon.json", "Save the report", () => download("recon.json", json())),
    button("Remove", "Remove", () => actions.remove(result)),
  ];
}

/** Saves the slice that is shown, in its window. */
function savePng(
  { volumes: { image }, white }: Result,
  { place, window: [low, high] }: { place: Place; window: Window },
): void {
  const { columns, rows } = sizeOf(image);
  const canvas = make("canvas", [], { width: `${columns}`, height: `${rows}` });
  const context = canvas.getContext("2d")!;
  const picture = context.createImageData(columns, rows);
  sliceOf(image, place.slice, place.frame).forEach((value, i) => {
    const grey = 255 * (value / white - low) / (high - low);
    picture.data.set([grey, grey, grey, 255], 4 * i);
  });
  context.putImageData(picture, 0, 0);
  canvas.toBlob((blob) => blob && download(`slice-${place.slice + 1}.png`, blob));
}
