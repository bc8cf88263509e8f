/**
 * The images of the page: controls, figures that the script paints, and the comparison of two.
 * @module
 */
import { attributes, type Content, html, type Markup } from "../../markup.ts";
import { fixed } from "../../number_format.ts";
import type { Comparison, ComparisonRun } from "../comparison.ts";
import { distinct } from "../labels.ts";
import { doubtMark } from "./audit_table.ts";
import type { Pictures } from "./pictures.ts";

/** The panels of a figure, with their names on the page. */
const PANELS = {
  image: "image",
  zoom: "region",
  error: "error",
  std: "standard deviation",
  error90: "error bars",
  added: "added part",
};
type Panel = keyof typeof PANELS;

/** Controls and figures of a comparison. `labels` holds one for each run. */
export function imageSection(
  comparison: Comparison,
  labels: readonly string[],
  pictures: Pictures,
): Markup {
  const { runs, inputs } = comparison;
  const masks = distinct(runs.map(({ mask }) => mask));
  const grid = (input: number, mask: string) =>
    html`
      <div class="grid" data-input="${input}" data-mask="${masks.indexOf(mask)}" hidden>
        ${pictures.inputs[input].reference &&
          figure(
            "reference",
            html`<b><span class="name">reference</span></b>`,
            panels("reference", ["image", "zoom"]),
          )}
        ${runs.map((run, i) =>
          run.input === input && run.mask === mask && runFigure(run, i, labels[i], pictures)
        )}
      </div>
    `;
  return html`
    ${toolbar(comparison, masks, pictures)}
    <div
      id="figures"
      tabindex="0"
      role="group"
      aria-busy="true"
      aria-label="Images. Arrow keys set the window or move the region; press ? for all keys."
    >
      ${inputs.map((_, input) => masks.map((mask) => grid(input, mask)))}
    </div>
    <p class="caption">
      <strong>Figure 1.</strong> <span id="status"></span>
    </p>
    <div id="bars"></div>
    <p class="screen">${saves("figure")}</p>
    <figure id="profile" hidden>
      <figcaption>Profile along the line, of the reference and of A and B of Figure 2</figcaption>
      <div id="profile-chart"></div>
      <p>${saves("profile")}</p>
    </figure>
  `;
}

/** Buttons that save a figure; `of`: which, where it is not the one that they stand in. */
export function saves(of?: "figure" | "swipe" | "profile"): Markup[] {
  return ["svg", "png"].map((ending) => {
    const values = attributes({
      type: "button",
      class: "save",
      "data-save": ending,
      "data-of": of,
    });
    return html`<button${values}>${ending.toUpperCase()}</button>`;
  });
}

function figure(run: number | "reference", caption: Markup, content: Content): Markup {
  return html`
    <figure data-run="${run}">
      <figcaption>${caption}</figcaption>
      <div class="panels">${content}</div>
    </figure>
  `;
}

function runFigure(
  { head, audit, input, error }: ComparisonRun,
  index: number,
  label: string,
  { recon, std, error90, added, inputs }: Pictures,
): Markup {
  const shown: Panel[] = ["image", "zoom"];
  if (inputs[input].reference) shown.push("error");
  if (std.has(index)) shown.push("std");
  if (error90.has(index)) shown.push("error90");
  if (added.has(index)) shown.push("added");
  const quality = head && html`
    <span title="PSNR and SSIM over the head">${head.psnr === null
      ? "∞"
      : fixed(head.psnr, 2)} dB · ${fixed(head.ssim, 3)}</span>
  `;
  const failure = error === null ? "no image" : html`<b>failed</b> ${error}`;
  return figure(
    index,
    html`<b><span class="name">${label}</span> ${audit && doubtMark(audit)}</b> ${quality}`,
    recon.has(index) ? panels(label, shown) : html`<p class="failed">${failure}</p>`,
  );
}

function panels(label: string, kinds: readonly Panel[]): Markup[] {
  return kinds.map((kind) =>
    html`
      <div class="panel" data-kind="${kind}">
        <canvas role="img" aria-label="${label}: ${PANELS[kind]}"></canvas>
        ${kind === "image" && html`
          <div class="region" hidden></div>
          <svg class="overlay none" preserveAspectRatio="none">
            <line />
          </svg>
        `} ${(kind === "image" || kind === "zoom") && html`<span class="mm"></span>`}
      </div>
    `
  );
}

