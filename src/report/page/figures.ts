/**
 * The images of the page: controls, figures that the script paints, and the comparison of two.
 * @module
 */
import { attribute, html, type Markup } from "../../markup.ts";
import { fixed } from "../../number_format.ts";
import type { ComparedMetrics, Comparison, ComparisonRun } from "../comparison.ts";
import { distinct } from "../labels.ts";
import { doubtMark } from "./audit_table.ts";
import type { Pictures } from "./pictures.ts";

/** The panels of a figure, with their names on the page. */
const PANELS = {
  image: "image",
  zoom: "region",
  error: "error",
  std: "standard deviation",
} as const;
type Panel = keyof typeof PANELS;

/** Controls and figures of a comparison. `labels` holds one for each run. */
export function imageSection(
  comparison: Comparison,
  labels: readonly string[],
  pictures: Pictures,
): Markup {
  const masks = distinct(comparison.runs.map(({ mask }) => mask));
  const grids = comparison.inputs.map((_, input) =>
    masks.map((_, mask) => grid(comparison, labels, pictures, { input, mask, masks }))
  );
  return html`
    ${toolbar(comparison, masks, pictures)}
    <div
      id="figures"
      tabindex="0"
      role="group"
      aria-busy="true"
      aria-label="Images. Arrow keys set the window or move the region; press ? for all keys."
    >
      ${grids}
    </div>
    <p class="caption">
      <strong>Figure 1.</strong> <span id="status"></span>
      <span id="bar" class="bar" aria-hidden="true"></span>
    </p>
  `;
}

function grid(
  { runs }: Comparison,
  labels: readonly string[],
  pictures: Pictures,
  at: { input: number; mask: number; masks: readonly string[] },
): Markup {
  const figures = runs.map((run, index) =>
    run.input === at.input && run.mask === at.masks[at.mask] &&
    runFigure(run, index, labels[index], pictures)
  ).filter((figure) => figure !== false);
  const reference = pictures.inputs[at.input].reference &&
    html`
      <figure data-run="reference">
        <figcaption><b>reference</b></figcaption>
        <div class="panels">${panels("reference", ["image", "zoom"])}</div>
      </figure>
    `;
  return html`
    <div class="grid" data-input="${at.input}" data-mask="${at.mask}" hidden>
      ${reference} ${figures}
    </div>
  `;
}

function runFigure(
  run: ComparisonRun,
  index: number,
  label: string,
  { recon, std, inputs }: Pictures,
): Markup {
  const { head, audit, input } = run;
  const shown: Panel[] = ["image", "zoom"];
  if (inputs[input].reference) shown.push("error");
  if (std.has(index)) shown.push("std");
  return html`
    <figure data-run="${index}">
      <figcaption>
        <b>${label} ${audit && doubtMark(audit)}</b> ${head && quality(head)}
      </figcaption>
      <div class="panels">${recon.has(index) ? panels(label, shown) : failure(run)}</div>
    </figure>
  `;
}

function quality({ psnr, ssim }: ComparedMetrics): Markup {
  const decibel = psnr === null ? "∞" : fixed(psnr, 2);
  return html`
    <span title="PSNR and SSIM over the head">${decibel} dB · ${fixed(ssim, 3)}</span>
  `;
}

function failure({ error }: ComparisonRun): Markup {
  return error === null
    ? html`<p class="failed">no image</p>`
    : html`<p class="failed"><b>failed</b> ${error}</p>`;
}

function panels(label: string, kinds: readonly Panel[]): Markup[] {
  return kinds.map((kind) =>
    html`
      <div class="panel" data-kind="${kind}">
        <canvas role="img" aria-label="${label}: ${PANELS[kind]}"></canvas>
        ${kind === "image" && html`<div class="region" hidden></div>`}
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
  const acceleration = (mask: string) =>
    fixed(runs.find((run) => run.mask === mask)?.acceleration, 1);
  return html`
    <form class="toolbar" id="toolbar" aria-label="How pictures are shown">
      ${select("input", "Input", inputs.map(({ path }) => path))}
      ${select("mask", "Mask", masks.map((mask) => `${mask} (R = ${acceleration(mask)})`))}
      <label ${attribute("hidden", depth < 2)}>
        Slice <input type="range" id="slice" min="0" value="0" step="1">
        <output id="slice-number" for="slice"></output>
      </label>
      <fieldset><legend>Show</legend>${offered.map(panelBox)}</fieldset>
      <fieldset>
        <legend>Window (%)</legend>
        ${percent("level", "level")} ${percent("width", "width")}
      </fieldset>
      <fieldset><legend>Error scale (%)</legend>${percent("error-scale", "0 to")}</fieldset>
      <button type="button" id="reset" title="Window and error scale as at first (r)">Reset</button>
      <fieldset>
        <legend>Drag</legend>${radio("drag", "window", true)}${radio("drag", "region", false)}
      </fieldset>
      <button type="button" id="keys-button" aria-haspopup="dialog">Keys <kbd>?</kbd></button>
    </form>
  `;
}

function panelBox(kind: Panel): Markup {
  return html`
    <label><input type="checkbox" name="panel" value="${kind}" checked>${PANELS[kind]}</label>
  `;
}

function radio(name: string, value: string, checked: boolean): Markup {
  return html`
    <label><input type="radio" name="${name}" value="${value}" ${attribute(
      "checked",
      checked,
    )}>${value}</label>
  `;
}

function percent(id: string, label: string): Markup {
  return html`
    <label>${label} <input type="number" id="${id}" step="any" inputmode="decimal"></label>
  `;
}

function select(id: string, label: string, options: readonly string[]): Markup {
  return html`
    <label ${attribute("hidden", options.length < 2)}>
      ${label}
      <select id="${id}">${options.map((option, i) =>
        html`<option value="${i}">${option}</option>`
      )}</select>
    </label>
  `;
}

/** Two runs in one place: a divider to drag, or one after the other. */
export function swipeSection(pictures: Pictures): Markup {
  const views: Panel[] = ["image", "error"];
  if (pictures.std.size > 0) views.push("std");
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
      <span class="tag a" id="tag-a"></span>
      <span class="tag b" id="tag-b"></span>
    </div>
    <p class="caption"><strong>Figure 2.</strong> <span id="swipe-status"></span></p>
  `;
}
