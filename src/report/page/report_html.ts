/** report.html: a comparison as one page that loads nothing. @module */
import { html, type Markup, scriptJson } from "../../markup.ts";
import type { Comparison } from "../comparison.ts";
import { distinct, runLabels } from "../labels.ts";
import { auditSection } from "./audit_table.ts";
import { curves } from "./curves.ts";
import { differenceTable } from "./difference_table.ts";
import { imageSection, swipeSection } from "./figures.ts";
import { element, pageHead, section } from "./frame.ts";
import type { PageData } from "./page_data.ts";
import { pageScript } from "./page_script.ts";
import { collectPictures, type Pictures, type ReportImages } from "./pictures.ts";
import { runTable } from "./run_table.ts";
import { settingsSection } from "./settings.ts";

export type { ReportImages };

/** Default number of embedded pixels: about 20 MB of page. */
const MAX_PIXELS = 12e6;

/**
 * Renders a comparison as a page that needs no other files. Of volumes that are too large, evenly
 * spread slices are embedded, at least one.
 * @param images where the arrays come from: each is asked for once, one after the other
 * @param options `maxPixels`: most pixels that are embedded, all pictures counted
 * @throws {RangeError} when the pictures of an input differ in size
 */
export async function renderReport(
  comparison: Comparison,
  images: ReportImages,
  { maxPixels = MAX_PIXELS }: { maxPixels?: number } = {},
): Promise<string> {
  const pictures = await collectPictures(comparison, images, maxPixels);
  const labels = runLabels(comparison.runs);
  const title = titleOf(comparison);
  const script = pageScript();
  const data = scriptJson(pageData(comparison, labels, pictures));
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        ${pageHead(title, script)}
      </head>
      <body>
        <main>
          <header>
            <p class="kicker">Larmor ${comparison.version}</p>
            <h1>${title}</h1>
            ${summary(comparison, pictures)}
          </header>
          <noscript>
            <p class="failed">The images of this page need JavaScript, which does not run here.</p>
          </noscript>
          ${section("images", "Images", imageSection(comparison, labels, pictures))}
          ${section("swipe", "Two side by side", swipeSection(pictures))}
          ${section("curves", "Curves", curves(comparison, labels))}
          ${section("table", "All runs", runTable(comparison, labels))}
          ${section("differences", "Paired differences", differenceTable(comparison))}
          ${section("audit", "Audit", auditSection(comparison, labels))}
          ${section("again", "Run it again", settingsSection(comparison, labels))}
        </main>
        <dialog id="keys" aria-labelledby="keys-title">
          <h2 id="keys-title">Keys</h2>
          <dl id="keys-list"></dl>
          <form method="dialog"><button>Close</button></form>
        </dialog>
        ${element("script", { type: "application/json", id: "data" }, data)}
        ${pictures.packed.map(({ id, base64 }) =>
          element("script", { type: "text/plain", id }, base64)
        )} ${element("script", {}, script)}
      </body>
    </html>
  `.text.trim() + "\n";
}

function titleOf({ runs, inputs }: Comparison): string {
  const methods = distinct(runs.map(({ method }) => method)).length;
  const name = inputs.length === 1
    ? inputs[0].path.split(/[\\/]/).pop() || inputs[0].path
    : `${inputs.length} files`;
  return `${count(methods, "method")} on ${name}`;
}

function summary({ runs, device }: Comparison, { inputs }: Pictures): Markup {
  const masks = distinct(runs.map(({ mask }) => mask)).length;
  const failed = runs.filter(({ error }) => error !== null).length;
  const doubted = runs.filter(({ audit }) => audit && audit.image !== "consistent").length;
  const doubtedData = distinct(
    runs.filter(({ audit }) => audit && audit.data !== "consistent").map(({ mask }) => mask),
  ).length;
  const slices = inputs.reduce((sum, { slices }) => sum + slices.length, 0);
  const facts = [
    `${count(runs.length, "run")} under ${count(masks, "mask")} on ${device}`,
    ...failed > 0 ? [`${failed} failed`] : [],
    ...doubted > 0 ? [`the audit doubts ${count(doubted, "image")}`] : [],
    ...doubtedData > 0 ? [`the audit doubts the data under ${count(doubtedData, "mask")}`] : [],
    `${count(slices, "slice")} in this page`,
  ].join("; ");
  return html`
    <p class="lede">
      ${facts}. Values of pictures are in per cent of the reference’s maximum.
      <span class="screen">Press <kbd>?</kbd> for the keys.</span>
    </p>
  `;
}

const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;

function pageData(
  { runs }: Comparison,
  labels: readonly string[],
  { inputs, recon, std, error90, added, step, errorScale, stdScale, addedScale }: Pictures,
): PageData {
  const masks = distinct(runs.map(({ mask }) => mask));
  const shown = runs.map(({ input, mask }, i) => ({
    label: labels[i],
    input,
    mask: masks.indexOf(mask),
    picture: recon.has(i),
    std: std.has(i),
    error90: error90.has(i),
    added: added.has(i),
  }));
  return { inputs, masks, step, errorScale, stdScale, addedScale, runs: shown };
}