function toolbar(
  { inputs, runs }: Comparison,
  masks: readonly string[],
  pictures: Pictures,
): Markup {
  const depth = Math.max(...pictures.inputs.map(({ slices }) => slices.length));
  const offered: Panel[] = ["image", "zoom", "error"];
  if (pictures.std.size > 0) offered.push("std");
  if (pictures.error90.size > 0) offered.push("error90");
  if (pictures.added.size > 0) offered.push("added");
  const acceleration = (mask: string) =>
    fixed(runs.find((run) => run.mask === mask)?.acceleration, 1);
  return html`
    <form class="toolbar" id="toolbar" aria-label="How pictures are shown">
      ${select("input", "Input", inputs.map(({ path }) => path))}
      ${select("mask", "Mask", masks.map((mask) => `${mask} (R = ${acceleration(mask)})`))}
      <label ${attributes({ hidden: depth < 2 })}>
        Slice <input type="range" id="slice" min="0" value="0" step="1">
        <output id="slice-number" for="slice"></output>
      </label>
      <fieldset>
        <legend>Show</legend>
        ${offered.map((kind) => choice("checkbox", "panel", kind, PANELS[kind], true))}
      </fieldset>
      <fieldset>
        <legend>Window (%)</legend>
        <select id="preset" aria-label="Window by name"></select>
        ${percent("level", "level")} ${percent("width", "width")}
      </fieldset>
      <fieldset>
        <legend>Error (%)</legend>
        ${percent("error-scale", "to")}
        <label><input type="checkbox" id="signed">signed</label>
      </fieldset>
      <fieldset ${attributes({ hidden: pictures.std.size === 0 })}>
        <legend>Standard deviation (%)</legend>
        ${percent("std-scale", "to")}
      </fieldset>
      <button type="button" id="reset" title="Window and scales as at first (r)">Reset</button>
      <fieldset>
        <legend>Drag</legend>
        ${["window", "region", "profile"].map((what, i) =>
          choice("radio", "drag", what, what, i === 0)
        )}
      </fieldset>
      <label><input type="checkbox" id="zoomed">zoom all to the region</label>
      <button type="button" id="keys-button" aria-haspopup="dialog">Keys <kbd>?</kbd></button>
      <output id="probe"></output>
    </form>
  `;
}

function choice(type: string, name: string, value: string, text: string, checked: boolean): Markup {
  return html`<label><input${attributes({ type, name, value, checked })}>${text}</label>`;
}

function percent(id: string, label: string): Markup {
  return html`
    <label>${label} <input type="number" id="${id}" step="any" inputmode="decimal"></label>
  `;
}

function select(id: string, label: string, texts: readonly string[]): Markup {
  const options = texts.map((text, i) => html`<option value="${i}">${text}</option>`);
  return html`
    <label ${attributes({ hidden: texts.length < 2 })}>
      ${label} <select id="${id}">${options}</select>
    </label>
  `;
}

/** Two runs in one place: a divider to drag, or one after the other. */
export function swipeSection(pictures: Pictures): Markup {
  const views: Panel[] = ["image", "error"];
  if (pictures.std.size > 0) views.push("std");
  if (pictures.error90.size > 0) views.push("error90");
  if (pictures.added.size > 0) views.push("added");
  const options = views.map((view) => html`<option value="${view}">${PANELS[view]}</option>`);
  return html`
    <form class="controls" aria-label="What is compared">
      <label>A <select id="swipe-a"></select></label>
      <button type="button" id="swipe-swap" title="Exchange A and B (x)"
        aria-label="Exchange A and B">⇄</button>
      <label>B <select id="swipe-b"></select></label>
      <label>of <select id="swipe-view">${options}</select></label>
      <label><input type="checkbox" id="swipe-region"> region only</label>
      <button type="button" id="flicker" aria-pressed="false">Flicker <kbd>f</kbd></button>
    </form>
    <div class="stage" id="stage">
      <canvas id="canvas-b" role="img"></canvas>
      <canvas id="canvas-a" role="img"></canvas>
      <div
        id="divider"
        role="slider"
        tabindex="0"
        aria-label="Divider: A to its left, B to its right"
        aria-orientation="horizontal"
        aria-valuemin="0"
        aria-valuemax="100"
        aria-valuenow="50"
      ></div>
      <span class="tag" id="tag-a"></span>
      <span class="tag" id="tag-b"></span>
    </div>
    <p class="caption"><strong>Figure 2.</strong> <span id="swipe-status"></span></p>
    <p class="screen">${saves("swipe")}</p>
  `;
}
