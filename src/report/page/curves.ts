/** Curves of quality against acceleration, network evaluations and seconds. @module */
import { chart, COLOURS, type Curve, marker } from "../../chart.ts";
import { attributes, html, type Markup } from "../../markup.ts";
import { fixed, short } from "../../number_format.ts";
import type { Comparison, ComparisonRun } from "../comparison.ts";
import { mean } from "../compare/statistics.ts";
import { distinct } from "../labels.ts";
import { saves } from "./figures.ts";

/** A quantity on an axis; `label` has its unit. */
interface Quantity {
  readonly name: string;
  readonly label: string;
  readonly of: (run: ComparisonRun) => number | null | undefined;
}

const PSNR: Quantity = { name: "PSNR", label: "PSNR, head (dB)", of: (run) => run.head?.psnr };
const SSIM: Quantity = { name: "SSIM", label: "SSIM, head", of: (run) => run.head?.ssim };
const ACCELERATION: Quantity = {
  name: "acceleration",
  label: "acceleration R",
  of: (run) => run.acceleration,
};
const NFE: Quantity = {
  name: "network evaluations",
  label: "network evaluations for a slice",
  of: (run) => run.nfe || null,
};
const SECONDS: Quantity = {
  name: "seconds",
  label: "seconds for a slice",
  of: (run) => run.seconds || null,
};

/** A run as a point of a line; `mark` is the number of its method. */
interface Point {
  readonly run: ComparisonRun;
  readonly label: string;
  readonly mark: number;
}

/** All charts of a comparison with one legend; undefined when no run was measured. */
export function curves({ runs }: Comparison, labels: readonly string[]): Markup | undefined {
  const methods = distinct(runs.map(({ method }) => method));
  const masks = distinct(runs.map(({ mask }) => mask));
  const points = runs.map((run, i): Point => (
    { run, label: labels[i], mark: methods.indexOf(run.method) }
  ));
  const swept = distinct(runs.map(({ acceleration }) => acceleration)).length > 1;
  // Along the acceleration only R changes; along NFE and seconds it is the steps that do.
  const along = linesOf(points, ({ run, label }) => [label, run.mask.replace(/\bR=[^,]*/, "")]);
  const charts = [
    ...swept ? [PSNR, SSIM].map((y) => figure(along, ACCELERATION, y)) : [],
    ...masks.flatMap((mask, index) => {
      const at = points.filter(({ run }) => run.mask === mask);
      const across = linesOf(at, ({ run: { method, model } }) => [method, model?.name]);
      return [NFE, SECONDS].map((x) => figure(across, x, PSNR, { mask, index }));
    }),
  ].filter((drawn) => drawn !== undefined);
  if (charts.length === 0) return undefined;
  return html`
    <ul class="legend" aria-label="Methods">${methods.map(legendEntry)}</ul>
    <div class="charts">${charts}</div>
  `;
}

/** The points that lie on one line: those of one key. */
function linesOf(points: readonly Point[], key: (point: Point) => unknown): Point[][] {
  return [...Map.groupBy(points, (point) => JSON.stringify(key(point))).values()];
}

function legendEntry(method: string, mark: number): Markup {
  return html`
    <li>
      <button type="button" data-mark="${mark}" aria-pressed="false">
        <svg class="c${mark % COLOURS.length}" viewBox="-7 -7 14 14" aria-hidden="true">${marker(
          mark,
        )}</svg>
        ${method}
      </button>
    </li>
  `;
}

function figure(
  lines: readonly Point[][],
  x: Quantity,
  y: Quantity,
  at?: { mask: string; index: number },
): Markup | undefined {
  const title = `${y.name} against ${x.name}` + (at === undefined ? "" : ` at ${at.mask}`);
  const drawing = chart({
    description: title,
    x: { label: x.label, logarithmic: x !== ACCELERATION },
    y,
    curves: lines.map((line) => curveOf(line, x, y)),
  });
  return drawing && html`
    <figure ${attributes({ "data-mask": at?.index })}>
      <figcaption>${title}</figcaption>
      ${drawing}
      <p class="screen">${saves()}</p>
    </figure>
  `;
}

/** The points of one line, each the mean over the inputs of the runs with one label and mask. */
function curveOf(line: readonly Point[], x: Quantity, y: Quantity): Curve {
  const found = line.flatMap(({ run, label }) => {
    const at = x.of(run) ?? null, value = y.of(run) ?? null;
    return at === null || value === null ? [] : [{ name: `${label} at ${run.mask}`, at, value }];
  });
  const points = [...Map.groupBy(found, ({ name }) => name)].map(([name, group]) => {
    const x = mean(group.map(({ at }) => at)), y = mean(group.map(({ value }) => value));
    return { x, y, title: `${name}: ${fixed(y, 3)} at ${short(x)}` };
  });
  return { mark: line[0].mark, points: points.sort((a, b) => a.x - b.x) };
}
